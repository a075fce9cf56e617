#include "CLibrary.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

static void fail(const struct graph_library *library, const char *reason) {
  fprintf(stderr, "graph: error: the library '%s' cannot be used: %s\n  hint: apt-get install %s\n", library->soname,
          reason ? reason : "unknown reason", library->package);
  _exit(69);
}

void *graph_library_symbol(struct graph_library *library, const char *name) {
  void *handle = __atomic_load_n(&library->handle, __ATOMIC_ACQUIRE);
  if (!handle) {
    // Twice at once does no harm: the system counts, and gives the same handle.
    handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
    if (!handle) fail(library, dlerror());
    __atomic_store_n(&library->handle, handle, __ATOMIC_RELEASE);
  }
  void *address = dlsym(handle, name);
  if (!address) fail(library, dlerror());
  return address;
}
