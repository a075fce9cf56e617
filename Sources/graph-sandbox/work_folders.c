// The folders on the disk that host roots have as /build and /tmp. A helper that serves makes them what they were after
// each command, so that the next one needs no new ones: making and removing files is slow on many file systems.
#include "mounts.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

static const struct {
  const char *name;
  mode_t mode;
} folders[] = {{"build", 0755}, {"tmp", 01777}};

void bind_work_folders(const struct options *options) {
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    char *source = format_text("%s/%s", options->host_root, folders[i].name), *target = format_text("/%s", folders[i].name);
    make_folder(source, folders[i].mode);
    bind_inside(source, target, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    free(source);
    free(target);
  }
}

/// Whether a folder differs from a new one in more than what is in it.
static bool is_altered(int root, int folder, mode_t mode) {
  struct stat status;
  int flags = 0, above = 0;
  if (fstat(folder, &status) || status.st_uid || status.st_gid || (status.st_mode & 07777) != mode) return true;
  if (flistxattr(folder, NULL, 0) > 0) return true;
  // A file system without flags has none to differ in.
  return ioctl(folder, FS_IOC_GETFLAGS, &flags) == 0 && ioctl(root, FS_IOC_GETFLAGS, &above) == 0 && flags != above;
}

void empty_work_folders(const struct options *options) {
  if (!options->host_root) return;
  int root = open(options->host_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) fail("'%s'", options->host_root);
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    int folder = openat(root, folders[i].name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    // Whoever did not come so far did not make it.
    if (folder < 0 && errno == ENOENT) continue;
    if (folder < 0) fail("'%s'", folders[i].name);
    empty_folder(folder);
    bool altered = is_altered(root, folder, folders[i].mode);
    close(folder);
    // The next run makes it.
    if (altered && unlinkat(root, folders[i].name, AT_REMOVEDIR)) fail("'%s'", folders[i].name);
  }
  close(root);
}
