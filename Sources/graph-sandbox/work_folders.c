// The folders on the disk that host roots have as /build and /tmp. A helper that serves makes them what they were after
// each command, so that the next one needs no new ones: making and removing files is slow on many file systems.
#include "mounts.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

/// Those that stay when they are as they were, inner ones first.
static const struct {
  const char *name;
  mode_t mode;
} folders[] = {{"build/in", 0755}, {"build/out", 0755}, {"build", 0755}, {"tmp", 01777}};
enum { FOLDER_COUNT = sizeof folders / sizeof *folders };

void bind_work_folders(const struct options *options) {
  for (size_t i = FOLDER_COUNT; i > 0; i--) {
    char *source = format_text("%s/%s", options->host_root, folders[i - 1].name);
    make_folder(source, folders[i - 1].mode);
    char *target = format_text("/%s", folders[i - 1].name);
    if (!strchr(folders[i - 1].name, '/')) bind_inside(source, target, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
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

/// Empties one, and removes it where it is altered. False where it is not there any more.
static bool restore(int root, const char *name, mode_t mode, const char *const *kept) {
  const char *last;
  int parent = open_parent_beneath(root, name, &last);
  int folder = parent < 0 ? -1 : openat(parent, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  bool stays = false;
  if (folder >= 0) {
    empty_folder(folder, kept);
    stays = !is_altered(root, folder, mode);
    // The next run makes it.
    if (!stays) {
      empty_folder(folder, NULL);
      if (unlinkat(parent, last, AT_REMOVEDIR)) fail("'%s'", name);
    }
    close(folder);
  }
  if (parent >= 0) close(parent);
  return stays;
}

void empty_work_folders(const struct options *options) {
  if (!options->host_root) return;
  int root = open(options->host_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) fail("'%s'", options->host_root);
  // What stays of the inner ones, by name.
  const char *kept[FOLDER_COUNT + 1] = {NULL};
  size_t kept_count = 0;
  for (size_t i = 0; i < FOLDER_COUNT; i++) {
    const char *slash = strchr(folders[i].name, '/');
    bool stays = restore(root, folders[i].name, folders[i].mode, slash ? NULL : kept);
    if (slash && stays) kept[kept_count++] = slash + 1;
    // They are in the folder that came after them.
    if (!slash) kept[kept_count = 0] = NULL;
  }
  close(root);
}
