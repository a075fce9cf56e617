// Attempts on the kernel: namespaces, mounts, and calls that no build needs.
#include "intruder.h"

#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>

static void namespaces(void) {
  static const struct {
    int flag;
    const char *name;
  } kinds[] = {{CLONE_NEWUSER, "user"}, {CLONE_NEWNS, "mount"}, {CLONE_NEWPID, "pid"}, {CLONE_NEWNET, "network"},
               {CLONE_NEWIPC, "ipc"},   {CLONE_NEWUTS, "uts"},  {CLONE_NEWCGROUP, "cgroup"}, {0x80, "time"}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (unshare(kinds[i].flag) == 0) possible("unshare of a %s namespace", kinds[i].name);
    if (kinds[i].flag == 0x80) continue;
    pid_t child = (pid_t)syscall(SYS_clone, (long)kinds[i].flag | 17 /* SIGCHLD */, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    if (child > 0) possible("clone into a %s namespace", kinds[i].name);
    struct clone_args arguments = {.flags = (unsigned)kinds[i].flag, .exit_signal = 17};
    child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) _exit(0);
    if (child > 0) possible("clone3 into a %s namespace", kinds[i].name);
  }
  static const char *const files[] = {"mnt", "net", "pid", "user"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char path[64];
    snprintf(path, sizeof path, "/proc/1/ns/%s", files[i]);
    int file = open(path, O_RDONLY);
    if (file >= 0 && setns(file, 0) == 0) possible("joining %s", path);
  }
}

static void mounts(void) {
  const char *place = host("WORK");
  if (mount("none", place, "tmpfs", 0, NULL) == 0) possible("a tmpfs");
  if (mount("none", place, "proc", 0, NULL) == 0) possible("a /proc");
  if (mount("none", place, "sysfs", 0, NULL) == 0) possible("a /sys");
  if (mount("none", place, "cgroup2", 0, NULL) == 0) possible("control groups");
  if (mount("none", place, "binfmt_misc", 0, NULL) == 0) possible("binfmt_misc");
  if (mount("none", place, "devtmpfs", 0, NULL) == 0) possible("the host's devices");
  if (mount("none", place, "overlay", 0, "lowerdir=/usr,upperdir=/tmp,workdir=/tmp") == 0) possible("an overlay");
  if (mount("/", place, NULL, MS_BIND | MS_REC, NULL) == 0) possible("a bind");
  if (mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL) == 0) possible("/usr to write to");
  if (mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL) == 0) possible("/proc/sys to write to");
  if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == 0) possible("shared mounts");
  if (umount2("/proc/keys", MNT_DETACH) == 0) possible("uncovering /proc/keys");
  if (umount2("/proc/sys", MNT_DETACH) == 0) possible("uncovering /proc/sys");
  if (umount2("/usr", MNT_DETACH) == 0) possible("unmounting /usr");
  if (syscall(SYS_pivot_root, ".", ".") == 0) possible("pivot_root");
  if (syscall(SYS_fsopen, "tmpfs", 0) >= 0) possible("fsopen");
  if (syscall(SYS_fspick, -100, "/usr", 0) >= 0) possible("fspick");
  if (syscall(SYS_open_tree, -100, "/", 1 /* OPEN_TREE_CLONE */) >= 0) possible("open_tree");
  if (syscall(SYS_move_mount, -100, "/usr", -100, place, 0) == 0) possible("move_mount");
  char attributes[32] = {0};
  attributes[8] = 1;
  if (syscall(SYS_mount_setattr, -100, "/usr", 0, attributes, sizeof attributes) == 0) possible("mount_setattr");
}

static void keys(void) {
  if (syscall(SYS_add_key, "user", "graph-test", "x", 1L, -3L) >= 0) possible("add_key");
  if (syscall(SYS_request_key, "user", "graph-test-of-caller", NULL, 0L) >= 0) possible("request_key");
  if (syscall(SYS_keyctl, 0L, -3L, 0L) >= 0) possible("the session's keyring");
  if (syscall(SYS_keyctl, 1L, NULL) >= 0) possible("a keyring of its own");
}

static void calls(void) {
  char buffer[4096];
  union bpf_attr bpf = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
  struct perf_event_attr counter = {.type = PERF_TYPE_SOFTWARE, .size = sizeof counter, .config = PERF_COUNT_SW_TASK_CLOCK, .exclude_kernel = 1};
  struct timespec now = {0, 0};
  clock_gettime(CLOCK_REALTIME, &now);
  if (syscall(SYS_bpf, BPF_MAP_CREATE, &bpf, sizeof bpf) >= 0) possible("bpf");
  if (syscall(SYS_perf_event_open, &counter, 0, -1, -1, 0) >= 0) possible("perf");
  if (syscall(SYS_userfaultfd, 0) >= 0 || syscall(SYS_userfaultfd, 1) >= 0) possible("userfaultfd");
  if (syscall(SYS_io_uring_setup, 4, buffer) >= 0) possible("io_uring");
  if (syscall(SYS_syslog, 3, buffer, sizeof buffer) > 0) possible("the kernel's log");
  if (syscall(SYS_open_by_handle_at, -100, buffer, 0) >= 0 || errno != EPERM) possible("files by handle");
  if (syscall(SYS_kexec_load, 0, 0, NULL, 0) >= 0) possible("another kernel");
  // A kernel without modules does not know the calls.
  if (syscall(SYS_init_module, buffer, sizeof buffer, "") == 0 || (errno != EPERM && errno != ENOSYS)) possible("modules");
  if (syscall(SYS_delete_module, "loop", 0) == 0 || (errno != EPERM && errno != ENOSYS)) possible("removing modules");
  // Magic numbers that the kernel does not know, should it look that far.
  if (syscall(SYS_reboot, 1, 2, 3, NULL) == 0 || errno != EPERM) possible("rebooting");
  if (syscall(SYS_swapon, "/tmp/swap", 0) == 0 || errno != EPERM) possible("swap");
  if (syscall(SYS_acct, NULL) == 0) possible("accounting");
  if (clock_settime(CLOCK_REALTIME, &now) == 0) possible("the clock");
  if (syscall(SYS_vhangup) == 0) possible("vhangup");
#if defined(__x86_64__)
  if (syscall(SYS_iopl, 3) == 0) possible("iopl");
  if (syscall(SYS_ioperm, 0x80, 1, 1) == 0) possible("ioperm");
#endif
}

static void terminal(void) {
  // Its own terminal is no better than another's: what is typed into one by a program is the same call.
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || grantpt(master) || unlockpt(master)) return;
  if (fork() == 0) {
    setsid();
    int slave = open(ptsname(master), O_RDWR);
    ioctl(slave, TIOCSCTTY, 0);
    if (ioctl(slave, TIOCSTI, "x") == 0) possible("typing into a terminal");
    if (ioctl(slave, TIOCLINUX, "\3") == 0) possible("the console's selection");
    _exit(0);
  }
  wait(NULL);
}

static void shared_memory(void) {
  // EscapeTests.swift makes one of this key on the host, and an action before this one has made another.
  if (shmget(0x67726170, 0, 0) >= 0) possible("the host's shared memory");
}

const struct attempt kernel_attempts[] = {{"namespaces", namespaces}, {"mounts", mounts}, {"keys", keys},
                                          {"calls", calls},           {"terminal", terminal}, {"shared memory", shared_memory},
                                          {NULL, NULL}};
