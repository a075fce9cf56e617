// Unpacks a layer tar (as capture.c writes it, or any ustar stream with pax records) as a lower layer of an overlay.
//
// With a single id in the namespace owners cannot be set: they are remembered by path, so that the capture of what is
// copied up from here still reports them. Devices cannot be made in a user namespace at all and are left out.
#include "sandbox.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

struct owner {
  char *path;
  uint32_t user, group;
};

/// Open addressing; the size is a power of two and at most half full.
static struct owner *owners;
static size_t owner_count, owner_room;

static struct owner *owner_slot(const char *path) {
  uint64_t hash = 14695981039346656037u;
  for (const char *next = path; *next; next++) hash = (hash ^ (unsigned char)*next) * 1099511628211u;
  size_t slot = (size_t)hash & (owner_room - 1);
  while (owners[slot].path && strcmp(owners[slot].path, path)) slot = (slot + 1) & (owner_room - 1);
  return &owners[slot];
}

void remember_owner(const char *path, uint32_t user, uint32_t group) {
  if ((owner_count + 1) * 2 > owner_room) {
    struct owner *old = owners;
    size_t old_room = owner_room;
    owner_room = old_room ? old_room * 2 : 1024;
    owners = allocate(owner_room * sizeof *owners);
    for (size_t i = 0; i < old_room; i++)
      if (old[i].path) *owner_slot(old[i].path) = old[i];
    free(old);
  }
  struct owner *owner = owner_slot(path);
  if (!owner->path) {
    owner->path = format_text("%s", path);
    owner_count++;
  }
  owner->user = user;
  owner->group = group;
}

/// A later layer has this path with an owner that could be set: root.
void forget_owner(const char *path) {
  if (owner_room && owner_slot(path)->path) remember_owner(path, 0, 0);
}

bool remembered_owner(const char *path, uint32_t *user, uint32_t *group) {
  if (!owner_room) return false;
  struct owner *owner = owner_slot(path);
  if (!owner->path) return false;
  *user = owner->user;
  *group = owner->group;
  return true;
}

bool any_remembered_owner(void) { return owner_count > 0; }

static int input;
static const char *source;
static bool remembering;

static void read_exactly(void *bytes, size_t count) {
  char *next = bytes;
  while (count > 0) {
    ssize_t got = read(input, next, count);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = 0;
    if (got <= 0) fail("layer '%s' ends early", source);
    next += got;
    count -= (size_t)got;
  }
}

static uint64_t octal(const char *field, size_t width) {
  uint64_t value = 0;
  if (*field & (char)0x80) {
    // Base 256, as GNU tar writes large numbers.
    for (size_t i = width - 8; i < width; i++) value = value << 8 | (unsigned char)field[i];
    return value;
  }
  for (size_t i = 0; i < width && field[i]; i++)
    if (field[i] >= '0' && field[i] <= '7') value = value * 8 + (uint64_t)(field[i] - '0');
  return value;
}

struct entry {
  char *path, *link;
  char kind;
  mode_t mode;
  uint32_t user, group;
  int64_t modified;
  uint64_t size;
  /// `LENGTH name=value` records of this entry.
  char *records;
  size_t records_size;
};

/// Calls `use` for each record. False where one is malformed.
static bool each_record(struct entry *entry, bool (*use)(struct entry *, const char *, char *, size_t, void *),
                        void *with) {
  for (size_t at = 0; at < entry->records_size;) {
    char *record = entry->records + at, *rest;
    unsigned long length = strtoul(record, &rest, 10);
    if (length < 5 || length > entry->records_size - at || *rest != ' ' || record[length - 1] != '\n') return false;
    char *equals = memchr(rest, '=', length - (size_t)(rest - record));
    if (!equals) return false;
    *equals = 0;
    record[length - 1] = 0;
    bool good = use(entry, rest + 1, equals + 1, length - (size_t)(equals + 1 - record) - 1, with);
    *equals = '=';
    record[length - 1] = '\n';
    if (!good) return false;
    at += length;
  }
  return true;
}

static bool apply_record(struct entry *entry, const char *name, char *value, size_t length, void *with) {
  (void)with;
  if (!strcmp(name, "path") || !strcmp(name, "linkpath")) {
    if (strlen(value) != length) return false;
    char **field = *name == 'p' ? &entry->path : &entry->link;
    free(*field);
    *field = format_text("%s", value);
  } else if (!strcmp(name, "size")) {
    entry->size = strtoull(value, NULL, 10);
  } else if (!strcmp(name, "uid")) {
    entry->user = (uint32_t)strtoul(value, NULL, 10);
  } else if (!strcmp(name, "gid")) {
    entry->group = (uint32_t)strtoul(value, NULL, 10);
  } else if (!strcmp(name, "mtime")) {
    entry->modified = strtoll(value, NULL, 10);
  }
  return true;
}

static bool set_attribute(struct entry *entry, const char *name, char *value, size_t length, void *with) {
  (void)entry;
  if (strncmp(name, "SCHILY.xattr.", 13)) return true;
  if (lsetxattr(with, name + 13, value, length, 0)) fail("attribute '%s' of '%s'", name + 13, (char *)with);
  return true;
}

/// Reads headers up to the next entry; false at the end of the stream.
static bool next_entry(struct entry *entry) {
  *entry = (struct entry){0};
  for (;;) {
    char block[512];
    read_exactly(block, sizeof block);
    if (!block[0]) return false;
    uint64_t size = octal(block + 124, 12);
    if (block[156] == 'x' || block[156] == 'g') {
      if (size > 1 << 24) break;
      char *records = allocate(size + 512);
      read_exactly(records, (size + 511) / 512 * 512);
      if (block[156] == 'x') {
        entry->records = records;
        entry->records_size = size;
      } else {
        free(records);
      }
      continue;
    }
    entry->path = block[345] && !memcmp(block + 257, "ustar\0", 6) ? format_text("%.155s/%.100s", block + 345, block)
                                                                  : format_text("%.100s", block);
    entry->link = format_text("%.100s", block + 157);
    entry->kind = block[156];
    entry->mode = octal(block + 100, 8) & 07777;
    entry->user = (uint32_t)octal(block + 108, 8);
    entry->group = (uint32_t)octal(block + 116, 8);
    entry->size = size;
    entry->modified = (int64_t)octal(block + 136, 12);
    if (!each_record(entry, apply_record, NULL)) break;
    return true;
  }
  errno = 0;
  fail("layer '%s' has a damaged header", source);
}

/// The folder of `path` below `root`, made where it is missing. No link is followed, so nothing leaves `root`.
static int open_parent(int root, char *path, const char **name) {
  char *slash = strrchr(path, '/');
  *name = slash ? slash + 1 : path;
  struct open_how how = {
      .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
  if (slash) *slash = 0;
  int parent = (int)syscall(SYS_openat2, root, slash ? path : ".", &how, sizeof how);
  if (parent < 0 && errno == ENOENT && slash) {
    const char *last;
    int above = open_parent(root, path, &last);
    if (mkdirat(above, last, 0755)) fail("'%s' of layer '%s'", path, source);
    close(above);
    parent = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
  }
  if (parent < 0) fail("'%s' of layer '%s'", path, source);
  if (slash) *slash = '/';
  return parent;
}

static void write_content(int parent, const char *name, uint64_t size) {
  int file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) fail("'%s' of layer '%s'", name, source);
  static char buffer[1 << 16];
  for (uint64_t left = size; left > 0;) {
    size_t part = left < sizeof buffer ? (size_t)left : sizeof buffer;
    read_exactly(buffer, part);
    write_all(file, buffer, part, name);
    left -= part;
  }
  close(file);
  if (size % 512) read_exactly(buffer, 512 - size % 512);
}

static void set_owner(int parent, const char *name, const struct entry *entry) {
  if (fchownat(parent, name, entry->user, entry->group, AT_SYMLINK_NOFOLLOW) == 0) {
    if (remembering) forget_owner(entry->path);
    return;
  }
  if (errno != EINVAL && errno != EPERM) fail("owner of '%s'", entry->path);
  if (remembering) remember_owner(entry->path, entry->user, entry->group);
}

static bool is_folder_at(int parent, const char *name) {
  struct stat status;
  if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW)) return false;
  errno = EEXIST;
  return S_ISDIR(status.st_mode);
}

static void make_entry(int root, const char *folder, struct entry *entry) {
  const char *name;
  int parent = open_parent(root, entry->path, &name);
  if (strcmp(name, ".wh..wh..opq") == 0) {
    char *path = format_text("%s/%.*s", folder, (int)(name - entry->path), entry->path);
    if (lsetxattr(path, "user.overlay.opaque", "y", 1, 0)) fail("opaque '%s'", entry->path);
    free(path);
  } else if (strncmp(name, ".wh.", 4) == 0) {
    // An overlay's own whiteout: the one device that a user namespace may make.
    if (mknodat(parent, name + 4, S_IFCHR, makedev(0, 0))) fail("whiteout '%s'", entry->path);
  } else {
    int result = 0;
    switch (entry->kind) {
    case 0:
    case '0':
    case '7': write_content(parent, name, entry->size); break;
    case '1': result = linkat(root, entry->link, parent, name, 0); break;
    case '2': result = symlinkat(entry->link, parent, name); break;
    case '5':
      result = mkdirat(parent, name, 0700);
      // A folder that was made for what is in it; a link of that name must not be followed below.
      if (result && errno == EEXIST && is_folder_at(parent, name)) result = 0;
      break;
    case '6': result = mkfifoat(parent, name, 0600); break;
    case '3':
    case '4': close(parent); return;
    default:
      errno = 0;
      fail("layer '%s' has an entry of kind '%c'", source, entry->kind);
    }
    if (result) fail("'%s' of layer '%s'", entry->path, source);
    if (entry->kind != '1') {
      set_owner(parent, name, entry);
      // After the owner, because a change of owner clears the set-id bits.
      if (entry->kind != '2' && fchmodat(parent, name, entry->mode, 0)) fail("mode of '%s'", entry->path);
      char *path = format_text("%s/%s", folder, entry->path);
      if (!each_record(entry, set_attribute, path)) fail("layer '%s' has a damaged header", source);
      free(path);
      struct timespec times[2] = {{entry->modified, 0}, {entry->modified, 0}};
      if (utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW)) fail("time of '%s'", entry->path);
    }
  }
  close(parent);
}

void unpack_layer(const char *tar, const char *folder, bool remembers) {
  source = tar;
  remembering = remembers;
  input = open(tar, O_RDONLY | O_CLOEXEC);
  if (input < 0) fail("'%s'", tar);
  int root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) fail("'%s'", folder);
  struct folder_time {
    char *path;
    int64_t modified;
  } *folders = NULL;
  size_t folder_count = 0;
  for (struct entry entry; next_entry(&entry);) {
    char *path = entry.path;
    while (!strncmp(path, "./", 2)) path += 2;
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == '/') path[--length] = 0;
    char *clean = format_text("%s", path);
    free(entry.path);
    entry.path = clean;
    if (length > 0 && strcmp(clean, ".")) {
      make_entry(root, folder, &entry);
      if (entry.kind == '5') {
        folders = realloc(folders, (folder_count + 1) * sizeof *folders);
        if (!folders) fail("memory");
        folders[folder_count++] = (struct folder_time){format_text("%s", clean), entry.modified};
      }
    }
    free(entry.path);
    free(entry.link);
    free(entry.records);
  }
  // What was put into a folder changed its time.
  for (size_t i = 0; i < folder_count; i++) {
    struct timespec times[2] = {{folders[i].modified, 0}, {folders[i].modified, 0}};
    if (utimensat(root, folders[i].path, times, AT_SYMLINK_NOFOLLOW)) fail("time of '%s'", folders[i].path);
    free(folders[i].path);
  }
  free(folders);
  close(root);
  close(input);
}
