// The calls of the C library that change what is in files, and those that sync.
#include "shim.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static uint64_t inode_of(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) ? 0 : status.st_ino;
}

/// Writes at an offset, or where the file stands with -1.
static ssize_t write_noted(int descriptor, const void *data, size_t size, off_t offset) {
  struct operation operation = begin(room);
  ssize_t result = -1;
  size_t asked = operation.is_torn && size > 1 ? size / 2 : size;
  if (operation.error && !operation.is_torn) errno = operation.error;
  else if (offset < 0) result = syscall(SYS_write, descriptor, data, asked);
  else result = syscall(SYS_pwrite64, descriptor, data, asked, offset);
  if (result > 0) {
    if (offset < 0) offset = syscall(SYS_lseek, descriptor, 0, SEEK_CUR) - result;
    record(written, NULL, NULL, inode_of(descriptor), (uint64_t)offset, data, (size_t)result);
  }
  finish(operation);
  return result;
}

ssize_t write(int descriptor, const void *data, size_t size) {
  if (!is_watching()) return syscall(SYS_write, descriptor, data, size);
  if (is_noted(descriptor)) return write_noted(descriptor, data, size, -1);
  ssize_t result = syscall(SYS_write, descriptor, data, size);
  // In the order of the rest, without being an operation: a promise that was made before what follows it.
  if (result > 0 && (descriptor == 1 || descriptor == 2))
    record(said, NULL, NULL, (uint64_t)descriptor, 0, data, (size_t)result);
  return result;
}

ssize_t pwrite(int descriptor, const void *data, size_t size, off_t offset) {
  if (!is_watching() || !is_noted(descriptor)) return syscall(SYS_pwrite64, descriptor, data, size, offset);
  return write_noted(descriptor, data, size, offset);
}

ssize_t pwrite64(int descriptor, const void *data, size_t size, off_t offset) {
  return pwrite(descriptor, data, size, offset);
}

/// Several buffers are one operation.
static ssize_t write_parts(int descriptor, const struct iovec *parts, int count, off_t offset) {
  size_t size = 0;
  for (int i = 0; i < count; i++) size += parts[i].iov_len;
  char *whole = malloc(size ? size : 1), *end = whole;
  if (!whole) return -1;
  for (int i = 0; i < count; i++) end = mempcpy(end, parts[i].iov_base, parts[i].iov_len);
  ssize_t result = write_noted(descriptor, whole, size, offset);
  int error = errno;
  free(whole);
  errno = error;
  return result;
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
  if (!is_watching() || !is_noted(descriptor)) return syscall(SYS_writev, descriptor, parts, count);
  return write_parts(descriptor, parts, count, -1);
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
  if (!is_watching() || !is_noted(descriptor)) return syscall(SYS_pwritev, descriptor, parts, count, offset, 0);
  return write_parts(descriptor, parts, count, offset);
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off_t offset) {
  return pwritev(descriptor, parts, count, offset);
}

int ftruncate(int descriptor, off_t size) {
  if (!is_watching() || !is_noted(descriptor)) return (int)syscall(SYS_ftruncate, descriptor, size);
  struct stat status;
  bool grows = !fstat(descriptor, &status) && status.st_size < size;
  struct operation operation = begin(grows ? room : disk);
  int result = -1;
  if (operation.error) errno = operation.error;
  else result = (int)syscall(SYS_ftruncate, descriptor, size);
  if (!result) record(truncated, NULL, NULL, inode_of(descriptor), (uint64_t)size, NULL, 0);
  finish(operation);
  return result;
}

int ftruncate64(int descriptor, off_t size) { return ftruncate(descriptor, size); }

int truncate(const char *path, off_t size) {
  int descriptor = open(path, O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return -1;
  int result = ftruncate(descriptor, size);
  int error = errno;
  close(descriptor);
  errno = error;
  return result;
}

int truncate64(const char *path, off_t size) { return truncate(path, size); }

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
  if (!is_watching() || !is_noted(descriptor)) return (int)syscall(SYS_fallocate, descriptor, mode, offset, length);
  struct operation operation = begin(room);
  int result = -1;
  if (operation.error) errno = operation.error;
  else result = (int)syscall(SYS_fallocate, descriptor, mode, offset, length);
  struct stat status;
  if (!result && !fstat(descriptor, &status)) {
    // A larger file is as after a truncation; holes and the like would have to be recorded otherwise.
    if (mode & ~FALLOC_FL_KEEP_SIZE) record(unknown, "fallocate", NULL, 0, 0, NULL, 0);
    else if (!mode) record(truncated, NULL, NULL, status.st_ino, (uint64_t)status.st_size, NULL, 0);
  }
  finish(operation);
  return result;
}

int fallocate64(int descriptor, int mode, off_t offset, off_t length) {
  return fallocate(descriptor, mode, offset, length);
}

int posix_fallocate(int descriptor, off_t offset, off_t length) {
  return fallocate(descriptor, 0, offset, length) ? errno : 0;
}

int posix_fallocate64(int descriptor, off_t offset, off_t length) {
  return posix_fallocate(descriptor, offset, length);
}

/// What the kernel copied by itself, read back.
static ssize_t copied(int descriptor, off_t end, ssize_t size) {
  if (size <= 0) return size;
  char *data = malloc((size_t)size);
  char path[] = "/proc/self/fd/0000000000";
  for (int digit = (int)strlen(path) - 1, rest = descriptor; path[digit] != '/'; digit--, rest /= 10)
    path[digit] = (char)('0' + rest % 10);
  // Numbers in /proc have no zeros in front.
  char *number = strrchr(path, '/') + 1;
  memmove(number, number + strspn(number, "0"), strlen(number + strspn(number, "0")) + 1);
  int reading = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (data && reading >= 0 && syscall(SYS_pread64, reading, data, size, end - size) == size)
    record(written, NULL, NULL, inode_of(descriptor), (uint64_t)(end - size), data, (size_t)size);
  else record(unknown, "copy", NULL, 0, 0, NULL, 0);
  if (reading >= 0) syscall(SYS_close, reading);
  free(data);
  return size;
}

ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *offset, size_t size, unsigned flags) {
  if (!is_watching() || !is_noted(to))
    return syscall(SYS_copy_file_range, from, from_offset, to, offset, size, flags);
  struct operation operation = begin(room);
  ssize_t result = -1;
  if (operation.error) errno = operation.error;
  else result = syscall(SYS_copy_file_range, from, from_offset, to, offset, size, flags);
  if (result > 0) copied(to, offset ? *offset : syscall(SYS_lseek, to, 0, SEEK_CUR), result);
  finish(operation);
  return result;
}

ssize_t sendfile(int to, int from, off_t *from_offset, size_t size) {
  if (!is_watching() || !is_noted(to)) return syscall(SYS_sendfile, to, from, from_offset, size);
  struct operation operation = begin(room);
  ssize_t result = -1;
  if (operation.error) errno = operation.error;
  else result = syscall(SYS_sendfile, to, from, from_offset, size);
  if (result > 0) copied(to, syscall(SYS_lseek, to, 0, SEEK_CUR), result);
  finish(operation);
  return result;
}

ssize_t sendfile64(int to, int from, off_t *from_offset, size_t size) {
  return sendfile(to, from, from_offset, size);
}

void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
  // SQLite's index of its log is shared memory between processes and no content: the first process makes it anew.
  if (is_watching() && is_noted(descriptor) && protection & PROT_WRITE && flags & MAP_SHARED) {
    size_t end = strlen(noted_path(descriptor));
    if (end < 4 || strcmp(noted_path(descriptor) + end - 4, "-shm"))
      record(unknown, "mmap", NULL, 0, 0, NULL, 0);
  }
  return (void *)syscall(SYS_mmap, address, length, protection, flags, descriptor, offset);
}

void *mmap64(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
  return mmap(address, length, protection, flags, descriptor, offset);
}

static int sync_noted(int descriptor, long number, bool is_whole) {
  if (!is_watching() || !is_noted(descriptor)) return (int)syscall(number, descriptor);
  struct operation operation = begin(disk);
  int result = -1;
  if (operation.error) errno = operation.error;
  else result = (int)syscall(number, descriptor);
  if (!result)
    record(is_whole ? all_synced : synced, noted_path(descriptor), NULL, inode_of(descriptor), 0, NULL, 0);
  finish(operation);
  return result;
}

int fsync(int descriptor) { return sync_noted(descriptor, SYS_fsync, false); }
int fdatasync(int descriptor) { return sync_noted(descriptor, SYS_fdatasync, false); }
int syncfs(int descriptor) { return sync_noted(descriptor, SYS_syncfs, true); }
