#pragma once
#include <sqlite3.h>
#include <stddef.h>
// The store is the only user of these besides SQLite, and Swift's Glibc module has none of them. Declared and not
// included, because <sys/xattr.h> would bring a second definition of the system's types.
int syncfs(int fd);
int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags);
long lgetxattr(const char *path, const char *name, void *value, size_t size);
