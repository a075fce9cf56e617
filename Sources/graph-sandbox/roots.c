// The file system that the command sees.
//
// It grows at `newroot` of the helper's own folder in memory, while the host stays where it was: sources are paths of
// the host. The command gets a mount namespace of its own in which only that root is left, so the helper can still reach
// the folders of the host when it captures what changed.
#include "mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>

/// Mountpoints made in the overlay itself, newest last: they must not count as changes.
static struct list made;
/// The overlay's own place in the root without a slash at its end, once it is mounted.
static char *overlay_point;
static char *upper;
static int upper_folder = -1, work_folder = -1;

int upper_descriptor(void) { return upper_folder; }

/// What was made in a host root: mountpoints and the folders above them.
static struct list made_beside;

void note_mountpoint(const char *path) {
  size_t prefix = overlay_point ? strlen(overlay_point) : 0;
  if (overlay_point && strncmp(path, overlay_point, prefix) == 0 && path[prefix] == '/')
    list_add(&made, path + prefix);
  else if (*path)
    list_add(&made_beside, path);
}

static bool is_bind_target(const struct options *options, const char *path) {
  for (size_t i = 0; i < options->bind_count; i++)
    if (!strcmp(options->binds[i].target, path)) return true;
  return false;
}

/// Puts the mountpoints of a host root that are deeper than /build/NAME into memory: making files on the disk is slow.
static void cover_folder(const struct options *options, const char *target) {
  const char *slash = strncmp(target, "/build/", 7) ? NULL : strchr(target + 7, '/');
  if (!options->host_root || !slash) return;
  char *folder = format_text("%.*s", (int)(slash - target), target), *source = format_text("b/%s", folder + 7);
  struct stat status;
  if (!is_bind_target(options, folder) && lstat(source, &status)) {
    make_folder("b", 0755);
    make_folder(source, 0755);
    bind_inside(source, folder, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  }
  free(folder);
  free(source);
}

/// Whether what is seen at `path` is the content of a mount that was asked for, which has times of its own.
static bool is_mounted_content(const struct options *options, const char *path) {
  struct stat here, there;
  if (fstatat(AT_FDCWD, path, &here, AT_SYMLINK_NOFOLLOW)) return false;
  for (size_t i = 0; i < options->mount_count; i++) {
    int target = open_inside(options->mounts[i].target, O_PATH);
    bool is_same = target >= 0 && fstat(target, &there) == 0 && there.st_dev == here.st_dev && there.st_ino == here.st_ino;
    if (target >= 0) close(target);
    if (is_same) return true;
  }
  return false;
}

/// Gives what was made for a host root a fixed time.
static void settle_folders(const struct options *options) {
  static const char *const fixed[] = {"bin",       "sbin",    "lib", "lib32", "lib64", "libx32", "var/tmp", "build/in", "build/out",
                                      "var/cache", "var/lib", "var", "build", "tmp",   "home",   "root",    "run", "."};
  for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) list_add(&made_beside, fixed[i]);
  if (chdir("newroot")) fail("the root");
  for (size_t i = 0; i < made_beside.count; i++) {
    const char *path = made_beside.items[i] + (*made_beside.items[i] == '/');
    if (!is_mounted_content(options, path)) settle_time(path);
  }
  if (chdir("..")) fail("the root");
}

/// Adds a mountpoint below the overlay's own place, with a slash at the end where it is a folder.
static void add_skeleton(struct list *targets, const struct options *options, const char *target, bool folder) {
  size_t prefix = options->host_root ? strlen(options->target) : 0;
  if (prefix && (strncmp(target, options->target, prefix) || target[prefix] != '/')) return;
  char *path = format_text("%s%s", target + prefix, folder ? "/" : "");
  list_add(targets, path);
  free(path);
}

/// Puts the mountpoints that the command's root needs into one more layer, below all others: a folder that a layer has
/// wins over it, and one that none has never appears in the changes.
static void make_skeleton(const struct options *options, const char *folder) {
  struct list targets = {0};
  if (!options->host_root) {
    list_add(&targets, "/proc/");
    list_add(&targets, "/dev/");
    for (size_t i = 0; options->network && network_files[i]; i++) {
      char *path = format_text("/etc/%s", network_files[i]);
      list_add(&targets, path);
      free(path);
    }
  }
  for (size_t i = 0; i < options->bind_count; i++)
    add_skeleton(&targets, options, options->binds[i].target, is_folder(options->binds[i].source));
  for (size_t i = 0; i < options->mount_count; i++)
    add_skeleton(&targets, options, options->mounts[i].target, options->mounts[i].folder);
  for (size_t i = 0; i < targets.count; i++) {
    char *path = format_text("%s%s", folder, targets.items[i]);
    for (char *slash = path + strlen(folder); (slash = strchr(slash + 1, '/'));) {
      *slash = 0;
      make_folder(path, 0755);
      *slash = '/';
    }
    if (path[strlen(path) - 1] != '/' && mknod(path, S_IFREG | 0644, 0) && errno != EEXIST) fail("'%s'", path);
    free(path);
  }
}

/// Mounts the stacked layers at `point`. Their paths are shortened to links `0`, `1`, …, because all options of a mount
/// together have one page: 64 hexadecimal digits each would end it at 60 layers.
static void mount_overlay(const struct options *options, const char *point) {
  make_folder("l", 0755);
  make_folder("l/0", 0755);
  make_skeleton(options, "l/0");
  char *names = format_text("0");
  for (size_t i = 0; i < options->lower_count; i++) {
    char *name = format_text("l/%zu", i + 1);
    if (options->lowers[i].tar) {
      make_folder(name, 0755);
      unpack_layer(options->lowers[i].path, name, true);
    } else if (symlink(options->lowers[i].path, name)) {
      fail("'%s'", name);
    }
    free(name);
    char *longer = format_text("%zu:%s", i + 1, names);
    free(names);
    names = longer;
  }
  if (options->upper) {
    upper = options->upper;
    if (symlink(upper, "l/u") || symlink(options->work, "l/w")) fail("l");
  } else {
    make_folder("l/u", 0755);
    make_folder("l/w", 0755);
    upper = format_text("l/u");
  }
  // The root's own mode and time come from the uppermost layer.
  struct timespec times[2] = {{options->epoch, 0}, {options->epoch, 0}};
  if (chmod(upper, 0755) || utimensat(AT_FDCWD, upper, times, 0)) fail("the upper folder");
  // Nothing that a command syncs has to outlive a crash of the machine: a result counts only when the store has synced
  // it. rpm alone would sync its database for each package. Linux before 5.10 does not know the option.
  char *data = format_text("volatile,lowerdir=%s,upperdir=u,workdir=w,userxattr", names);
  const char *plain = strchr(data, ',') + 1;
  if (chdir("l")) fail("l");
  if (mount("overlay", point, "overlay", 0, data) &&
      (errno != EINVAL || mount("overlay", point, "overlay", 0, plain)))
    fail("overlay of %zu layers", options->lower_count);
  if (chdir("..")) fail("l");
  overlay_point = format_text("%s", strcmp(options->target, "/") ? options->target : "");
  free(data);
  free(names);
}

/// A folder in memory with the host's programs; only /build and /tmp are on the disk.
static void build_host_root(const struct options *options, int etc) {
  // A mount of its own, because the command's root has to be one.
  int tree = (int)syscall(SYS_open_tree, AT_FDCWD, "newroot", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0 || syscall(SYS_move_mount, tree, "", AT_FDCWD, "newroot", MOVE_MOUNT_F_EMPTY_PATH)) fail("the root");
  close(tree);
  if (chdir("newroot")) fail("the root");
  static const char *const folders[] = {"etc", "home", "root", "run", "var", "var/lib", "var/cache"};
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) make_folder(folders[i], 0755);
  if (symlink("../tmp", "var/tmp")) fail("/var/tmp");
  // bin, sbin and so on are links on merged hosts, folders on others.
  static const char *const programs[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
    char link[256];
    ssize_t length = readlink(programs[i], link, sizeof link - 1);
    if (length >= 0) {
      link[length] = 0;
      if (symlink(link, programs[i] + 1)) fail("'%s'", programs[i]);
    } else {
      bind_if_there(programs[i], programs[i], READ_ONLY);
    }
  }
  if (chdir("..")) fail("the root");
  bind_work_folders(options);
  mount_etc(etc, options->network);
}

void build_root(const struct options *options) {
  umask(0);
  int etc = etc_tree(options);
  mount_base(options->memory_max);
  prepare_mounts(options);
  if (options->host_root) {
    build_host_root(options, etc);
    if (options->target) {
      int descriptor = open_target(options->target, true);
      char *path = descriptor_path(descriptor);
      mount_overlay(options, path);
      free(path);
      close(descriptor);
    }
  } else {
    mount_overlay(options, "../newroot");
  }
  mount_proc();
  mount_devices();
  for (size_t i = 0; i < options->bind_count; i++) {
    const struct bind *bind = &options->binds[i];
    char *settled = options->settle && !bind->writable ? settled_input(bind->source, i) : NULL;
    cover_folder(options, bind->target);
    bind_inside(settled ? settled : bind->source, bind->target,
                MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (bind->writable ? 0 : MOUNT_ATTR_RDONLY));
    free(settled);
  }
  add_mounts(options);
  // Commands find the folders of their outputs, as Remote Execution promises them for output paths.
  for (size_t i = 0; i + 1 < options->collects.count; i += 2) {
    char *parent = format_text("%s", options->collects.items[i]);
    char *last = strrchr(parent, '/');
    if (last && last > parent) {
      *last = 0;
      close(open_target(parent, true));
    }
    free(parent);
  }
  for (size_t i = 0; !options->host_root && options->network && network_files[i]; i++) {
    char *path = format_text("/etc/%s", network_files[i]);
    bind_if_there(path, path, READ_ONLY);
    free(path);
  }
  if (options->host_root) settle_folders(options);
}

void leave_host(const struct options *options) {
  if (upper) {
    upper_folder = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    work_folder = open(options->work ? options->work : "l/w", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (upper_folder < 0 || work_folder < 0) fail("the upper folder");
  }
  open_outside(options);
  open_watched(options);
  pivot();
}

void clean_upper(void) {
  if (!upper) return;
  for (size_t i = made.count; i > 0; i--) {
    const char *name;
    int parent = open_parent_beneath(upper_folder, made.items[i - 1], &name);
    if (parent < 0) continue;
    // Only when it is still the empty one that was made.
    if (unlinkat(parent, name, AT_REMOVEDIR) && errno == ENOTDIR) unlinkat(parent, name, 0);
    close(parent);
  }
  // The folders that overlayfs keeps for itself cannot be listed by an unprivileged caller later.
  remove_tree(work_folder, "work", false);
  remove_tree(work_folder, "index", false);
}
