// Calls of Linux that the C library's Swift module leaves out, and one that is a macro's work.
//
// Declared and not included: <sys/xattr.h> and the like would bring a second definition of the system's own types.
#pragma once
#include <stddef.h>
int memfd_create(const char *name, unsigned int flags);
int pipe2(int ends[2], int flags);
int syncfs(int fd);
int renameat2(int source_folder, const char *source, int target_folder, const char *target, unsigned int flags);
int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags);
long lgetxattr(const char *path, const char *name, void *value, size_t size);
int setxattr(const char *path, const char *name, const void *value, size_t size, int flags);

/// Sends bytes over a socket with descriptors beside the first of them. Returns how many bytes went, or -1 with errno.
long send_with_descriptors(int socket, const void *bytes, size_t size, const int *descriptors, size_t count);
