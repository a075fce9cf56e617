// The lock, the log, and what happens at which operation.
#include "shim.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *below;
static char *boot;
static int log_descriptor = -1;
/// A child between fork and exec has our memory, and must not wait for a lock that a thread of ours holds.
static pid_t owner;
static uint64_t count, at = UINT64_MAX;
static enum { none, kill_before, kill_after, tear, stop, full, broken } what;

static char *taken(const char *name) {
  const char *value = getenv(name);
  char *copy = value && *value ? strdup(value) : NULL;
  unsetenv(name);
  return copy;
}

__attribute__((constructor)) static void start(void) {
  static const char *const words[] = {"", "kill", "killed", "tear", "stop", "full", "broken"};
  unsetenv("LD_PRELOAD");
  owner = getpid();
  boot = taken("FAULTS_BOOT");
  char *file = taken("FAULTS_LOG"), *number = taken("FAULTS_AT"), *word = taken("FAULTS_DO");
  if (file) {
    log_descriptor = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_descriptor < 0) abort();
  }
  if (number) at = strtoull(number, NULL, 10);
  for (size_t i = 1; word && i < sizeof words / sizeof *words; i++)
    if (!strcmp(word, words[i])) what = i;
  if (word && !what) abort();
  free(file);
  free(number);
  free(word);
  below = taken("FAULTS_BELOW");
}

bool is_watching(void) { return below && getpid() == owner; }

bool is_below(const char *path) {
  size_t length = strlen(below);
  return !strncmp(path, below, length) && (path[length] == '/' || !path[length]);
}

struct operation begin(enum needs needs) {
  pthread_mutex_lock(&lock);
  struct operation operation = {0};
  count++;
  if (what == full && count >= at && needs == room) operation.error = ENOSPC;
  if (what == broken && count >= at && needs != nothing) operation.error = EIO;
  if (count != at) return operation;
  switch (what) {
    case kill_before: raise(SIGKILL); break;
    case stop: raise(SIGSTOP); break;
    case kill_after: operation.ends = true; break;
    case tear: operation.is_torn = operation.ends = true; break;
    // A disk that fills up takes the beginning of what no longer fits.
    case full: operation.is_torn = true; break;
    case none: case broken: break;
  }
  return operation;
}

void finish(struct operation operation) {
  if (operation.ends) raise(SIGKILL);
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
}

void record(enum kind kind, const char *first, const char *second, uint64_t inode, uint64_t offset, const void *data,
            size_t size) {
  if (log_descriptor < 0) return;
  int error = errno;
  struct record head = {
      .kind = kind, .first = first ? (uint32_t)strlen(first) : 0, .second = second ? (uint32_t)strlen(second) : 0,
      .size = (uint32_t)size, .inode = inode, .offset = offset};
  struct iovec parts[] = {{&head, sizeof head}, {(char *)first, head.first}, {(char *)second, head.second},
                          {(void *)data, size}};
  // All or nothing: half a record would make the rest of the log nonsense.
  size_t length = sizeof head + head.first + head.second + size;
  if (syscall(SYS_writev, log_descriptor, parts, 4) != (ssize_t)length) abort();
  errno = error;
}

const char *boot_file(const char *path) {
  return boot && !strcmp(path, "/proc/sys/kernel/random/boot_id") ? boot : path;
}

char *absolute(int folder, const char *path) {
  char base[4096] = "";
  if (*path != '/') {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(folder == AT_FDCWD ? "/proc/self/cwd" : link, base, sizeof base - 1);
    base[length > 0 ? length : 0] = 0;
  }
  char *result;
  if (asprintf(&result, "%s/%s", base, path) < 0) abort();
  char *to = result;
  for (const char *from = result; *from; from++)
    if (*from != '/' || (from[1] != '/' && from[1])) *to++ = *from;
  *to = 0;
  return result;
}

enum { descriptors_max = 65536 };
static char *paths[descriptors_max];

void note_open(int descriptor, const char *path) {
  if (descriptor < 0 || descriptor >= descriptors_max) return;
  char *old = __atomic_exchange_n(&paths[descriptor], strdup(path), __ATOMIC_SEQ_CST);
  free(old);
}

void note_closed(int descriptor) {
  if (!is_noted(descriptor)) return;
  free(__atomic_exchange_n(&paths[descriptor], NULL, __ATOMIC_SEQ_CST));
}

bool is_noted(int descriptor) {
  return descriptor >= 0 && descriptor < descriptors_max && __atomic_load_n(&paths[descriptor], __ATOMIC_SEQ_CST);
}

const char *noted_path(int descriptor) { return paths[descriptor]; }
