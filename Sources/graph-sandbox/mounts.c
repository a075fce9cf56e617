// Mounting: the helper's own folder in memory, binds whose target is looked up as the command sees it, /proc and /dev.
#include "mounts.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};

/// The folder in memory, and the command's root in it.
static int base = -1, newroot = -1;
/// How many folders in memory are over the root.
static int covers;
/// Whether /proc inside shows the processes inside and no others.
static bool proc_is_own;

bool sees_own_processes(void) { return proc_is_own; }

static int open_below(int root, const char *path, int flags, unsigned long resolve) {
  struct open_how how = {.flags = (unsigned long)(flags | O_CLOEXEC), .resolve = resolve};
  return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

int open_parent_beneath(int root, const char *path, const char **name) {
  while (*path == '/') path++;
  char *folder = format_text("%s", path), *slash = strrchr(folder, '/');
  *name = slash ? path + (slash + 1 - folder) : path;
  if (slash) *slash = 0;
  int parent = open_below(root, slash ? folder : ".", O_RDONLY | O_DIRECTORY,
                          RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
  int error = errno;
  free(folder);
  errno = error;
  return parent;
}

int open_inside(const char *path, int flags) {
  // Opened when it is first asked for: what is mounted at `newroot` comes after the base.
  if (newroot < 0) newroot = openat(base, "newroot", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return open_below(newroot, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

char *descriptor_path(int descriptor) { return format_text("/proc/self/fd/%d", descriptor); }

void make_folder(const char *path, mode_t mode) {
  if (mkdir(path, mode) == 0) return;
  if (errno != EEXIST || chmod(path, mode)) fail("'%s'", path);
}

void settle_time(const char *path) {
  const struct timespec times[2] = {{INPUT_TIME, 0}, {INPUT_TIME, 0}};
  // What is not there, and what a mount covers that is not ours to change, refuses.
  utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

bool is_folder(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/// Where a link leads that leads nowhere yet (images have such an /etc/resolv.conf), followed by `rest`. NULL where
/// `path` is no link.
static char *link_target(int parent, const char *path, const char *rest) {
  char link[4096];
  const char *name = strrchr(path, '/') + 1;
  ssize_t length = readlinkat(parent, name, link, sizeof link - 1);
  if (length < 0) return NULL;
  link[length] = 0;
  int folder = *link == '/' ? 0 : (int)(name - path);
  char *target = format_text("%.*s%s%s%s", folder, path, link, rest ? "/" : "", rest ? rest : "");
  // Without `..`, because it is also the name under which what is made here is removed from the upper folder again.
  for (char *up; (up = strstr(target, "/../"));) {
    char *start = up;
    while (start > target && start[-1] != '/') start--;
    if (start > target) start--;
    memmove(start, up + 3, strlen(up + 3) + 1);
  }
  return target;
}

/// An empty file. Not by mknod, which file systems of other sandboxes (FUSE) may refuse.
static int make_file(int folder, const char *name) {
  int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  return file < 0 ? -1 : close(file);
}

int open_target(const char *path, bool folder) {
  char *part = format_text("%s", path);
  size_t length = strlen(part);
  while (length > 1 && part[length - 1] == '/') part[--length] = 0;
  for (;;) {
    int descriptor = open_inside(part, O_PATH);
    if (descriptor >= 0) {
      free(part);
      return descriptor;
    }
    if (errno != ENOENT) fail("mountpoint '%s'", part);
    // The first part of it that is missing is made, and the rest tried again.
    char *slash = part;
    for (;;) {
      slash = strchr(slash + 1, '/');
      if (!slash) break;
      *slash = 0;
      descriptor = open_inside(part, O_PATH);
      if (descriptor < 0) break;
      close(descriptor);
      *slash = '/';
    }
    char *last = strrchr(part, '/');
    *last = 0;
    int parent = open_inside(*part ? part : "/", O_PATH | O_DIRECTORY);
    *last = '/';
    if (parent < 0) fail("mountpoint '%s'", part);
    if (slash || folder ? mkdirat(parent, last + 1, 0755) : make_file(parent, last + 1)) {
      char *target = errno == EEXIST ? link_target(parent, part, slash ? slash + 1 : NULL) : NULL;
      if (!target) fail("mountpoint '%s'", part);
      close(parent);
      free(part);
      part = target;
      continue;
    }
    close(parent);
    note_mountpoint(part);
    if (slash) *slash = '/';
  }
}

/// Attaches a mount that hangs nowhere yet.
static void attach(int mount, int target, const char *what) {
  if (syscall(SYS_move_mount, mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
    fail("mounting '%s'", what);
  close(mount);
  close(target);
}

void attach_inside(int tree, const char *target, uint64_t attributes) {
  struct stat status;
  struct mount_attr attribute = {.attr_set = attributes};
  if (fstat(tree, &status) ||
      syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attribute, sizeof attribute))
    fail("mounting '%s'", target);
  attach(tree, open_target(target, S_ISDIR(status.st_mode)), target);
}

bool bind_if_there(const char *source, const char *target, uint64_t attributes) {
  // Recursive, because a mount that came from the host cannot be uncovered.
  int tree = (int)syscall(SYS_open_tree, AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  if (tree < 0 && errno == ENOENT) return false;
  if (tree < 0) fail("'%s' at '%s'", source, target);
  attach_inside(tree, target, attributes);
  return true;
}

void bind_inside(const char *source, const char *target, uint64_t attributes) {
  errno = ENOENT;
  if (!bind_if_there(source, target, attributes)) fail("'%s' at '%s'", source, target);
}

/// A new file system that hangs nowhere yet; -1 with errno.
static int make_mount(const char *type, uint64_t attributes, const char *const *settings) {
  int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
  if (context < 0) return -1;
  for (; *settings; settings += 2)
    if (syscall(SYS_fsconfig, context, settings[1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, settings[0], settings[1], 0))
      fail("option '%s' of %s", settings[0], type);
  int mount = -1;
  if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
    mount = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
  int error = errno;
  close(context);
  errno = error;
  return mount;
}

void mount_inside(const char *type, const char *target, uint64_t attributes, const char *const *settings) {
  int mount = make_mount(type, attributes, settings);
  if (mount < 0) fail("%s at '%s'", type, target);
  attach(mount, open_target(target, true), target);
}

/// Shows an empty file or folder of the base in place of what is at `path`, where there is something.
static void hide(const char *path) {
  int target = open_inside(path, O_PATH);
  struct stat status;
  if (target < 0 || fstat(target, &status)) return;
  int tree = (int)syscall(SYS_open_tree, base, S_ISDIR(status.st_mode) ? "hidden-folder" : "hidden",
                          OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  struct mount_attr attribute = {.attr_set = MOUNT_ATTR_RDONLY};
  if (tree < 0 || syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attribute, sizeof attribute)) fail("'%s'", path);
  attach(tree, target, path);
}

/// Makes what is at `path` read-only, where there is something.
static void guard(const char *path) {
  int target = open_inside(path, O_PATH);
  if (target < 0) return;
  int tree = (int)syscall(SYS_open_tree, target, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  struct mount_attr attribute = {.attr_set = MOUNT_ATTR_RDONLY};
  if (tree < 0 || syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attribute, sizeof attribute)) fail("'%s'", path);
  attach(tree, target, path);
}

static void protect_proc(void) {
  // Not read-only as a whole: packages give the folder /proc a mode and an owner.
  static const char *const hidden[] = {"/proc/acpi", "/proc/asound", "/proc/latency_stats", "/proc/sched_debug",
                                       "/proc/scsi", "/proc/timer_list"};
  static const char *const guarded[] = {"/proc/bus", "/proc/driver", "/proc/dynamic_debug", "/proc/fs",
                                        "/proc/irq", "/proc/sysrq-trigger"};
  if (make_file(base, "hidden") || mkdirat(base, "hidden-folder", 0555)) fail("hidden");
  // Everybody's to read: the keys of who started this.
  hide("/proc/keys");
  // What belongs to a namespace is its root's to change, such as how many processes there may be.
  guard("/proc/sys");
  // The kernel guards the rest by nothing but the number of root, which root inside has where all ids are mapped.
  if (!is_root_of_host()) return;
  for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) hide(hidden[i]);
  for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++) guard(guarded[i]);
}

void mount_proc(void) {
  static const char *const none[] = {NULL};
  uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  int mount = make_mount("proc", attributes, none);
  if (mount >= 0) {
    attach(mount, open_target("/proc", true), "/proc");
    proc_is_own = true;
    protect_proc();
  } else {
    // Inside another sandbox parts of /proc may be covered, and then a new one is refused: the outer one serves.
    bind_inside("/proc", "/proc", attributes | MOUNT_ATTR_RDONLY);
  }
}

void mount_devices(void) {
  // A folder of the base, and not a file system of its own: one mount less for each command.
  make_folder("dev", 0755);
  if (chdir("dev")) fail("/dev");
  make_folder("shm", 01777);
  make_folder("pts", 0755);
  static const char *const links[][2] = {{"/proc/self/fd", "fd"},
                                         {"/proc/self/fd/0", "stdin"},
                                         {"/proc/self/fd/1", "stdout"},
                                         {"/proc/self/fd/2", "stderr"},
                                         {"pts/ptmx", "ptmx"}};
  for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
    if (symlink(links[i][0], links[i][1])) fail("'%s'", links[i][1]);
    settle_time(links[i][1]);
  }
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
    if (make_file(AT_FDCWD, devices[i])) fail("/dev/%s", devices[i]);
  settle_time("shm");
  settle_time(".");
  bind_inside(".", "/dev", MOUNT_ATTR_NOSUID);
  if (chdir("../newroot/dev")) fail("/dev");
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
    char *path = format_text("/dev/%s", devices[i]);
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    // Other sandboxes, in which this one may run, have not all of them.
    if (tree < 0 && errno == ENOENT) unlink(devices[i]);
    else if (tree < 0 || syscall(SYS_move_mount, tree, "", AT_FDCWD, devices[i], MOVE_MOUNT_F_EMPTY_PATH))
      fail("'%s'", path);
    close(tree);
    free(path);
  }
  static const char *const terminals[] = {"newinstance", NULL, "ptmxmode", "0666", "mode", "620", NULL};
  int mount = make_mount("devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, terminals);
  if (mount < 0 || syscall(SYS_move_mount, mount, "", AT_FDCWD, "pts", MOVE_MOUNT_F_EMPTY_PATH)) fail("/dev/pts");
  close(mount);
  if (fchdir(base)) fail("/dev");
}

int enter_memory(uint64_t size) {
  char *bytes = format_text("%llu", (unsigned long long)size);
  const char *settings[] = {"mode", "755", size ? "size" : NULL, bytes, NULL};
  int folder = make_mount("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, settings);
  free(bytes);
  if (folder < 0) fail("tmpfs");
  // Over the root, where it hides nothing: paths start below it. It has to hang somewhere to be mounted on itself.
  if (syscall(SYS_move_mount, folder, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH)) fail("tmpfs at '/'");
  if (fchdir(folder)) fail("tmpfs");
  covers++;
  return folder;
}

void pivot(void) {
  if (chdir("newroot") || syscall(SYS_pivot_root, ".", ".")) fail("pivot_root");
  // What was the root is now over the new one, and over it the folders in memory.
  for (int i = 0; i <= covers; i++)
    if (umount2(".", MNT_DETACH)) fail("leaving the host");
  if (chdir("/")) fail("leaving the host");
}

void mount_base(uint64_t size) {
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) fail("private mounts");
  base = enter_memory(size);
  make_folder("newroot", 0755);
}

static uint64_t used(int file) {
  struct statfs status;
  if (file < 0 || fstatfs(file, &status)) return 0;
  return (uint64_t)(status.f_blocks - status.f_bfree) * (uint64_t)status.f_bsize;
}

uint64_t memory_of_files(const struct options *options) {
  uint64_t bytes = used(base);
  for (size_t i = 0; i < options->mount_count; i++) {
    if (options->mounts[i].kind != MOUNT_TMPFS) continue;
    int folder = open_inside(options->mounts[i].target, O_PATH);
    bytes += used(folder);
    if (folder >= 0) close(folder);
  }
  return bytes;
}
