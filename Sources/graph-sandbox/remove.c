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

/// - top: where what is too deep goes; a later round removes it.
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
  DIR *entries = descriptor < 0 ? NULL : fdopendir(descriptor);
  if (!entries) fail("removing '%s'", name);
  for (struct dirent *entry; (entry = readdir(entries));)
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
      remove_below(top, dirfd(entries), entry->d_name, depth + 1);
  closedir(entries);
  if (unlinkat(folder, name, AT_REMOVEDIR)) fail("removing '%s'", name);
}

static bool is_kept(const char *name, const char *const *kept) {
  if (!strcmp(name, ".") || !strcmp(name, "..")) return true;
  for (; kept && *kept; kept++)
    if (!strcmp(name, *kept)) return true;
  return false;
}

void empty_folder(int folder, const char *const *kept) {
  // Again, until nothing is found: what was too deep has been moved up.
  for (bool found = true; found;) {
    found = false;
    int descriptor = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (!entries) fail("listing a folder");
    for (struct dirent *entry; (entry = readdir(entries));) {
      if (is_kept(entry->d_name, kept)) continue;
      found = true;
      remove_below(folder, folder, entry->d_name, 0);
    }
    closedir(entries);
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
  empty_folder(descriptor, NULL);
  if (contents_only && (status.st_mode & 0700) != 0700) fchmod(descriptor, status.st_mode & 07777);
  close(descriptor);
  if (!contents_only && unlinkat(folder, name, AT_REMOVEDIR)) fail("removing '%s'", name);
}
