// libgit2, loaded when it is first used (CLibrary.h). A function that is used has a line in forward.c.
#pragma once
#include <git2.h>

// Has the library sync what it writes. A variadic function otherwise, which Swift cannot call.
int git_sync_what_is_written(void);
