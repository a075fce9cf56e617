// Runs every attempt in a process of its own, and prints `denied NAME` or `POSSIBLE NAME: WHAT` for each.
#include "intruder.h"

#include <stdarg.h>
#include <sys/wait.h>

static int report = -1;

void possible(const char *format, ...) {
  int error = errno;
  va_list arguments;
  va_start(arguments, format);
  vdprintf(report, format, arguments);
  va_end(arguments);
  dprintf(report, "; ");
  errno = error;
}

const char *host(const char *name) {
  char variable[64];
  snprintf(variable, sizeof variable, "HOST_%s", name);
  const char *value = getenv(variable);
  if (!value) {
    printf("POSSIBLE nothing: the test gave no %s\n", variable);
    exit(1);
  }
  return value;
}

char *marker(void) {
  char *text;
  if (asprintf(&text, "%s%s", host("MARKER_1"), host("MARKER_2")) < 0) exit(1);
  return text;
}

bool shows_host_file(const char *path) {
  char text[64] = "";
  int file = open(path, O_RDONLY | O_NONBLOCK);
  if (file < 0) return false;
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  return length > 0 && strncmp(text, "only the host has this", 22) == 0;
}

static void try(const struct attempt *attempt) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) exit(1);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    report = ends[1];
    // Whoever waits for what is denied for ever was denied it.
    alarm(10);
    attempt->run();
    _exit(0);
  }
  close(ends[1]);
  char text[4096];
  size_t length = 0;
  for (ssize_t got; length < sizeof text - 1 && (got = read(ends[0], text + length, sizeof text - 1 - length)) > 0;)
    length += (size_t)got;
  text[length] = 0;
  close(ends[0]);
  waitpid(child, NULL, 0);
  if (length) printf("POSSIBLE %s: %s\n", attempt->name, text);
  else printf("denied %s\n", attempt->name);
}

int main(void) {
  const struct attempt *all[] = {file_attempts, process_attempts, network_attempts, kernel_attempts};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    for (const struct attempt *attempt = all[i]; attempt->name; attempt++) try(attempt);
  return 0;
}
