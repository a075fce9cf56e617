// The call numbers of the machine that the helper is made for.
#include <asm/unistd.h>

#define CALLS native_calls
#include "filter_calls.h"
