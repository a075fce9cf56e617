// The call numbers of 32-bit programs on x86_64.
#if defined(__x86_64__)
#include <asm/unistd_32.h>

#define CALLS i386_calls
#include "filter_calls.h"
#endif
