// Attempts on files: the host's, those of other actions, inputs, devices, and what belongs to nobody's file system.
#include "intruder.h"

#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static void host_files(void) {
  static const char *const paths[] = {"/etc/shadow",   "/etc/hostname", "/etc/machine-id",    "/etc/resolv.conf",
                                      "/root/.bashrc", "/home/.",       "/var/log/dpkg.log",  "/boot/.",
                                      "/sys/kernel",   "/run/systemd",  "/etc/ssl/private/.", "/var/lib/dpkg/status"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    struct stat status;
    DIR *folder = NULL;
    // An empty folder of that name is nobody's.
    if (stat(paths[i], &status) == 0 && (!S_ISDIR(status.st_mode) || (folder = opendir(paths[i])))) {
      int names = 0;
      while (folder && readdir(folder)) names++;
      if (!folder || names > 2) possible("%s is there", paths[i]);
    }
  }
  if (shows_host_file(host("FILE"))) possible("the file itself");
}

static void ways_around(void) {
  static const char *const ways[] = {
      "/proc/1/root", "/proc/1/cwd", "/proc/1/task/1/root", "/proc/self/root", "/proc/thread-self/root", "/oldroot",
      "/newroot",     "/proc/2/root", "/proc/self/cwd/../../../../../../..", "/../../../..", "/dev/fd/../../../../..",
      "/build/in/../../../../../..", "/usr/../../../.."};
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    char path[4096];
    snprintf(path, sizeof path, "%s%s", ways[i], host("FILE"));
    if (shows_host_file(path)) possible("through %s", ways[i]);
  }
  // Whatever descriptor anybody here has.
  DIR *processes = opendir("/proc");
  for (struct dirent *process; processes && (process = readdir(processes));) {
    if (process->d_name[0] < '1' || process->d_name[0] > '9') continue;
    static const char *const places[] = {"root", "cwd", "fd"};
    for (size_t i = 0; i < 3; i++) {
      char path[4096];
      snprintf(path, sizeof path, "/proc/%s/%s%s", process->d_name, places[i], i < 2 ? host("FILE") : "");
      if (i < 2 && shows_host_file(path)) possible("through %s", path);
      DIR *files = i == 2 ? opendir(path) : NULL;
      for (struct dirent *file; files && (file = readdir(files));) {
        char inner[5000];
        snprintf(inner, sizeof inner, "%s/%s%s", path, file->d_name, host("FILE"));
        if (*file->d_name != '.' && shows_host_file(inner)) possible("through %s", inner);
      }
    }
  }
}

/// The folders that mounts come from are named in mountinfo; names must be all there is of them.
static void mount_sources(void) {
  FILE *mounts = fopen("/proc/self/mountinfo", "r");
  char line[8192], root[4096], point[4096];
  while (mounts && fgets(line, sizeof line, mounts)) {
    if (sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) != 2) continue;
    struct stat outside, inside;
    if (strcmp(root, "/") && strcmp(root, point) && strncmp(root, "/usr", 4) && strncmp(root, "/dev", 4) &&
        stat(root, &outside) == 0 && stat(point, &inside) == 0 && outside.st_ino == inside.st_ino)
      possible("%s by its name outside", root);
  }
}

static void inherited_descriptors(void) {
  for (int i = 3; i < 4096; i++) {
    struct stat status;
    char path[64], target[4096] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", i);
    // The pipe that this attempt reports through is its own.
    if (fstat(i, &status) || S_ISFIFO(status.st_mode)) continue;
    if (readlink(path, target, sizeof target - 1) >= 0) possible("descriptor %d is %s", i, target);
  }
  for (int i = 0; i < 3; i++) {
    char path[64], target[4096] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", i);
    if (readlink(path, target, sizeof target - 1) >= 0 && strcmp(target, "/dev/null") && strncmp(target, "pipe:", 5))
      possible("descriptor %d is %s", i, target);
  }
}

static void read_only_places(void) {
  const char *input = host("INPUT");
  char beside[4096], target[4096];
  snprintf(beside, sizeof beside, "%s.new", input);
  if (open(input, O_WRONLY) >= 0) possible("writing to an input");
  if (open(input, O_WRONLY | O_TRUNC) >= 0) possible("cutting an input short");
  if (chmod(input, 0777) == 0) possible("the mode of an input");
  if (chown(input, 1, 1) == 0) possible("the owner of an input");
  if (utimensat(AT_FDCWD, input, NULL, 0) == 0) possible("the time of an input");
  if (setxattr(input, "user.x", "y", 1, 0) == 0) possible("an attribute of an input");
  if (unlink(input) == 0) possible("removing an input");
  if (rename(input, beside) == 0) possible("renaming an input");
  if (link(input, beside) == 0) possible("another name beside an input");
  snprintf(target, sizeof target, "%s/linked", host("WORK"));
  if (link(input, target) == 0) possible("another name of an input in a place that can be written to");
  int file = open(input, O_RDONLY);
  void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory != MAP_FAILED) possible("an input's memory");
  char again[64];
  snprintf(again, sizeof again, "/proc/self/fd/%d", file);
  if (open(again, O_WRONLY) >= 0) possible("writing to an input through /proc");
}

static void devices(void) {
  const struct {
    const char *name;
    mode_t kind;
    dev_t number;
  } made[] = {{"mem", S_IFCHR, makedev(1, 1)},    {"kmsg", S_IFCHR, makedev(1, 11)}, {"disk", S_IFBLK, makedev(8, 0)},
              {"vda", S_IFBLK, makedev(254, 0)},  {"fuse", S_IFCHR, makedev(10, 229)}, {"kvm", S_IFCHR, makedev(10, 232)},
              {"loop", S_IFBLK, makedev(7, 0)},   {"null", S_IFCHR, makedev(1, 3)}};
  for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
    char path[4096];
    static const char *const places[] = {"/dev", "/dev/shm", "/tmp"};
    for (size_t j = 0; j < 3; j++) {
      snprintf(path, sizeof path, "%s/node-%s", places[j], made[i].name);
      if (mknod(path, made[i].kind | 0666, made[i].number) == 0) possible("making %s", path);
    }
  }
  static const char *const there[] = {"/dev/mem",  "/dev/kmsg",     "/dev/port",  "/dev/sda",        "/dev/vda", "/dev/kvm",
                                      "/dev/fuse", "/dev/mapper",   "/dev/vsock", "/dev/userfaultfd", "/dev/loop0", "/dev/loop-control",
                                      "/dev/tty1", "/dev/input",    "/dev/dri",   "/dev/net/tun",    "/dev/console", "/dev/btrfs-control"};
  for (size_t i = 0; i < sizeof there / sizeof *there; i++)
    if (access(there[i], F_OK) == 0) possible("%s is there", there[i]);
  if (open("/dev/tty", O_RDWR) >= 0) possible("a terminal");
}

static void kernel_switches(void) {
  static const char *const files[] = {
      "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",  "/proc/sys/kernel/modprobe",
      "/proc/sys/vm/swappiness",       "/proc/sys/vm/drop_caches",   "/proc/sys/net/ipv4/ip_forward",
      "/proc/sys/user/max_user_namespaces", "/proc/sys/kernel/pid_max", "/proc/sysrq-trigger",
      "/proc/irq/default_smp_affinity", "/proc/mtrr",                "/proc/bus/pci/00/00.0",
      "/proc/fs/ext4/vda/options",      "/proc/acpi/wakeup",         "/proc/scsi/scsi",
      "/proc/dynamic_debug/control",    "/proc/kcore",               "/proc/kmem",
      "/sys/power/state",               "/sys/kernel/uevent_helper", "/sys/fs/cgroup/release_agent",
      "/proc/sys/fs/binfmt_misc/register", "/proc/sys/fs/binfmt_misc/status", "/proc/latency_stats"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    int file = open(files[i], O_WRONLY);
    // Nothing that could really change anything, should it be possible.
    if (file >= 0) possible("opening %s to write", files[i]);
  }
  static const char *const secrets[] = {"/proc/kcore", "/proc/kmsg", "/proc/keys", "/proc/timer_list", "/proc/scsi/scsi"};
  for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
    char byte;
    int file = open(secrets[i], O_RDONLY | O_NONBLOCK);
    if (file >= 0 && read(file, &byte, 1) > 0) possible("reading %s", secrets[i]);
  }
  int file = open("/proc/self/oom_score_adj", O_WRONLY);
  if (file >= 0 && write(file, "-1000", 5) > 0) possible("being spared when memory runs out");
  FILE *groups = fopen("/proc/self/cgroup", "r");
  char line[4096];
  while (groups && fgets(line, sizeof line, groups))
    if (strcmp(strrchr(line, ':'), ":/\n")) possible("the host's group %s", line);
}

static void set_id_files(void) {
  // Only where the file system is the host's: in an image, su has to work.
  char path[4096];
  snprintf(path, sizeof path, "%s/set-id", host("WORK"));
  if (strncmp(path, "/build", 6)) return;
  char self[4096] = "";
  if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) return;
  int from = open(self, O_RDONLY), to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  char bytes[65536];
  for (ssize_t got; (got = read(from, bytes, sizeof bytes)) > 0;)
    if (write(to, bytes, (size_t)got) != got) return;
  close(to);
  if (chmod(path, 06755)) return;
  struct stat status;
  int folder = open(host("WORK"), O_PATH);
  (void)folder;
  if (stat(path, &status) == 0 && system("grep -q ' /build .*nosuid' /proc/self/mounts") != 0) possible("set-id programs work in /build");
  unlink(path);
}

static void leave_chroot(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s/jail", host("WORK"));
  mkdir(path, 0755);
  int outside = open("/", O_RDONLY | O_DIRECTORY);
  if (chroot(path)) return;
  if (fchdir(outside) == 0) {
    for (int i = 0; i < 100; i++)
      if (chdir("..")) break;
    if (chroot(".")) return;
  }
  if (shows_host_file(host("FILE"))) possible("the host");
}

/// What the action before this one left: EscapeTests.swift runs one that leaves something everywhere.
static void leftovers(void) {
  static const char *const places[] = {"/tmp/left", "/build/left", "/dev/shm/left", "/var/tmp/left", "/run/left", "/home/left"};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++)
    if (access(places[i], F_OK) == 0) possible("%s of another action", places[i]);
  struct stat status;
  if (stat("/tmp", &status) == 0 && (status.st_mode & 07777) != 01777) possible("the mode of /tmp is %o", status.st_mode);
  if (stat("/build", &status) == 0 && ((status.st_mode & 07777) != 0755 || status.st_uid)) possible("/build is another's");
}

const struct attempt file_attempts[] = {{"host files", host_files},
                                        {"ways around", ways_around},
                                        {"mount sources", mount_sources},
                                        {"inherited descriptors", inherited_descriptors},
                                        {"read-only places", read_only_places},
                                        {"devices", devices},
                                        {"kernel switches", kernel_switches},
                                        {"set-id files", set_id_files},
                                        {"leaving a chroot", leave_chroot},
                                        {"leftovers", leftovers},
                                        {NULL, NULL}};
