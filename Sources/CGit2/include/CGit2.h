// libgit2, loaded when it is first used (CLibrary.h). A function that is used has a line in forward.c.
#pragma once
#include <git2.h>
