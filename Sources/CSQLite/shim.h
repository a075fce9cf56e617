#pragma once
#include <sqlite3.h>
// The store is the only user of these two besides SQLite, and Swift's Glibc module has neither of them.
#include <sys/xattr.h>
int syncfs(int fd);
