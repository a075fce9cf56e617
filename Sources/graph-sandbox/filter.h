// The system calls that no action gets, as filter.c needs them for each set of call numbers.
#pragma once
#include <stddef.h>

/// The numbers of one set of calls. A negative one does not exist there.
struct calls {
  /// Refused whatever their arguments are.
  const int *refused;
  size_t refused_count;
  /// Answered as by a kernel that does not have them, because their arguments cannot be looked at.
  const int *absent;
  size_t absent_count;
  int clone, unshare, socket, socketcall, ioctl;
};

extern const struct calls native_calls;
#if defined(__x86_64__)
extern const struct calls i386_calls;
#endif
