// graph-sandbox: runs one command in namespaces of its own and writes down what it changed.
//
// Three processes. The outermost stays in the caller's namespaces, opens what is there (files, ports) and passes on the
// status; its death kills the rest. The second is process 1 inside: it builds the root, reaps, and captures. The third
// becomes the command. The helper depends on nothing but the kernel (5.12 and later), because Remote Execution workers
// start it in an empty root.
#include "sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static _Noreturn void run_command(const struct options *options) {
  enter_root();
  prctl(PR_SET_DUMPABLE, 1);
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
  for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
  // The status file is closed by exec itself, so that a failed one can still be told apart.
  syscall(SYS_close_range, 3, ~0u, 1u << 2 /* CLOSE_RANGE_CLOEXEC */);
  execvp(options->command[0], options->command);
  int error = errno;
  fprintf(stderr, "graph-sandbox: '%s': %s\n", options->command[0], strerror(error));
  _exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

/// Waits for the command, reaping whatever else ends; then ends whatever is left.
static int wait_for(pid_t command) {
  int status = 0;
  for (;;) {
    int ended;
    pid_t child = waitpid(-1, &ended, 0);
    if (child == command) {
      status = ended;
      break;
    }
    if (child < 0 && errno != EINTR) fail("waiting for the command");
  }
  kill(-1, SIGKILL);
  while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {}
  return status;
}

/// Process 1 of the sandbox.
static _Noreturn void run_inside(const struct options *options, int capture) {
  int64_t started = time(NULL);
  if (!options->network) bring_up_loopback();
  build_root(options);
  register_emulators(options);
  forward_ports(options);
  pid_t command = fork();
  if (command < 0) fail("fork");
  if (command == 0) run_command(options);
  int status = wait_for(command);
  if (WIFSIGNALED(status)) {
    report_status("killed %d\n", WTERMSIG(status));
    _exit(128 + WTERMSIG(status));
  }
  if (WEXITSTATUS(status) == 0) {
    collect_outputs(options);
    take_root_apart();
    if (upper_path() && (capture >= 0 || options->upper)) {
      int upper = open(upper_path(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (upper < 0) fail("the upper folder");
      discard_paths(options, upper);
      capture_upper(options, upper, capture, started);
      close(upper);
    }
  } else {
    take_root_apart();
  }
  report_status("exited %d\n", WEXITSTATUS(status));
  _exit(WEXITSTATUS(status));
}

/// Waits for the sandbox, and ends it when the process that started the helper ends: a parent death signal would
/// follow the thread that started it, which may end much earlier.
static int wait_outside(pid_t child, int caller) {
  int sandbox = (int)syscall(SYS_pidfd_open, child, 0);
  struct pollfd ends[2] = {{sandbox, POLLIN, 0}, {caller, POLLIN, 0}};
  if (sandbox >= 0 && caller >= 0) {
    while (poll(ends, 2, -1) < 0 && errno == EINTR) {}
    if (!ends[0].revents) kill(child, SIGKILL);
  }
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fail("waiting for the sandbox");
  return status;
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

int main(int argc, char **argv) {
  int caller = (int)syscall(SYS_pidfd_open, getppid(), 0);
  static struct options options;
  parse_options(&options, argc, hide_arguments(argc, argv));
  if (options.status) status_descriptor = open_new(options.status);
  if (options.refuse) {
    failure_word = "refused";
    errno = 0;
    fail("%s", options.refuse);
  }
  int capture = options.capture ? open_new(options.capture) : -1;
  open_ports(&options);
  pid_t child = enter_namespaces(&options);
  if (child == 0) {
    if (!options.remove && !options.prepare) run_inside(&options, capture);
    if (options.prepare) prepare_folder(&options);
    else remove_tree(AT_FDCWD, options.remove, false);
    report_status("exited 0\n");
    _exit(0);
  }
  if (options.tty) {
    // The terminal sends them to everybody; the command decides what they mean.
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
  }
  int status = wait_outside(child, caller);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
