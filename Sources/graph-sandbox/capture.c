// What a command changed: the upper folder of the overlay, normalised and written as a tar stream.
//
// Times: a modification time later than the epoch, or made while the command ran, becomes the epoch; others are kept.
// So a folder that is in the upper folder only because something in it was copied up keeps the time of the layer below
// (copying up does not change it), and one whose list of names changed has the epoch: both are the same in every run.
#include "sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

void discard_paths(const struct options *options, int upper) {
  for (size_t i = 0; i < options->discards.count; i++) {
    char *path = format_text("%s", options->discards.items[i]);
    size_t length = strlen(path);
    bool contents_only = length > 0 && path[length - 1] == '/';
    while (length > 0 && path[length - 1] == '/') path[--length] = 0;
    const char *name;
    int parent = open_parent_beneath(upper, path, &name);
    if (parent >= 0 && *name) remove_tree(parent, name, contents_only);
    if (parent >= 0) close(parent);
    free(path);
  }
}

struct entry {
  char *path;
  struct stat status;
};

static struct entry *entries;
static size_t entry_count, entry_room;

static void gather(int folder, const char *prefix) {
  DIR *names = fdopendir(folder);
  if (!names) fail("'%s'", prefix);
  errno = 0;
  for (struct dirent *name; (name = readdir(names)); errno = 0) {
    if (!strcmp(name->d_name, ".") || !strcmp(name->d_name, "..")) continue;
    if (entry_count == entry_room) {
      entry_room = entry_room ? entry_room * 2 : 256;
      entries = realloc(entries, entry_room * sizeof *entries);
      if (!entries) fail("memory");
    }
    struct entry *entry = &entries[entry_count++];
    entry->path = format_text("%s%s%s", prefix, *prefix ? "/" : "", name->d_name);
    if (fstatat(dirfd(names), name->d_name, &entry->status, AT_SYMLINK_NOFOLLOW)) fail("'%s'", entry->path);
    if (S_ISSOCK(entry->status.st_mode)) {
      // A socket is of the process that listened, which is gone.
      if (unlinkat(dirfd(names), name->d_name, 0)) fail("'%s'", entry->path);
      entry_count--;
      continue;
    }
    if (!S_ISDIR(entry->status.st_mode)) continue;
    char *path = format_text("%s", entry->path);
    int child = openat(dirfd(names), name->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (child < 0) fail("'%s'", path);
    gather(child, path);
    free(path);
  }
  if (errno) fail("'%s'", prefix);
  closedir(names);
}

static int by_path(const void *left, const void *right) {
  return strcmp(((const struct entry *)left)->path, ((const struct entry *)right)->path);
}

static int by_name(const void *left, const void *right) {
  return strcmp(*(char *const *)left, *(char *const *)right);
}

/// What belongs to the overlay or to this host's policy, and not to the content.
static bool is_foreign_attribute(const char *name) {
  return strncmp(name, "user.overlay.", 13) == 0 || strncmp(name, "trusted.", 8) == 0 ||
         strcmp(name, "security.selinux") == 0 || strcmp(name, "security.ima") == 0 || strcmp(name, "security.evm") == 0;
}

static ssize_t attribute(const char *path, const char *name, char **value) {
  ssize_t length = lgetxattr(path, name, NULL, 0);
  if (length < 0) return -1;
  *value = allocate((size_t)length + 1);
  length = lgetxattr(path, name, *value, (size_t)length);
  return length;
}

static void attribute_records(const char *path, char **records, size_t *size) {
  ssize_t length = llistxattr(path, NULL, 0);
  if (length <= 0) return;
  char *list = allocate((size_t)length);
  length = llistxattr(path, list, (size_t)length);
  struct list names = {0};
  for (char *name = list; name < list + length; name += strlen(name) + 1)
    if (!is_foreign_attribute(name)) list_add(&names, name);
  if (names.count > 1) qsort(names.items, names.count, sizeof *names.items, by_name);
  for (size_t i = 0; i < names.count; i++) {
    char *value;
    ssize_t count = attribute(path, names.items[i], &value);
    if (count < 0) fail("attribute '%s' of '%s'", names.items[i], path);
    char *name = format_text("SCHILY.xattr.%s", names.items[i]);
    pax_record(records, size, name, value, (size_t)count);
    free(name);
    free(value);
  }
  free(list);
}

static bool overlay_mark(const char *path, const char *name, char expected) {
  char *value;
  ssize_t length = attribute(path, name, &value);
  if (length < 0) return false;
  bool marked = expected == 0 || (length == 1 && *value == expected);
  free(value);
  return marked;
}

static void write_file(int upper, const struct entry *entry) {
  int descriptor = openat(upper, entry->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) fail("'%s'", entry->path);
  static char buffer[1 << 16];
  uint64_t left = (uint64_t)entry->status.st_size;
  while (left > 0) {
    ssize_t count = read(descriptor, buffer, left < sizeof buffer ? left : sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail("'%s' became shorter", entry->path);
    tar_content(buffer, (size_t)count);
    left -= (uint64_t)count;
  }
  close(descriptor);
  tar_pad((uint64_t)entry->status.st_size);
}

/// An empty file whose name says something about the layers below: `.wh.NAME` or `.wh..wh..opq`.
static void write_mark(const char *path, const char *name, const struct options *options) {
  const char *slash = strrchr(path, '/');
  int folder = slash && name == NULL ? (int)(slash - path + 1) : 0;
  char *marked = name ? format_text("%s/%s", path, name) : format_text("%.*s.wh.%s", folder, path, path + folder);
  tar_member(&(struct member){.path = marked, .kind = '0', .modified = options->epoch});
  free(marked);
}

/// The first path of each file with several names; later ones are links to it.
struct inode {
  ino_t number;
  const char *path;
};

static const char *first_name(struct inode **inodes, size_t *count, const struct entry *entry) {
  for (size_t i = 0; i < *count; i++)
    if ((*inodes)[i].number == entry->status.st_ino) return (*inodes)[i].path;
  *inodes = realloc(*inodes, (*count + 1) * sizeof **inodes);
  if (!*inodes) fail("memory");
  (*inodes)[(*count)++] = (struct inode){entry->status.st_ino, entry->path};
  return NULL;
}

/// The group of what was made in a folder with the set-group-id bit, where the folder's group is one that could not be
/// set when its layer was unpacked: the kernel then gave another. The folder is taken as it is in the end.
static void inherited_group(int upper, const char *path, uint32_t *group) {
  const char *slash = strrchr(path, '/');
  if (!slash) return;
  char *folder = format_text("%.*s", (int)(slash - path), path);
  struct stat status;
  uint32_t user;
  if (fstatat(upper, folder, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_ISGID && status.st_gid == 0)
    remembered_owner(folder, &user, group);
  free(folder);
}

static void write_entry(const struct options *options, int upper, const struct entry *entry, const char *path,
                        const char *link, int64_t modified) {
  mode_t mode = entry->status.st_mode;
  struct member member = {
      .path = entry->path, .mode = mode & 07777, .user = entry->status.st_uid, .group = entry->status.st_gid,
      .modified = modified};
  // Copied up from a layer whose owner could not be set when it was unpacked.
  bool opaque = S_ISDIR(mode) && overlay_mark(path, "user.overlay.opaque", 'y');
  bool copied = (S_ISDIR(mode) ? !opaque : overlay_mark(path, "user.overlay.origin", 0)) &&
                remembered_owner(entry->path, &member.user, &member.group);
  // A new folder hides what a layer had there, and what is in it may inherit in turn: folders come before their contents.
  if (!copied && any_remembered_owner()) {
    if (member.group == 0) inherited_group(upper, entry->path, &member.group);
    if (S_ISDIR(mode)) remember_owner(entry->path, member.user, member.group);
  }
  char target[4096];
  char *records = NULL, *folder = NULL;
  if (link) {
    member.kind = '1';
    member.link = link;
  } else {
    attribute_records(path, &records, &member.records_size);
    member.records = records;
    if (S_ISREG(mode)) {
      member.kind = '0';
      member.size = (uint64_t)entry->status.st_size;
    } else if (S_ISDIR(mode)) {
      member.kind = '5';
      member.path = folder = format_text("%s/", entry->path);
    } else if (S_ISLNK(mode)) {
      ssize_t length = readlinkat(upper, entry->path, target, sizeof target - 1);
      if (length < 0) fail("'%s'", entry->path);
      target[length] = 0;
      member.kind = '2';
      member.mode = 0777;
      member.link = target;
    } else if (S_ISFIFO(mode)) {
      member.kind = '6';
    } else {
      member.kind = S_ISCHR(mode) ? '3' : '4';
      member.major = major(entry->status.st_rdev);
      member.minor = minor(entry->status.st_rdev);
    }
  }
  tar_member(&member);
  if (member.kind == '0') write_file(upper, entry);
  if (opaque) write_mark(entry->path, ".wh..wh..opq", options);
  free(records);
  free(folder);
}

void capture_upper(const struct options *options, int upper, int output, int64_t started) {
  int folder = openat(upper, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) fail("the upper folder");
  gather(folder, "");
  if (entry_count > 1) qsort(entries, entry_count, sizeof *entries, by_path);
  char *root = descriptor_path(upper);
  struct inode *inodes = NULL;
  size_t inode_count = 0;
  if (output >= 0) tar_open(output);
  for (size_t i = 0; i < entry_count; i++) {
    const struct entry *entry = &entries[i];
    mode_t mode = entry->status.st_mode;
    char *path = format_text("%s/%s", root, entry->path);
    bool whiteout = S_ISCHR(mode) && entry->status.st_rdev == 0;
    int64_t modified = entry->status.st_mtim.tv_sec;
    if (modified > options->epoch || modified >= started) modified = options->epoch;
    if (whiteout) modified = options->epoch;
    if (output >= 0 && whiteout) {
      write_mark(entry->path, NULL, options);
    } else if (output >= 0) {
      bool several = !S_ISDIR(mode) && entry->status.st_nlink > 1;
      const char *link = several ? first_name(&inodes, &inode_count, entry) : NULL;
      write_entry(options, upper, entry, path, link, modified);
    }
    free(path);
    // The folder may become a layer itself, so it gets the times that were written. Deepest first is not needed:
    // setting a time changes no folder.
    struct timespec times[2] = {{modified, 0}, {modified, 0}};
    if (utimensat(upper, entry->path, times, AT_SYMLINK_NOFOLLOW) && !whiteout) fail("'%s'", entry->path);
  }
  if (output >= 0) tar_close();
  free(inodes);
  free(root);
}
