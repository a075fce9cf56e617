// Attempts on processes: the host's, the helper's, the environment of who started it all, signals, capabilities, limits.
#include "intruder.h"

#include <dirent.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>

static bool holds(const char *path, const char *text) {
  static char bytes[1 << 20];
  int file = open(path, O_RDONLY | O_NONBLOCK);
  if (file < 0) return false;
  ssize_t length = read(file, bytes, sizeof bytes);
  close(file);
  return length > 0 && memmem(bytes, (size_t)length, text, strlen(text));
}

static void caller_environment(void) {
  char *text = marker();
  DIR *processes = opendir("/proc");
  for (struct dirent *process; processes && (process = readdir(processes));) {
    if (process->d_name[0] < '1' || process->d_name[0] > '9') continue;
    static const char *const files[] = {"environ", "cmdline", "mem", "stack", "comm"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
      char path[300];
      snprintf(path, sizeof path, "/proc/%s/%s", process->d_name, files[i]);
      if (holds(path, text)) possible("in %s", path);
    }
  }
  static const char *const allowed[] = {"PATH=", "HOME=", "LC_ALL=", "TZ=", "SOURCE_DATE_EPOCH=", "HOST_", "PWD=", "SHLVL=", "_=", "OLDPWD="};
  for (char **variable = environ; *variable; variable++) {
    bool known = false;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) known |= !strncmp(*variable, allowed[i], strlen(allowed[i]));
    if (!known) possible("the variable %s", *variable);
  }
}

static void helper(void) {
  static const char *const files[] = {"environ", "mem", "maps", "exe", "root", "cwd", "ns/mnt", "ns/user", "fd/0", "auxv", "pagemap"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char path[64];
    snprintf(path, sizeof path, "/proc/1/%s", files[i]);
    // Whoever may open it may still not look into it.
    char byte;
    int file = open(path, O_RDONLY | O_NONBLOCK);
    if (file >= 0 && (read(file, &byte, 1) > 0 || strchr("nrc", *files[i]))) possible("%s", path);
  }
  if (ptrace(PTRACE_ATTACH, 1, NULL, NULL) == 0) possible("ptrace");
  if (ptrace(PTRACE_SEIZE, 1, NULL, NULL) == 0) possible("ptrace");
  char bytes[16];
  struct iovec here = {bytes, sizeof bytes}, there = {(void *)&host, sizeof bytes};
  if (process_vm_readv(1, &here, 1, &there, 1, 0) > 0) possible("reading its memory");
  if (process_vm_writev(1, &here, 1, &there, 1, 0) > 0) possible("writing its memory");
  int process = (int)syscall(SYS_pidfd_open, 1, 0);
  if (process >= 0 && syscall(SYS_pidfd_getfd, process, 0, 0) >= 0) possible("its descriptors");
  if (process >= 0 && syscall(SYS_setns, process, CLONE_NEWNS) == 0) possible("its mounts");
  // Process 1 of a namespace hears only what it listens to.
  kill(1, SIGKILL);
  kill(1, SIGTERM);
}

static void host_processes(void) {
  pid_t test = (pid_t)atoi(host("PID"));
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/cmdline", test);
  if (holds(path, "swift") || holds(path, "xctest")) possible("the test itself");
  DIR *processes = opendir("/proc");
  int count = 0;
  for (struct dirent *process; processes && (process = readdir(processes));)
    count += process->d_name[0] >= '1' && process->d_name[0] <= '9';
  // Process 1, a shell, this program twice, and a few that it may have left.
  if (count > 40) possible("%d processes can be seen", count);
  if (kill(test, 0) == 0 && test > 1000) possible("a signal to the test");
}

static void names_of_host(void) {
  struct utsname name;
  if (uname(&name) == 0 && strcmp(name.nodename, "graph")) possible("the host is called %s", name.nodename);
  if (strcmp(name.domainname, "(none)")) possible("its domain is %s", name.domainname);
  if (sethostname("other", 5) == 0) possible("another name");
}

static void capabilities(void) {
  static const unsigned forbidden[] = {CAP_SYS_ADMIN,  CAP_SYS_PTRACE, CAP_SYS_MODULE,     CAP_SYS_RAWIO,   CAP_NET_ADMIN, CAP_SYS_TIME,
                                       CAP_SYS_BOOT,   CAP_SYSLOG,     CAP_SYS_RESOURCE,   CAP_MAC_ADMIN,   CAP_BPF,       CAP_PERFMON,
                                       CAP_SYS_NICE,   CAP_IPC_LOCK,   CAP_LINUX_IMMUTABLE, CAP_DAC_READ_SEARCH, CAP_SYS_PACCT, CAP_CHECKPOINT_RESTORE};
  for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
    if (prctl(PR_CAPBSET_READ, forbidden[i]) == 1) possible("capability %u", forbidden[i]);
  if (setpriority(PRIO_PROCESS, 0, -5) == 0) possible("being preferred");
  struct sched_param parameters = {.sched_priority = 1};
  if (sched_setscheduler(0, SCHED_FIFO, &parameters) == 0) possible("real time");
  struct rlimit limit;
  if (getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max > 0) possible("core dumps");
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_max += 1;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0) possible("more descriptors");
  }
}

static void inherited_signals(void) {
  FILE *status = fopen("/proc/self/status", "r");
  char line[256];
  while (status && fgets(line, sizeof line, status)) {
    unsigned long long signals;
    if ((sscanf(line, "SigBlk: %llx", &signals) == 1 || sscanf(line, "SigIgn: %llx", &signals) == 1) && signals) possible("%s", line);
  }
}

/// They write to a place of the host, should they outlive the action; the test looks for them by their name.
static void daemons(void) {
  for (int i = 0; i < 3; i++) {
    if (fork() > 0) continue;
    setsid();
    if (fork() > 0) _exit(0);
    prctl(PR_SET_NAME, "intruder-stays");
    prctl(PR_SET_PDEATHSIG, 0);
    for (int number = 1; number < 65; number++) signal(number, SIG_IGN);
    // Not even the report's pipe is held on to.
    for (int file = 0; file < 1024; file++) close(file);
    for (;;) pause();
  }
  while (wait(NULL) > 0) {}
}

const struct attempt process_attempts[] = {{"environment of the caller", caller_environment},
                                           {"the helper", helper},
                                           {"processes of the host", host_processes},
                                           {"names of the host", names_of_host},
                                           {"capabilities and limits", capabilities},
                                           {"inherited signals", inherited_signals},
                                           {"daemons", daemons},
                                           {NULL, NULL}};
