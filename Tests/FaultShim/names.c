// The calls of the C library that change names, and those that open and close files.
#include "shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t inode_of(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) ? 0 : status.st_ino;
}

static int open_below(int folder, const char *path, const char *full, int flags, mode_t mode) {
  bool is_unnamed = (flags & O_TMPFILE) == O_TMPFILE;
  bool may_make = flags & O_CREAT || is_unnamed, may_cut = flags & O_TRUNC;
  if (!may_make && !may_cut) {
    int descriptor = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (descriptor >= 0) note_open(descriptor, full);
    return descriptor;
  }
  struct stat status;
  struct operation operation = begin(may_make && (is_unnamed || lstat(full, &status)) ? room : disk);
  bool is_new = is_unnamed || lstat(full, &status);
  int descriptor = -1;
  if (operation.error) errno = operation.error;
  else descriptor = (int)syscall(SYS_openat, folder, path, flags, mode);
  if (descriptor >= 0) {
    note_open(descriptor, full);
    if (is_new) record(made, is_unnamed ? "" : full, NULL, inode_of(descriptor), 0, NULL, 0);
    else if (may_cut) record(truncated, NULL, NULL, inode_of(descriptor), 0, NULL, 0);
  }
  finish(operation);
  return descriptor;
}

static int open_any(int folder, const char *path, int flags, mode_t mode) {
  path = boot_file(path);
  if (!is_watching()) return (int)syscall(SYS_openat, folder, path, flags, mode);
  char *full = absolute(folder, path);
  int descriptor = is_below(full) ? open_below(folder, path, full, flags, mode)
                                  : (int)syscall(SYS_openat, folder, path, flags, mode);
  int error = errno;
  free(full);
  errno = error;
  return descriptor;
}

#define MODE_AFTER(flags)                                          \
  mode_t mode = 0;                                                 \
  if ((flags) & O_CREAT || ((flags) & O_TMPFILE) == O_TMPFILE) {   \
    va_list arguments;                                             \
    va_start(arguments, flags);                                    \
    mode = va_arg(arguments, mode_t);                              \
    va_end(arguments);                                             \
  }

int open(const char *path, int flags, ...) {
  MODE_AFTER(flags)
  return open_any(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE_AFTER(flags)
  return open_any(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
  MODE_AFTER(flags)
  return open_any(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
  MODE_AFTER(flags)
  return open_any(folder, path, flags, mode);
}

// What the C library's headers make of calls without a mode, where a program is built with checks.
int __open_2(const char *path, int flags) { return open_any(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_any(AT_FDCWD, path, flags, 0); }
int __openat_2(int folder, const char *path, int flags) { return open_any(folder, path, flags, 0); }
int __openat64_2(int folder, const char *path, int flags) { return open_any(folder, path, flags, 0); }

int creat(const char *path, mode_t mode) { return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int descriptor) {
  if (is_watching()) note_closed(descriptor);
  return (int)syscall(SYS_close, descriptor);
}

/// What the calls on names have in common: `call` is done where it is not refused, and recorded where it succeeds.
#define NAME_CALL(path_folder, path, need, call, ...)    \
  if (!is_watching()) return (int)(call);                \
  char *full = absolute(path_folder, path);              \
  int result = -1;                                       \
  if (!is_below(full)) {                                 \
    result = (int)(call);                                \
  } else {                                               \
    struct operation operation = begin(need);            \
    if (operation.error) errno = operation.error;        \
    else result = (int)(call);                           \
    if (result >= 0) record(__VA_ARGS__);                \
    finish(operation);                                   \
  }                                                      \
  int error = errno;                                     \
  free(full);                                            \
  errno = error;                                         \
  return result;

int mkdirat(int at, const char *path, mode_t mode) {
  NAME_CALL(at, path, room, syscall(SYS_mkdirat, at, path, mode), folder, full, NULL, 0, 0, NULL, 0)
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

char *mkdtemp(char *template) {
  static char *(*real)(char *);
  if (!real) real = (char *(*)(char *))dlsym(RTLD_NEXT, "mkdtemp");
  if (!is_watching()) return real(template);
  char *full = absolute(AT_FDCWD, template);
  char *result = NULL;
  if (!is_below(full)) {
    result = real(template);
  } else {
    struct operation operation = begin(room);
    if (operation.error) errno = operation.error;
    else result = real(template);
    if (result) {
      char *name = absolute(AT_FDCWD, result);
      record(folder, name, NULL, 0, 0, NULL, 0);
      free(name);
    }
    finish(operation);
  }
  free(full);
  return result;
}

int unlinkat(int at, const char *path, int flags) {
  NAME_CALL(at, path, disk, syscall(SYS_unlinkat, at, path, flags), flags & AT_REMOVEDIR ? emptied : unlinked, full,
            NULL, 0, 0, NULL, 0)
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int remove(const char *path) {
  if (!unlink(path)) return 0;
  return errno == EISDIR ? rmdir(path) : -1;
}

int symlinkat(const char *target, int at, const char *path) {
  NAME_CALL(at, path, room, syscall(SYS_symlinkat, target, at, path), symlinked, target, full, 0, 0, NULL, 0)
}

int symlink(const char *target, const char *path) { return symlinkat(target, AT_FDCWD, path); }

static uint64_t inode_at(const char *path) {
  struct stat status;
  return lstat(path, &status) ? 0 : status.st_ino;
}

int linkat(int from_at, const char *from, int at, const char *path, int flags) {
  NAME_CALL(at, path, room, syscall(SYS_linkat, from_at, from, at, path, flags), linked, NULL, full, inode_at(full), 0,
            NULL, 0)
}

int link(const char *from, const char *path) { return linkat(AT_FDCWD, from, AT_FDCWD, path, 0); }

int renameat2(int from_at, const char *from, int at, const char *path, unsigned flags) {
  if (!is_watching()) return (int)syscall(SYS_renameat2, from_at, from, at, path, flags);
  char *source = absolute(from_at, from);
  char *target = absolute(at, path);
  int result = -1;
  if (!is_below(source) && !is_below(target)) {
    result = (int)syscall(SYS_renameat2, from_at, from, at, path, flags);
  } else {
    struct operation operation = begin(disk);
    if (operation.error) errno = operation.error;
    else result = (int)syscall(SYS_renameat2, from_at, from, at, path, flags);
    bool is_plain = !(flags & ~(unsigned)RENAME_NOREPLACE) && is_below(source) && is_below(target);
    if (!result) record(is_plain ? renamed : unknown, is_plain ? source : "rename", target, 0, 0, NULL, 0);
    finish(operation);
  }
  int error = errno;
  free(source);
  free(target);
  errno = error;
  return result;
}

int renameat(int from_at, const char *from, int at, const char *path) {
  return renameat2(from_at, from, at, path, 0);
}

int rename(const char *from, const char *path) { return renameat2(AT_FDCWD, from, AT_FDCWD, path, 0); }
