// A control group (cgroup v2) for what a helper runs, below one that was handed to us: the kernel's own bounds for memory
// and processes.
//
//     DELEGATED            where graph was started; its processes have to leave it, because the kernel lets no group have
//                          both members and groups with bounds
//     DELEGATED/graph-PID  what it runs: one group for each helper
//     DELEGATED/self-PID   graph and its helpers
#include "sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

static int group = -1, runs = -1;
/// Kept open: writing to it starts a new count for those who read it here.
static int peak = -1;
static uint64_t kills_before, refusals_before;

static bool write_in(int folder, const char *name, const char *text) {
  int file = openat(folder, name, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  bool written = write(file, text, strlen(text)) == (ssize_t)strlen(text);
  int error = errno;
  close(file);
  errno = error;
  return written;
}

static bool write_number(int folder, const char *name, uint64_t number) {
  char text[24];
  snprintf(text, sizeof text, "%llu", (unsigned long long)number);
  return write_in(folder, name, text);
}

/// The number behind `key`, or the first one where it is empty; 0 where there is none.
static uint64_t number_in(int folder, const char *name, const char *key) {
  char *text = read_text(folder, name);
  uint64_t number = 0;
  for (char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL)
    if (strncmp(line, key, strlen(key)) == 0) {
      number = strtoull(line + strlen(key), NULL, 10);
      break;
    }
  free(text);
  return number;
}

static bool has_word(const char *words, const char *word) {
  size_t length = strlen(word);
  for (const char *next = words; next && (next = strstr(next, word)); next += length)
    if ((next == words || next[-1] == ' ') && (!next[length] || next[length] == ' ' || next[length] == '\n')) return true;
  return false;
}

/// Where cgroup2 is mounted, and this process's group below it.
static char *own_group(void) {
  char *mounts = read_text(AT_FDCWD, "/proc/self/mountinfo"), *groups = read_text(AT_FDCWD, "/proc/self/cgroup");
  char *place = NULL, *path = NULL;
  for (char *rest = mounts, *line; !place && (line = strsep(&rest, "\n"));) {
    char point[4096];
    if (strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %*s %4095s", point) == 1) place = format_text("%s", point);
  }
  for (char *rest = groups, *line; !path && (line = strsep(&rest, "\n"));)
    if (!strncmp(line, "0::", 3)) path = line + 3;
  char *own = place && path ? format_text("%s%s", place, strcmp(path, "/") ? path : "") : NULL;
  free(mounts);
  free(groups);
  free(place);
  return own;
}

/// Whether root was told that the group is its own to divide. Others can write only what was given to them.
static bool is_given(int folder) {
  char value[8];
  if (!is_root_of_host() || access("/run/systemd/system", F_OK)) return true;
  // Without systemd's mark, only the root of a namespace, such as a container's, is nobody else's.
  char *groups = read_text(AT_FDCWD, "/proc/self/cgroup");
  bool is_top = groups && strstr(groups, "0::/\n");
  free(groups);
  return is_top || fgetxattr(folder, "trusted.delegate", value, sizeof value) == 1 ||
         fgetxattr(folder, "user.delegate", value, sizeof value) == 1;
}

/// Removes groups of earlier runs in which nothing is left.
static void sweep(int folder) {
  int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *names = copy < 0 ? NULL : fdopendir(copy);
  for (struct dirent *name; names && (name = readdir(names));) {
    if (strncmp(name->d_name, "graph-", 6) && strncmp(name->d_name, "self-", 5) && strncmp(name->d_name, "helper-", 7)) continue;
    int inner = openat(folder, name->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (inner >= 0) {
      sweep(inner);
      close(inner);
    }
    unlinkat(folder, name->d_name, AT_REMOVEDIR);
  }
  if (names) closedir(names);
}

/// Where the groups of what runs are made; NULL with the reason.
static char *divide(pid_t graph, uint64_t memory_max, const char **why) {
  *why = "there is no cgroup2";
  char *path = own_group();
  if (!path) return NULL;
  *why = "cgroup2 cannot be reached";
  int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return NULL;
  *why = "its group has no controllers for memory and processes";
  char *controllers = read_text(folder, "cgroup.controllers"), *enabled = read_text(folder, "cgroup.subtree_control");
  if (!has_word(controllers, "memory") || !has_word(controllers, "pids")) return NULL;
  *why = "its group is not handed to it to be divided";
  if (faccessat(folder, "cgroup.subtree_control", W_OK, 0) || faccessat(folder, "cgroup.procs", W_OK, 0)) return NULL;
  if (!is_given(folder)) return NULL;
  sweep(folder);
  *why = "no group can be made in its own";
  char *own_name = format_text("self-%d", graph), *run_name = format_text("graph-%d", graph);
  if (!has_word(enabled, "memory") || !has_word(enabled, "pids")) {
    int self = mkdirat(folder, own_name, 0755) ? -1 : openat(folder, own_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self < 0) return NULL;
    bool moved = write_number(self, "cgroup.procs", (uint64_t)graph) && write_number(self, "cgroup.procs", (uint64_t)getpid());
    close(self);
    if (!moved || !write_in(folder, "cgroup.subtree_control", "+memory +pids")) {
      *why = "other processes are in its group";
      write_number(folder, "cgroup.procs", (uint64_t)graph);
      write_number(folder, "cgroup.procs", (uint64_t)getpid());
      unlinkat(folder, own_name, AT_REMOVEDIR);
      return NULL;
    }
  }
  if (mkdirat(folder, run_name, 0755) && errno != EEXIST) return NULL;
  int runs = openat(folder, run_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (runs < 0 || !write_in(runs, "cgroup.subtree_control", "+memory +pids")) return NULL;
  if (memory_max) write_number(runs, "memory.max", memory_max);
  close(runs);
  close(folder);
  return format_text("%s/%s", path, run_name);
}

/// Linux before 6.12 cannot count a group's memory anew: then each command has a group of its own.
static void make_group(void) {
  char name[32];
  snprintf(name, sizeof name, "helper-%d", getpid());
  if (group >= 0) {
    close(group);
    close(peak);
    unlinkat(runs, name, AT_REMOVEDIR);
  }
  if (mkdirat(runs, name, 0755) && errno != EEXIST) fail("a control group");
  group = openat(runs, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  peak = openat(group, "memory.peak", O_RDWR | O_CLOEXEC);
  if (peak < 0) peak = openat(group, "memory.peak", O_RDONLY | O_CLOEXEC);
  // What outgrows it ends as a whole, and not at the process that happens to ask for more.
  if (group < 0 || !write_in(group, "memory.oom.group", "1")) fail("a control group");
  // What is swapped out would only make the machine slow first. Not every kernel has swap.
  write_in(group, "memory.swap.max", "0");
}

void open_group(const char *folder) {
  runs = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (runs < 0) fail("a control group in '%s'", folder);
  make_group();
}

void delegate(pid_t graph, uint64_t memory_max) {
  const char *why;
  char *folder = divide(graph, memory_max, &why);
  if (!folder) {
    report_status("none %s\n", why);
    return;
  }
  open_group(folder);
  report_status("cgroup %s\n", folder);
}

int prepare_group(struct options *options) {
  if (group < 0) return -1;
  options->cgroup = true;
  if (write(peak, "0", 1) != 1) make_group();
  bool limited = options->memory_max ? write_number(group, "memory.max", options->memory_max)
                                     : write_in(group, "memory.max", "max");
  limited &= options->processes_max ? write_number(group, "pids.max", options->processes_max)
                                    : write_in(group, "pids.max", "max");
  if (!limited) fail("the limits of a control group");
  kills_before = number_in(group, "memory.events", "oom_kill ");
  refusals_before = number_in(group, "pids.events", "max ");
  return group;
}

void report_group(const struct options *options) {
  if (group < 0) return;
  char text[24] = "";
  ssize_t length = pread(peak, text, sizeof text - 1, 0);
  text[length > 0 ? length : 0] = 0;
  // Before whatever process 1 has said of a command that was ended: only this says why.
  if (number_in(group, "memory.events", "oom_kill ") > kills_before)
    report_status("reached memory %llu\n", (unsigned long long)options->memory_max);
  if (number_in(group, "pids.events", "max ") > refusals_before)
    report_status("reached processes %llu\n", (unsigned long long)options->processes_max);
  if (*text) report_status("memory %llu\n", strtoull(text, NULL, 10));
}
