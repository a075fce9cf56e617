// Removing what others made, however it is laid out.
#include "sandbox.h"

#include <dirent.h>
#include <fcntl.h>

/// Folders that are open at once. What is deeper is moved up first, so that no depth costs more descriptors or stack.
enum { DEPTH_MAX = 200 };

static int open_folder(int folder, const char *name) {
  int descriptor = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0 && errno == EACCES && fchmodat(folder, name, 0700, 0) == 0)
    descriptor = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;
  if (descriptor >= 0 && fstat(descriptor, &status) == 0 && (status.st_mode & 0700) != 0700) fchmod(descriptor, 0700);
  return descriptor;
}

static void remove_below(int top, int folder, const char *name, int depth);

/// - top: where what is too deep goes; a later round removes it.
static void empty_below(int top, int descriptor, int depth) {
  DIR *entries = fdopendir(descriptor);
  if (!entries) fail("listing a folder");
  for (struct dirent *entry; (entry = readdir(entries));)
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
      remove_below(top < 0 ? dirfd(entries) : top, dirfd(entries), entry->d_name, depth + 1);
  closedir(entries);
}

static void remove_below(int top, int folder, const char *name, int depth) {
  static unsigned long moved;
  if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR && errno != EPERM) fail("removing '%s'", name);
  if (unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return;
  if (depth > DEPTH_MAX) {
    for (;;) {
      char new_name[32];
      snprintf(new_name, sizeof new_name, "deep-%lu", moved++);
      if (renameat(folder, name, top, new_name) == 0) return;
      // Somebody was here with such names of his own.
      if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) fail("removing '%s'", name);
    }
  }
  int descriptor = open_folder(folder, name);
  if (descriptor < 0) fail("removing '%s'", name);
  empty_below(top, descriptor, depth);
  if (unlinkat(folder, name, AT_REMOVEDIR)) fail("removing '%s'", name);
}

/// Whether there is nothing in it.
static bool is_empty(int folder) {
  int descriptor = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *entries = descriptor < 0 ? NULL : fdopendir(descriptor);
  if (!entries) fail("listing a folder");
  bool empty = true;
  for (struct dirent *entry; empty && (entry = readdir(entries));)
    empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
  closedir(entries);
  return empty;
}

void empty_folder(int folder) {
  while (!is_empty(folder)) {
    int descriptor = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) fail("listing a folder");
    empty_below(-1, descriptor, 0);
  }
}

void remove_tree(int folder, const char *name, bool contents_only) {
  struct stat status;
  int descriptor = fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) ? -1 : open_folder(folder, name);
  if (descriptor < 0) {
    if (errno == ENOENT || contents_only) return;
    if (unlinkat(folder, name, 0)) fail("removing '%s'", name);
    return;
  }
  empty_folder(descriptor);
  if (contents_only && (status.st_mode & 0700) != 0700) fchmod(descriptor, status.st_mode & 07777);
  close(descriptor);
  if (!contents_only && unlinkat(folder, name, AT_REMOVEDIR)) fail("removing '%s'", name);
}
