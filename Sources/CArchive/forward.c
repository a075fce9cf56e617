#include "CArchive.h"
#include "CLibrary.h"

static struct graph_library archive = {"libarchive.so.13", "libarchive13", 0};

FORWARD(archive, mode_t, archive_entry_filetype, (struct archive_entry *a), (a))
FORWARD(archive, la_int64_t, archive_entry_gid, (struct archive_entry *a), (a))
FORWARD(archive, const char *, archive_entry_hardlink, (struct archive_entry *a), (a))
FORWARD(archive, time_t, archive_entry_mtime, (struct archive_entry *a), (a))
FORWARD(archive, const char *, archive_entry_pathname, (struct archive_entry *a), (a))
FORWARD(archive, mode_t, archive_entry_perm, (struct archive_entry *a), (a))
FORWARD(archive, dev_t, archive_entry_rdevmajor, (struct archive_entry *a), (a))
FORWARD(archive, dev_t, archive_entry_rdevminor, (struct archive_entry *a), (a))
FORWARD(archive, la_int64_t, archive_entry_size, (struct archive_entry *a), (a))
FORWARD(archive, const char *, archive_entry_symlink, (struct archive_entry *a), (a))
FORWARD(archive, la_int64_t, archive_entry_uid, (struct archive_entry *a), (a))
FORWARD(archive, int, archive_entry_xattr_next,
  (struct archive_entry *a, const char **b, const void **c, size_t *d),
  (a, b, c, d))
FORWARD(archive, int, archive_entry_xattr_reset, (struct archive_entry *a), (a))
FORWARD(archive, const char *, archive_error_string, (struct archive *a), (a))
FORWARD(archive, la_ssize_t, archive_read_data, (struct archive *a, void *b, size_t c), (a, b, c))
FORWARD(archive, int, archive_read_free, (struct archive *a), (a))
FORWARD(archive, struct archive *, archive_read_new, (void), ())
FORWARD(archive, int, archive_read_next_header,
  (struct archive *a, struct archive_entry **b),
  (a, b))
FORWARD(archive, int, archive_read_open_filename,
  (struct archive *a, const char *b, size_t c),
  (a, b, c))
FORWARD(archive, int, archive_read_support_filter_bzip2, (struct archive *a), (a))
FORWARD(archive, int, archive_read_support_filter_gzip, (struct archive *a), (a))
FORWARD(archive, int, archive_read_support_filter_xz, (struct archive *a), (a))
FORWARD(archive, int, archive_read_support_filter_zstd, (struct archive *a), (a))
FORWARD(archive, int, archive_read_support_format_empty, (struct archive *a), (a))
FORWARD(archive, int, archive_read_support_format_tar, (struct archive *a), (a))
