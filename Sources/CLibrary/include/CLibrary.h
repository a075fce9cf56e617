// Libraries that are loaded when the first of their functions is called: each of them brings a dozen more, and most commands
// call none. Loading them all at the start takes longer than a build that has nothing to do.
#pragma once

// A library and how it came to be here.
struct graph_library {
  const char *soname;
  // The Debian package that it is in, for the message where it is missing.
  const char *package;
  void *handle;
};

// The address of a function. Where the library or the function is missing, says so and ends the process with 69: the same as
// if it had been missing at the start.
void *graph_library_symbol(struct graph_library *library, const char *name);

// Defines a function of a library as one that calls it there. The headers of the library declare it, so the compiler compares
// result and parameters.
#define FORWARD(library, result, name, parameters, arguments)                                   \
  result name parameters {                                                                      \
    static __typeof__(&name) function;                                                          \
    __typeof__(&name) found = __atomic_load_n(&function, __ATOMIC_ACQUIRE);                     \
    if (!found) {                                                                               \
      found = (__typeof__(&name))graph_library_symbol(&library, #name);                         \
      __atomic_store_n(&function, found, __ATOMIC_RELEASE);                                     \
    }                                                                                           \
    return found arguments;                                                                     \
  }
