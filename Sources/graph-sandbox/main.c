// graph-sandbox: runs one command in namespaces of its own and writes down what it changed.
//
// Three processes. The outermost stays in the caller's namespaces, opens what is there (files, ports) and ends the rest
// when its time is over or nobody wants it; its death ends it, too. The second is process 1 inside: it builds the root,
// reaps, measures, and captures. The third becomes the command. The helper depends on nothing but the kernel (5.12 and
// later), because Remote Execution workers start it in an empty root. `--serve` is one helper for many commands (serve.c).
#include "sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static _Noreturn void run_command(const struct options *options) {
  if (!options->tty && setsid() < 0) fail("session");
  umask(022);
  limit_process(options);
  // From here on it is the image that does not have what was asked for.
  failure_word = "refused";
  switch_user(options->user);
  if (chdir(options->directory)) fail("directory '%s'", options->directory);
  static char *nothing[] = {NULL};
  environ = options->environment.items ? options->environment.items : nothing;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  // By the kernel's own call, because the C library keeps two signals for itself. All zero is what the kernel begins with,
  // whatever the order of its members.
  const unsigned long usual[4] = {0};
  for (int number = 1; number <= 64; number++) syscall(SYS_rt_sigaction, number, usual, NULL, (size_t)8);
  // The status file is closed by exec itself, so that a failed one can still be told apart.
  syscall(SYS_close_range, 3, ~0u, 1u << 2 /* CLOSE_RANGE_CLOEXEC */);
  execvp(options->command[0], options->command);
  int error = errno;
  fprintf(stderr, "graph-sandbox: '%s': %s\n", options->command[0], strerror(error));
  _exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

/// Reaps what has ended. True where the command is among it.
static bool reap(pid_t command, int *status) {
  int ended;
  for (pid_t child; (child = waitpid(-1, &ended, WNOHANG)) != 0;) {
    if (child < 0 && errno != EINTR) fail("waiting for the command");
    if (child != command) continue;
    *status = ended;
    return true;
  }
  return false;
}

/// Waits for the command, measuring now and then what it uses, and ends whatever is left. False where it used too much.
static bool wait_for(const struct options *options, pid_t command, int *status) {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  const struct timespec interval = {watch_interval() / 1000, watch_interval() % 1000 * 1000000L};
  bool within = true, ended = false;
  while (within && !(ended = reap(command, status)))
    if (sigtimedwait(&child, NULL, &interval) < 0 && errno == EAGAIN) within = watch(options);
  kill(-1, SIGKILL);
  while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {}
  return ended;
}

/// Process 1 of the sandbox.
static _Noreturn void run_inside(const struct options *options, int capture) {
  int64_t started = time(NULL);
  build_root(options);
  register_emulators(options);
  leave_host(options);
  forward_ports(options);
  // Waited for, and never handled.
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, NULL);
  pid_t command = fork();
  if (command < 0) fail("fork");
  if (command == 0) run_command(options);
  int status = 0;
  if (!wait_for(options, command, &status)) _exit(128 + SIGKILL);
  if (WIFSIGNALED(status)) {
    report_status("killed %d\n", WTERMSIG(status));
    report_usage(options);
    _exit(128 + WTERMSIG(status));
  }
  clean_upper();
  if (WEXITSTATUS(status) == 0) {
    collect_outputs(options);
    int upper = upper_descriptor();
    if (upper >= 0 && (capture >= 0 || options->upper)) {
      discard_paths(options, upper);
      capture_upper(options, upper, capture, started);
    }
  }
  report_status("exited %d\n", WEXITSTATUS(status));
  report_usage(options);
  _exit(WEXITSTATUS(status));
}

static int open_new(const char *path) {
  int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) fail("'%s'", path);
  return descriptor;
}

/// Moves the arguments away from where /proc/1/cmdline shows them: they name folders of the host, which differ from
/// run to run.
static char **hide_arguments(int argc, char **argv) {
  char **copies = allocate(((size_t)argc + 1) * sizeof *copies);
  for (int i = 0; i < argc; i++) {
    copies[i] = format_text("%s", argv[i]);
    if (i > 0) memset(argv[i], 0, strlen(argv[i]));
  }
  return copies;
}

int run(struct options *options, int caller, bool *is_wanted) {
  if (options->refuse) {
    failure_word = "refused";
    errno = 0;
    fail("%s", options->refuse);
  }
  int capture = options->capture ? open_new(options->capture) : -1;
  open_ports(options);
  pid_t child = enter_namespaces(options, prepare_group(options));
  if (child == 0) {
    if (!options->remove && !options->prepare) run_inside(options, capture);
    if (options->prepare) prepare_folder(options);
    else remove_tree(AT_FDCWD, options->remove, false);
    report_status("exited 0\n");
    _exit(0);
  }
  if (capture >= 0) close(capture);
  int status = supervise(child, caller, options->timeout, is_wanted);
  namespaces_ended();
  report_group(options);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv) {
  // Whoever started this may have left it ignored, and then nothing can be waited for.
  signal(SIGCHLD, SIG_DFL);
  static struct options options;
  parse_options(&options, argc, hide_arguments(argc, argv));
  if (options.serve) serve(&options);
  int caller = open_caller(options.caller);
  if (options.on_host) return run_on_host(&options, caller);
  join_new_session_keyring();
  if (options.status) status_descriptor = open_new(options.status);
  if (options.tty) {
    // The terminal sends them to everybody; the command decides what they mean.
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
  }
  bool is_wanted;
  return run(&options, caller, &is_wanted);
}
