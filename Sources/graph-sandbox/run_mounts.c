// What RUN --mount asks for: made ready in the helper's own root, then shown in the command's.
//
// Nothing here is in the overlay's upper folder, and mountpoints are in the layer below all others (roots.c), so none of
// it is ever a change. Secrets are files of the helper's own tmpfs: they are on no disk, and gone with the sandbox.
#include "mounts.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

/// With a single id in the namespace nobody else can own anything, and nobody else can run either.
static void give(const char *path, uid_t user, gid_t group) {
  if (lchown(path, user, group) == 0) return;
  int error = errno;
  bool mapped = ids_are_mapped();
  errno = error;
  if (mapped || (error != EINVAL && error != EPERM)) fail("owner %u:%u of '%s'", user, group, path);
}

/// Copies a file, folder or link with owner, mode, time and attributes; what cannot be copied (devices, sockets) is left.
static void copy_all(const char *source, const char *target) {
  struct stat status;
  if (lstat(source, &status)) fail("'%s'", source);
  if (S_ISLNK(status.st_mode)) {
    char link[4096];
    ssize_t length = readlink(source, link, sizeof link - 1);
    if (length < 0) fail("'%s'", source);
    link[length] = 0;
    if (symlink(link, target)) fail("'%s'", target);
  } else if (S_ISDIR(status.st_mode)) {
    if (mkdir(target, 0700) && errno != EEXIST) fail("'%s'", target);
    DIR *names = opendir(source);
    if (!names) fail("'%s'", source);
    for (struct dirent *name; (name = readdir(names));) {
      if (!strcmp(name->d_name, ".") || !strcmp(name->d_name, "..")) continue;
      char *from = format_text("%s/%s", source, name->d_name), *to = format_text("%s/%s", target, name->d_name);
      copy_all(from, to);
      free(from);
      free(to);
    }
    closedir(names);
  } else if (S_ISREG(status.st_mode)) {
    copy_entry(AT_FDCWD, source, AT_FDCWD, target, false);
  } else {
    return;
  }
  give(target, status.st_uid, status.st_gid);
  if (!S_ISLNK(status.st_mode) && chmod(target, status.st_mode & 07777)) fail("mode of '%s'", target);
  struct timespec times[2] = {status.st_mtim, status.st_mtim};
  if (utimensat(AT_FDCWD, target, times, AT_SYMLINK_NOFOLLOW)) fail("time of '%s'", target);
}

void prepare_folder(const struct options *options) {
  if (options->prepare_from) copy_all(options->prepare_from, options->prepare);
  const struct mount *access = &options->prepare_access;
  give(options->prepare, access->user, access->group);
  if (chmod(options->prepare, access->mode)) fail("mode of '%s'", options->prepare);
}

/// A writable view of `source`, whose changes go to `folder`/u.
static char *overlay_of(const char *source, const char *folder) {
  char *upper = format_text("%s/u", folder), *work = format_text("%s/w", folder), *point = format_text("%s/o", folder);
  struct stat status;
  int lower = open(source, O_PATH | O_CLOEXEC), here = open(".", O_PATH | O_CLOEXEC);
  if (lower < 0 || here < 0 || fstat(lower, &status)) fail("'%s'", source);
  // A link, because a path may hold what the options of an overlay give a meaning.
  char *link = format_text("%s/l", folder), *place = descriptor_path(lower);
  if (mkdir(upper, 0755) || mkdir(work, 0755) || mkdir(point, 0755) || symlink(place, link)) fail("'%s'", folder);
  give(upper, status.st_uid, status.st_gid);
  struct timespec times[2] = {status.st_mtim, status.st_mtim};
  if (chmod(upper, status.st_mode & 07777) || utimensat(AT_FDCWD, upper, times, 0)) fail("'%s'", upper);
  // Short names, because all options of a mount together have one page.
  if (chdir(folder)) fail("'%s'", folder);
  if (mount("overlay", "o", "overlay", MS_NOSUID | MS_NODEV, "lowerdir=l,upperdir=u,workdir=w,userxattr"))
    fail("a writable view of '%s'", source);
  if (fchdir(here)) fail("'%s'", folder);
  close(here);
  close(lower);
  free(upper);
  free(work);
  free(link);
  free(place);
  return point;
}

static char *writable_view(const struct options *options, const struct mount *mount, const char *source, size_t number) {
  char *folder;
  if (options->scratch) {
    folder = format_text("%s/%zu", options->scratch, number);
  } else {
    folder = format_text("m/%zu/s", number);
  }
  if (mkdir(folder, 0755)) fail("'%s'", folder);
  char *view;
  if (mount->folder) {
    view = overlay_of(source, folder);
  } else {
    view = format_text("%s/file", folder);
    copy_all(source, view);
    // What is staged may be closed even to its owner.
    if (chmod(view, 0755)) fail("mode of '%s'", view);
    struct stat status;
    if (stat(source, &status) == 0 && !(status.st_mode & 0111) && chmod(view, 0644)) fail("mode of '%s'", view);
  }
  free(folder);
  return view;
}

static char *shown_content(const struct options *options, struct mount *mount, size_t number) {
  char *source = format_text("%s", mount->source);
  if (mount->tar) {
    char *folder = format_text("m/%zu/t", number);
    make_folder(folder, 0755);
    unpack_layer(source, folder, false);
    free(source);
    source = folder;
  } else if (options->settle && mount->kind != MOUNT_CACHE) {
    char *settled = settled_input(source, options->bind_count + number);
    free(source);
    source = settled;
  }
  char *shown = mount->inside ? format_text("%s/%s", source, mount->inside) : format_text("%s", source);
  free(source);
  struct stat status;
  if (lstat(shown, &status)) fail("'%s' for '%s'", mount->inside ? mount->inside : mount->source, mount->target);
  // A link would be followed on the host.
  errno = 0;
  if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) fail("what is mounted at '%s' is no file or folder", mount->target);
  mount->folder = S_ISDIR(status.st_mode);
  if (mount->kind != MOUNT_OVERLAY) return shown;
  char *view = writable_view(options, mount, shown, number);
  free(shown);
  return view;
}

static char *secret_file(const struct mount *mount, size_t number) {
  char *path = format_text("m/%zu/secret", number);
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) fail("'%s'", path);
  write_all(file, mount->content, mount->content_size, path);
  close(file);
  explicit_bzero(mount->content, mount->content_size);
  give(path, mount->user, mount->group);
  const struct timespec times[2] = {{INPUT_TIME, 0}, {INPUT_TIME, 0}};
  if (chmod(path, mount->mode) || utimensat(AT_FDCWD, path, times, 0)) fail("'%s'", path);
  return path;
}

/// One connection to the agent outside.
static _Noreturn void serve_agent(int client, int place) {
  // By its descriptor: the path may be too long for an address, and is left with the host.
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", place);
  int upstream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (upstream < 0 || connect(upstream, (struct sockaddr *)&address, sizeof address)) _exit(1);
  relay(client, upstream);
}

/// A socket with a mode and owner of its own, whose connections are passed on to the agent of the host.
static char *agent_socket(const struct mount *mount, size_t number) {
  char *path = format_text("m/%zu/agent", number);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16))
    fail("the socket for '%s'", mount->target);
  give(path, mount->user, mount->group);
  if (chmod(path, mount->mode)) fail("'%s'", path);
  int place = open(mount->source, O_PATH | O_CLOEXEC);
  pid_t child = fork();
  if (place < 0 || child < 0) fail("the agent for '%s'", mount->target);
  if (child > 0) {
    close(listener);
    close(place);
    return path;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGCHLD, SIG_IGN);
  for (;;) {
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0 && errno != EINTR && errno != ECONNABORTED) _exit(1);
    if (client < 0) continue;
    if (fork() == 0) serve_agent(client, place);
    close(client);
  }
}

void prepare_mounts(const struct options *options) {
  if (options->mount_count > 0) make_folder("m", 0755);
  for (size_t i = 0; i < options->mount_count; i++) {
    struct mount *mount = &options->mounts[i];
    char *folder = format_text("m/%zu", i);
    make_folder(folder, 0755);
    free(folder);
    switch (mount->kind) {
    case MOUNT_TMPFS: mount->folder = true; break;
    case MOUNT_SECRET: mount->ready = secret_file(mount, i); break;
    case MOUNT_SSH: mount->ready = agent_socket(mount, i); break;
    default: mount->ready = shown_content(options, mount, i);
    }
  }
}

void add_mounts(const struct options *options) {
  if (options->mount_count == 0) return;
  // A place that cannot be mounted on is the declaration's fault.
  const char *word = failure_word;
  failure_word = "refused";
  for (size_t i = 0; i < options->mount_count; i++) {
    const struct mount *mount = &options->mounts[i];
    uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    if (mount->kind == MOUNT_BIND || mount->kind == MOUNT_SECRET) attributes |= MOUNT_ATTR_RDONLY;
    if (mount->kind == MOUNT_SECRET) attributes |= MOUNT_ATTR_NOEXEC;
    if (mount->kind == MOUNT_TMPFS) {
      char *size = format_text("%llu", (unsigned long long)mount->size);
      const char *settings[] = {"mode", "1777", mount->size ? "size" : NULL, size, NULL};
      mount_inside("tmpfs", mount->target, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, settings);
      free(size);
    } else {
      bind_inside(mount->ready, mount->target, attributes);
    }
  }
  failure_word = word;
}
