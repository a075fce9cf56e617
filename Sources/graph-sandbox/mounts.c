// Mounting: the helper's own root, binds whose target is looked up as the command sees it, /proc and /dev.
#include "mounts.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/syscall.h>

static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};

char *outside(const char *path) { return format_text("/oldroot%s", path); }

static int open_below(int root, const char *path, int flags, unsigned long resolve) {
  struct open_how how = {.flags = (unsigned long)(flags | O_CLOEXEC), .resolve = resolve};
  return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

int open_inside(const char *path, int flags) {
  int root = open("/newroot", O_PATH | O_CLOEXEC);
  int descriptor = open_below(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  int error = errno;
  close(root);
  errno = error;
  return descriptor;
}

char *descriptor_path(int descriptor) { return format_text("/proc/self/fd/%d", descriptor); }

void make_folder(const char *path, mode_t mode) {
  if (mkdir(path, mode) && errno != EEXIST) fail("'%s'", path);
  if (chmod(path, mode)) fail("'%s'", path);
}

bool is_folder(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void set_attributes(const char *path, unsigned long attributes) {
  struct mount_attr attribute = {.attr_set = attributes};
  if (syscall(SYS_mount_setattr, AT_FDCWD, path, AT_RECURSIVE, &attribute, sizeof attribute)) fail("'%s'", path);
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

/// Opens a mountpoint inside the root, making what is missing of its path.
int open_target(const char *path, bool folder) {
  char *part = format_text("%s", path);
  size_t length = strlen(part);
  while (length > 1 && part[length - 1] == '/') part[--length] = 0;
  for (char *slash = part;;) {
    slash = strchr(slash + 1, '/');
    if (slash) *slash = 0;
    int descriptor = open_inside(part, O_PATH);
    if (descriptor >= 0 && !slash) {
      free(part);
      return descriptor;
    }
    if (descriptor < 0) {
      if (errno != ENOENT) fail("mountpoint '%s'", part);
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
        descriptor = open_target(target, folder);
        free(target);
        return descriptor;
      }
      close(parent);
      note_mountpoint(part);
      if (slash) *slash = '/';
      slash = last;
      continue;
    }
    close(descriptor);
    *slash = '/';
  }
}

/// Makes `path` of the helper's view visible at `target` inside.
void bind_inside(const char *source, const char *target, bool folder, unsigned long attributes) {
  int descriptor = open_target(target, folder);
  char *path = descriptor_path(descriptor);
  // Recursive, because a mount that came from the host cannot be uncovered.
  if (mount(source, path, NULL, MS_BIND | (folder ? MS_REC : 0), NULL)) fail("'%s' at '%s'", source, target);
  free(path);
  close(descriptor);
  descriptor = open_inside(target, O_PATH);
  path = descriptor_path(descriptor);
  set_attributes(path, attributes);
  free(path);
  close(descriptor);
}

void mount_inside(const char *type, const char *target, unsigned long flags, const char *data) {
  int descriptor = open_target(target, true);
  char *path = descriptor_path(descriptor);
  if (mount(type, path, type, flags, data)) fail("%s at '%s'", type, target);
  free(path);
  close(descriptor);
}

/// Parts of /proc that the kernel guards by the number of the user only: with all ids mapped, root inside is that user.
static void protect_proc(void) {
  static const char *const guarded[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"};
  for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++) {
    char *source = format_text("/newroot%s", guarded[i]);
    if (access(source, F_OK) == 0)
      bind_inside(source, guarded[i], is_folder(source), MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
    free(source);
  }
}

void mount_proc(void) {
  int descriptor = open_target("/proc", true);
  char *path = descriptor_path(descriptor);
  bool fresh = mount("proc", path, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
  // Inside another sandbox parts of /proc may be covered, and then a new one is refused: the outer one serves.
  if (!fresh && mount("/oldroot/proc", path, NULL, MS_BIND | MS_REC, NULL)) fail("/proc");
  free(path);
  close(descriptor);
  if (fresh) protect_proc();
}

void mount_devices(void) {
  mount_inside("tmpfs", "/dev", MS_NOSUID, "mode=755,size=1m");
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
    char *source = format_text("/oldroot/dev/%s", devices[i]), *target = format_text("/dev/%s", devices[i]);
    if (access(source, F_OK) == 0) bind_inside(source, target, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    free(source);
    free(target);
  }
  int folder = open_inside("/dev", O_RDONLY | O_DIRECTORY);
  if (symlinkat("/proc/self/fd", folder, "fd") || symlinkat("/proc/self/fd/0", folder, "stdin") ||
      symlinkat("/proc/self/fd/1", folder, "stdout") || symlinkat("/proc/self/fd/2", folder, "stderr") ||
      symlinkat("pts/ptmx", folder, "ptmx"))
    fail("/dev");
  close(folder);
  mount_inside("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
  mount_inside("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620");
}

/// The helper's own root. `base` only has to exist: what is mounted there hides it for this namespace alone.
void mount_base(void) {
  static const char *const bases[] = {"/tmp", "/run", "/var", "/dev", "/proc", "/usr"};
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) fail("private mounts");
  const char *base = NULL;
  for (size_t i = 0; !base && i < sizeof bases / sizeof *bases; i++)
    if (is_folder(bases[i])) base = bases[i];
  if (!base) fail("no folder to mount on");
  if (mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")) fail("tmpfs at '%s'", base);
  if (chdir(base)) fail("'%s'", base);
  make_folder("oldroot", 0755);
  make_folder("newroot", 0755);
  if (syscall(SYS_pivot_root, ".", "oldroot") || chdir("/")) fail("pivot_root");
  // open_target and the like name descriptors by /proc.
  if (symlink("oldroot/proc", "proc")) fail("/proc");
}
