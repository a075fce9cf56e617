// Takes what a command left at a path out of the root: files, folders and links, to a place of the host.
#include "sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>

static void copy_file(int source, const struct stat *status, int to, const char *new_name) {
  int target = openat(to, new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (target < 0) fail("'%s'", new_name);
  for (off_t left = status->st_size; left > 0;) {
    ssize_t count = sendfile(target, source, NULL, left < 1 << 30 ? (size_t)left : 1 << 30);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail("copying to '%s'", new_name);
    left -= count;
  }
  // Only whether it can be executed is part of what is collected.
  if (fchmod(target, status->st_mode & 0111 ? 0755 : 0644)) fail("'%s'", new_name);
  close(target);
}

static void copy_folder(int source, int to, const char *new_name, bool public_only) {
  if (mkdirat(to, new_name, 0755)) fail("'%s'", new_name);
  int target = openat(to, new_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *names = fdopendir(source);
  if (target < 0 || !names) fail("'%s'", new_name);
  for (struct dirent *name; (name = readdir(names));)
    if (strcmp(name->d_name, ".") && strcmp(name->d_name, "..")) copy_entry(dirfd(names), name->d_name, target, name->d_name, public_only);
  closedir(names);
  close(target);
}

void copy_entry(int from, const char *name, int to, const char *new_name, bool public_only) {
  struct stat status;
  if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW)) fail("'%s'", name);
  if (S_ISLNK(status.st_mode)) {
    char target[4096];
    ssize_t length = readlinkat(from, name, target, sizeof target - 1);
    if (length < 0) fail("'%s'", name);
    target[length] = 0;
    if (symlinkat(target, to, new_name)) fail("'%s'", new_name);
    return;
  }
  // Devices, sockets and pipes have no place in a tree.
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return;
  if (public_only && !(status.st_mode & S_IROTH)) return;
  int source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  // In a folder that not everybody may enter.
  if (source < 0 && public_only) return;
  if (source < 0) fail("'%s'", name);
  if (S_ISDIR(status.st_mode)) {
    copy_folder(source, to, new_name, public_only);
  } else {
    copy_file(source, &status, to, new_name);
    close(source);
  }
}

/// The folder of the host that a host root's /build and /tmp are in, and the one that each output goes to.
static int work_root = -1;
static int *target_folders;

void open_outside(const struct options *options) {
  if (options->host_root) {
    work_root = open(options->host_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (work_root < 0) fail("'%s'", options->host_root);
  }
  target_folders = allocate((options->collects.count / 2 + 1) * sizeof *target_folders);
  for (size_t i = 0; i + 1 < options->collects.count; i += 2) {
    char *folder = format_text("%s", options->collects.items[i + 1]);
    strrchr(folder, '/')[folder[1] && strrchr(folder, '/') == folder ? 1 : 0] = 0;
    target_folders[i / 2] = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (target_folders[i / 2] < 0) fail("'%s'", folder);
    free(folder);
  }
}

/// Whether something is mounted at, below or above `path`, so that the folder on the disk does not hold it.
static bool is_covered(const struct options *options, const char *path) {
  for (size_t i = 0; i <= options->bind_count + options->mount_count; i++) {
    const char *target = i < options->bind_count                         ? options->binds[i].target
                         : i < options->bind_count + options->mount_count ? options->mounts[i - options->bind_count].target
                                                                          : options->target;
    if (!target) continue;
    size_t length = strlen(path), other = strlen(target);
    if (strncmp(path, target, length < other ? length : other) == 0) return true;
  }
  return false;
}

/// Whether it is a file of /proc, to which a link on the way may lead: it speaks of the helper and the host.
static bool is_kernels(int descriptor) {
  struct statfs status;
  return fstatfs(descriptor, &status) || status.f_type == PROC_SUPER_MAGIC;
}

/// Moves a plain file that the command left on the disk, instead of copying it: disk images are large. It gets what a
/// copy would have: the caller as owner, and of the modes only whether it can be executed.
static bool move_file(const struct options *options, const char *path, int to, const char *new_name) {
  if (work_root < 0 || is_covered(options, path)) return false;
  const char *name;
  int parent = open_parent_beneath(work_root, path, &name);
  if (parent < 0) return false;
  struct stat status;
  bool moved = fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
               status.st_nlink == 1 && renameat(parent, name, to, new_name) == 0;
  close(parent);
  if (!moved) return false;
  mode_t mode = status.st_mode & 0111 ? 0755 : 0644;
  if ((status.st_uid || status.st_gid) && fchownat(to, new_name, 0, 0, AT_SYMLINK_NOFOLLOW)) fail("'%s'", path);
  if ((status.st_mode & 07777) != mode && fchmodat(to, new_name, mode, 0)) fail("'%s'", path);
  return true;
}

void collect_outputs(const struct options *options) {
  for (size_t i = 0; i + 1 < options->collects.count; i += 2) {
    const char *path = options->collects.items[i], *name = strrchr(options->collects.items[i + 1], '/') + 1;
    int to = target_folders[i / 2];
    if (move_file(options, path, to, name)) continue;
    // A path that is not there is for the caller to report: it knows what was declared.
    int descriptor = open_inside(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    struct stat status;
    if (descriptor < 0 || fstat(descriptor, &status)) continue;
    if (is_kernels(descriptor)) close(descriptor);
    else if (S_ISDIR(status.st_mode)) copy_folder(descriptor, to, name, false);
    else if (S_ISREG(status.st_mode)) copy_file(descriptor, &status, to, name);
  }
}
