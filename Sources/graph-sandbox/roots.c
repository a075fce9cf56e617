// The file system that the command sees.
//
// A private tmpfs is the helper's own root: the host is at /oldroot, the command's root grows at /newroot. The command
// gets a mount namespace of its own in which only /newroot is left, so the helper can still reach the folders of the
// host when it captures what changed.
#include "mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>

/// The files of /etc that programs of the host's /usr need to start and to name users; nothing that names the machine.
/// alternatives: targets of links in /usr/bin. ld.so.*: the loader. rpm, dpkg: macros and vendor settings of those
/// tools. ssl, pki, crypto-policies: certificates and what libraries read when they start. mke2fs.conf, xattr.conf,
/// magic, mime.types, terminfo, fonts: tables of the programs they are called after.
static const char *const host_files[] = {
    "passwd", "group", "nsswitch.conf", "alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "rpm", "dpkg",
    "ssl", "pki", "ca-certificates", "crypto-policies", "mke2fs.conf", "xattr.conf", "magic", "mime.types", "terminfo",
    "fonts", "bash.bashrc", "profile", "protocols", "services"};

/// What only makes sense with the host's network.
static const char *const network_files[] = {"resolv.conf", "hosts", "gai.conf"};

/// Mountpoints made in the overlay itself, newest last: they must not count as changes.
static struct list made;
/// The overlay's own place in the root without a slash at its end, once it is mounted.
static char *overlay_point;
static char *upper;

const char *upper_path(void) { return upper; }

/// Mountpoints made in the host root's folder, which is thrown away as a whole.
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
  for (size_t i = 0; i < options->mount_count; i++)
    if (!strcmp(options->mounts[i].target, path)) return true;
  return false;
}

/// Adds a mountpoint below the overlay's own place, with a slash at the end where it is a folder.
static void add_skeleton(struct list *targets, const struct options *options, const char *target, bool folder) {
  size_t prefix = options->host_root ? strlen(options->target) : 0;
  if (prefix && (strncmp(target, options->target, prefix) || target[prefix] != '/')) return;
  char *path = format_text("%s%s", target + prefix, folder ? "/" : "");
  list_add(targets, path);
  free(path);
}

/// Gives the folders that were made for a host root a fixed time: an action may not see when it runs.
static void settle_folders(const struct options *options) {
  static const char *const fixed[] = {"/build", "/tmp", "/var/tmp", "/var", "/etc", "/"};
  for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) list_add(&made_beside, format_text("%s", fixed[i]));
  const struct timespec times[2] = {{315532800, 0}, {315532800, 0}};
  for (size_t i = made_beside.count; i > 0; i--) {
    const char *path = made_beside.items[i - 1];
    if (is_bind_target(options, path)) continue;
    int descriptor = open_inside(path, O_PATH);
    if (descriptor < 0) continue;
    char *name = descriptor_path(descriptor);
    // What another mount covers is not ours to change, and refuses.
    utimensat(AT_FDCWD, name, times, 0);
    free(name);
    close(descriptor);
  }
}

/// Puts the mountpoints that the command's root needs into one more layer, below all others: a folder that a layer has
/// wins over it, and one that none has never appears in the changes.
static void make_skeleton(const struct options *options, const char *folder) {
  struct list targets = {0};
  if (!options->host_root) {
    list_add(&targets, "/proc/");
    list_add(&targets, "/dev/");
    for (size_t i = 0; options->network && i < sizeof network_files / sizeof *network_files; i++) {
      char *path = format_text("/etc/%s", network_files[i]);
      list_add(&targets, path);
      free(path);
    }
  }
  for (size_t i = 0; i < options->bind_count; i++) {
    char *source = outside(options->binds[i].source);
    add_skeleton(&targets, options, options->binds[i].target, is_folder(source));
    free(source);
  }
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
  make_folder("/l", 0755);
  make_folder("/l/0", 0755);
  make_skeleton(options, "/l/0");
  char *names = format_text("0");
  for (size_t i = 0; i < options->lower_count; i++) {
    char *name = format_text("/l/%zu", i + 1);
    if (options->lowers[i].tar) {
      char *tar = outside(options->lowers[i].path);
      make_folder(name, 0755);
      unpack_layer(tar, name, true);
      free(tar);
    } else {
      char *folder = outside(options->lowers[i].path);
      if (symlink(folder, name)) fail("'%s'", name);
      free(folder);
    }
    free(name);
    char *longer = format_text("%zu:%s", i + 1, names);
    free(names);
    names = longer;
  }
  if (options->upper) {
    upper = outside(options->upper);
    char *work = outside(options->work);
    if (symlink(upper, "/l/u") || symlink(work, "/l/w")) fail("/l");
    free(work);
  } else {
    make_folder("/l/u", 0755);
    make_folder("/l/w", 0755);
    upper = format_text("/l/u");
  }
  // The root's own mode and time come from the uppermost layer.
  struct timespec times[2] = {{options->epoch, 0}, {options->epoch, 0}};
  if (chmod(upper, 0755) || utimensat(AT_FDCWD, upper, times, 0)) fail("the upper folder");
  // Nothing that a command syncs has to outlive a crash of the machine: a result counts only when the store has synced
  // it. rpm alone would sync its database for each package. Linux before 5.10 does not know the option.
  char *data = format_text("volatile,lowerdir=%s,upperdir=u,workdir=w,userxattr", names);
  const char *plain = strchr(data, ',') + 1;
  if (chdir("/l")) fail("/l");
  if (mount("overlay", point, "overlay", 0, data) &&
      (errno != EINVAL || mount("overlay", point, "overlay", 0, plain)))
    fail("overlay of %zu layers", options->lower_count);
  if (chdir("/")) fail("/");
  overlay_point = format_text("%s", strcmp(options->target, "/") ? options->target : "");
  free(data);
  free(names);
}

static void add_host_files(const char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++) {
    char *source = format_text("/oldroot/etc/%s", names[i]), *target = format_text("/etc/%s", names[i]);
    if (access(source, R_OK) == 0)
      bind_inside(source, target, is_folder(source),
                  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    free(source);
    free(target);
  }
}

static void build_host_root(const struct options *options) {
  char *root = outside(options->host_root);
  if (mount(root, "/newroot", NULL, MS_BIND, NULL)) fail("'%s'", root);
  if (chmod("/newroot", 0755)) fail("'%s'", root);
  free(root);
  // bin, sbin and so on are links on merged hosts, folders on others.
  static const char *const programs[] = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"};
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
    char *source = format_text("/oldroot/%s", programs[i]), *target = format_text("/%s", programs[i]);
    char link[256];
    ssize_t length = readlink(source, link, sizeof link - 1);
    if (length >= 0) {
      link[length] = 0;
      char *path = format_text("/newroot%s", target);
      if (symlink(link, path) && errno != EEXIST) fail("'%s'", path);
      free(path);
    } else if (is_folder(source)) {
      bind_inside(source, target, true, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    }
    free(source);
    free(target);
  }
  make_folder("/newroot/etc", 0755);
  add_host_files(host_files, sizeof host_files / sizeof *host_files);
  if (options->network) add_host_files(network_files, sizeof network_files / sizeof *network_files);
  static const char *const folders[] = {"build", "home", "root", "run", "var", "var/lib", "var/cache"};
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    char *path = format_text("/newroot/%s", folders[i]);
    make_folder(path, 0755);
    free(path);
  }
  make_folder("/newroot/tmp", 01777);
  make_folder("/newroot/var/tmp", 01777);
}

void build_root(const struct options *options) {
  umask(0);
  mount_base();
  prepare_mounts(options);
  if (options->host_root) {
    build_host_root(options);
    if (options->target) {
      int descriptor = open_target(options->target, true);
      char *path = descriptor_path(descriptor);
      mount_overlay(options, path);
      free(path);
      close(descriptor);
    }
  } else {
    mount_overlay(options, "/newroot");
  }
  mount_proc();
  mount_devices();
  for (size_t i = 0; i < options->bind_count; i++) {
    const struct bind *bind = &options->binds[i];
    char *source = outside(bind->source);
    if (options->settle && !bind->writable) {
      char *settled = settled_input(source, i);
      free(source);
      source = settled;
    }
    bind_inside(source, bind->target, is_folder(source),
                MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (bind->writable ? 0 : MOUNT_ATTR_RDONLY));
    free(source);
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
  if (!options->host_root && options->network)
    add_host_files(network_files, sizeof network_files / sizeof *network_files);
  if (options->host_root) settle_folders(options);
  if (chdir("/")) fail("/");
}

void enter_root(void) {
  if (unshare(CLONE_NEWNS)) fail("mount namespace");
  if (chdir("/newroot") || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
    fail("pivot_root");
}

void take_root_apart(void) {
  if (umount2("/newroot", MNT_DETACH)) fail("unmounting the root");
  if (!upper) return;
  for (size_t i = made.count; i > 0; i--) {
    char *path = format_text("%s%s", upper, made.items[i - 1]);
    // Only when it is still the empty one that was made.
    if (rmdir(path) && errno == ENOTDIR) unlink(path);
    free(path);
  }
  // The folders that overlayfs keeps for itself cannot be listed by an unprivileged caller later.
  int work = open("/l/w", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (work < 0) fail("the work folder");
  remove_tree(work, "work", false);
  remove_tree(work, "index", false);
  close(work);
}
