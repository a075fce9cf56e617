// The process outside: it waits for what it started, and ends it when its time is over or nobody wants it any more.
#include "sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

int open_caller(pid_t expected) {
  pid_t parent = getppid();
  int caller = (int)syscall(SYS_pidfd_open, parent, 0);
  // It may have ended before the descriptor was there; then the number is somebody else's.
  if (caller < 0 || (expected && parent != expected) || getppid() != parent) _exit(EXIT_SETUP);
  return caller;
}

static int64_t milliseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int reap(pid_t child) {
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fail("waiting for process %d", child);
  return status;
}

int supervise(pid_t child, int caller, uint64_t seconds, bool *is_wanted) {
  int process = (int)syscall(SYS_pidfd_open, child, 0);
  if (process < 0) fail("pidfd");
  struct pollfd ends[2] = {{process, POLLIN, 0}, {caller, POLLIN, 0}};
  int64_t end = seconds ? milliseconds() + (int64_t)seconds * 1000 : 0;
  *is_wanted = true;
  for (;;) {
    int64_t left = end ? end - milliseconds() : 0;
    // A day at a time: poll counts in ints.
    int ready = end && left <= 0 ? 0 : poll(ends, 2, end && left < 86400000 ? (int)left : end ? 86400000 : -1);
    if (ready < 0 && errno == EINTR) continue;
    if (ends[0].revents) break;
    if (ready == 0 && end > milliseconds()) continue;
    if (ready == 0) report_status("limit time %llu\n", (unsigned long long)seconds);
    else *is_wanted = false;
    kill(child, SIGKILL);
    break;
  }
  close(process);
  return reap(child);
}

/// Ends every process that this one has below it: orphans become its own children, and are found in the next round.
static void end_descendants(void) {
  for (;;) {
    DIR *processes = opendir("/proc");
    if (!processes) fail("/proc");
    for (struct dirent *entry; (entry = readdir(processes));) {
      char path[300], text[512];
      snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
      int file = *entry->d_name >= '1' && *entry->d_name <= '9' ? open(path, O_RDONLY | O_CLOEXEC) : -1;
      if (file < 0) continue;
      ssize_t length = read(file, text, sizeof text - 1);
      close(file);
      text[length > 0 ? length : 0] = 0;
      // `PID (NAME) STATE PARENT …`, and a name may hold anything.
      int parent = 0;
      char *end = strrchr(text, ')');
      if (end && sscanf(end + 1, " %*c %d", &parent) == 1 && parent == getpid())
        kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL);
    }
    closedir(processes);
    if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD) return;
    while (waitpid(-1, NULL, WNOHANG) > 0) {}
  }
}

static volatile sig_atomic_t is_asked_to_end;
static void ask_to_end(int signal) { (void)signal, is_asked_to_end = 1; }

int run_on_host(const struct options *options, int caller) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  struct sigaction action = {.sa_handler = ask_to_end};
  sigset_t asked, usual;
  sigemptyset(&asked);
  sigaddset(&asked, SIGTERM);
  sigaction(SIGTERM, &action, NULL);
  sigprocmask(SIG_BLOCK, &asked, &usual);
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, &usual, NULL);
    execv(options->command[0], options->command);
    int error = errno;
    fprintf(stderr, "graph-sandbox: '%s': %s\n", options->command[0], strerror(error));
    _exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
  }
  int process = (int)syscall(SYS_pidfd_open, child, 0), status = 0;
  struct pollfd ends[2] = {{process, POLLIN, 0}, {caller, POLLIN, 0}};
  while (!is_asked_to_end && ppoll(ends, 2, NULL, &usual) < 0 && errno == EINTR) {}
  if (ends[0].revents) status = reap(child);
  end_descendants();
  if (!ends[0].revents) return EXIT_SETUP;
  // Told on as it was: whoever waits sees a signal as one.
  if (WIFSIGNALED(status)) {
    signal(WTERMSIG(status), SIG_DFL);
    kill(getpid(), WTERMSIG(status));
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
