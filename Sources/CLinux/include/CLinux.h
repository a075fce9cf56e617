// Calls of Linux that the C library's Swift module leaves out.
#pragma once
#include <sys/xattr.h>
