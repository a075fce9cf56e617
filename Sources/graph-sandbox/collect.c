// Takes what a command left at a path out of the root: files, folders and links, to a place of the host.
#include "sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>

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

static void copy_folder(int source, int to, const char *new_name) {
  if (mkdirat(to, new_name, 0755)) fail("'%s'", new_name);
  int target = openat(to, new_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *names = fdopendir(source);
  if (target < 0 || !names) fail("'%s'", new_name);
  for (struct dirent *name; (name = readdir(names));)
    if (strcmp(name->d_name, ".") && strcmp(name->d_name, "..")) copy_entry(dirfd(names), name->d_name, target, name->d_name);
  closedir(names);
  close(target);
}

void copy_entry(int from, const char *name, int to, const char *new_name) {
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
  int source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (source < 0) fail("'%s'", name);
  if (S_ISDIR(status.st_mode)) {
    copy_folder(source, to, new_name);
  } else {
    copy_file(source, &status, to, new_name);
    close(source);
  }
}

/// Whether something is mounted at, below or above `path`, so that the root's own folder does not hold it.
static bool is_covered(const struct options *options, const char *path) {
  size_t length = strlen(path);
  for (size_t i = 0; i <= options->bind_count + options->mount_count; i++) {
    const char *target = i < options->bind_count                         ? options->binds[i].target
                         : i < options->bind_count + options->mount_count ? options->mounts[i - options->bind_count].target
                                                                          : options->target;
    if (!target) continue;
    size_t other = strlen(target);
    if (strncmp(path, target, length < other ? length : other) == 0) return true;
  }
  return false;
}

/// Moves a plain file instead of copying it: disk images are large. Links on the way end it.
static bool move_file(const struct options *options, const char *path, const char *target) {
  if (!options->host_root || is_covered(options, path)) return false;
  char *whole = format_text("%s%s", options->host_root, path);
  char *source = outside(whole), *resolved = realpath(source, NULL);
  struct stat status;
  bool moved = resolved && strcmp(resolved, source) == 0 && lstat(source, &status) == 0 && S_ISREG(status.st_mode) &&
               status.st_nlink == 1 && rename(source, target) == 0;
  if (moved && chmod(target, status.st_mode & 0111 ? 0755 : 0644)) fail("'%s'", target);
  free(whole);
  free(source);
  free(resolved);
  return moved;
}

void collect_outputs(const struct options *options) {
  for (size_t i = 0; i + 1 < options->collects.count; i += 2) {
    const char *path = options->collects.items[i];
    char *target = outside(options->collects.items[i + 1]);
    if (!move_file(options, path, target)) {
      // A path that is not there is for the caller to report: it knows what was declared.
      int descriptor = open_inside(path, O_RDONLY | O_NOFOLLOW);
      struct stat status;
      if (descriptor >= 0 && fstat(descriptor, &status) == 0) {
        if (S_ISDIR(status.st_mode)) copy_folder(descriptor, AT_FDCWD, target);
        else if (S_ISREG(status.st_mode)) copy_file(descriptor, &status, AT_FDCWD, target);
      }
    }
    free(target);
  }
}
