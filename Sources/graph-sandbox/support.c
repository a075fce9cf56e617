// Errors, text and small files: what every other file leans on.
#include "sandbox.h"

#include <fcntl.h>
#include <stdarg.h>

int status_descriptor = -1;
const char *failure_word = "failed";

void report_status(const char *format, ...) {
  if (status_descriptor < 0) return;
  va_list arguments;
  va_start(arguments, format);
  char *line;
  int length = vasprintf(&line, format, arguments);
  va_end(arguments);
  if (length < 0) return;
  // A line is a line, whatever names are in it.
  for (int i = 0; i + 1 < length; i++)
    if ((unsigned char)line[i] < ' ') line[i] = '?';
  write_all(status_descriptor, line, (size_t)length, "the status");
  free(line);
}

static _Noreturn void fail_list(int code, const char *format, va_list arguments) {
  int error = errno;
  char *text = NULL;
  if (vasprintf(&text, format, arguments) < 0) text = NULL;
  char *message = NULL;
  const char *what = text ? text : format;
  if (asprintf(&message, error ? "%s: %s" : "%s", what, strerror(error)) < 0) message = NULL;
  fprintf(stderr, "graph-sandbox: %s\n", message ? message : what);
  report_status("%s %s\n", code == EXIT_EMULATOR ? "emulator" : failure_word, message ? message : what);
  _exit(code);
}

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fail_list(EXIT_SETUP, format, arguments);
}

void fail_with(int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fail_list(code, format, arguments);
}

void *allocate(size_t size) {
  void *memory = calloc(1, size ? size : 1);
  if (!memory) fail("memory");
  return memory;
}

char *format_text(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *text;
  if (vasprintf(&text, format, arguments) < 0) fail("memory");
  va_end(arguments);
  return text;
}

void list_add(struct list *list, const char *text) {
  char **items = realloc(list->items, (list->count + 2) * sizeof *items);
  if (!items) fail("memory");
  list->items = items;
  items[list->count] = format_text("%s", text);
  items[++list->count] = NULL;
}

void write_all(int descriptor, const void *bytes, size_t count, const char *what) {
  const char *next = bytes;
  while (count > 0) {
    ssize_t written = write(descriptor, next, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("%s", what);
    next += written;
    count -= (size_t)written;
  }
}

char *read_text(int folder, const char *path) {
  size_t size;
  return read_content(folder, path, &size);
}

char *read_content(int folder, const char *path, size_t *count) {
  int descriptor = openat(folder, path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return NULL;
  size_t size = 0, room = 4096;
  char *text = allocate(room);
  for (;;) {
    if (size + 1 >= room) {
      room *= 2;
      text = realloc(text, room);
      if (!text) fail("memory");
    }
    ssize_t got = read(descriptor, text + size, room - size - 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size += (size_t)got;
  }
  text[size] = 0;
  *count = size;
  close(descriptor);
  return text;
}
