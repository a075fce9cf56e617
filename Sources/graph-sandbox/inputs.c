// Inputs that somebody else laid out, such as a Remote Execution worker: they get the times and modes that checkouts of
// our own store have, so that what a command reads from them is the same everywhere.
#include "mounts.h"

#include <dirent.h>
#include <fcntl.h>

/// False where the file system does not let it, or the file has other names that must not change with it.
static bool settle(int folder, const char *name, bool alone) {
  struct stat status;
  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW)) fail("input '%s'", name);
  bool settled = true;
  if (S_ISDIR(status.st_mode)) {
    DIR *names = fdopendir(openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!names) fail("input '%s'", name);
    for (struct dirent *entry; settled && (entry = readdir(names));)
      if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
        settled = settle(dirfd(names), entry->d_name, false);
    closedir(names);
  } else if (status.st_nlink > 1) {
    return false;
  }
  mode_t mode = alone && S_ISREG(status.st_mode) ? 0444 : S_ISDIR(status.st_mode) || status.st_mode & 0111 ? 0755 : 0644;
  if (settled && !S_ISLNK(status.st_mode) && (status.st_mode & 07777) != mode)
    settled = fchmodat(folder, name, mode, 0) == 0;
  struct timespec times[2] = {{INPUT_TIME, 0}, {INPUT_TIME, 0}};
  return settled && utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW) == 0;
}

void settle_tree(const char *path) {
  if (!settle(AT_FDCWD, path, true)) fail("times of '%s'", path);
}

char *settled_input(const char *source, size_t number) {
  if (settle(AT_FDCWD, source, true)) return format_text("%s", source);
  make_folder("i", 0755);
  char *copied = format_text("i/%zu", number);
  copy_entry(AT_FDCWD, source, AT_FDCWD, copied, false);
  if (!settle(AT_FDCWD, copied, true)) fail("input '%s'", source);
  return copied;
}
