// Calls of Linux that the C library's Swift module leaves out.
//
// Declared and not included: <sys/xattr.h> and the like would bring a second definition of the system's own types.
#pragma once
#include <stddef.h>
int memfd_create(const char *name, unsigned int flags);
int syncfs(int fd);
int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags);
long lgetxattr(const char *path, const char *name, void *value, size_t size);
int setxattr(const char *path, const char *name, const void *value, size_t size, int flags);
