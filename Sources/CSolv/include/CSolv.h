// libsolv, loaded when it is first used (CLibrary.h). A function that is used has a line in forward.c.
#pragma once
// The fields of a package with a prefix, as later versions of the library call them.
#define LIBSOLV_SOLVABLE_PREPEND_DEP 1
#include <solv/bitmap.h>
#include <solv/evr.h>
#include <solv/pool.h>
#include <solv/pool_parserpmrichdep.h>
#include <solv/poolarch.h>
#include <solv/repo.h>
#include <solv/repo_rpmmd.h>
#include <solv/repo_solv.h>
#include <solv/repo_write.h>
#include <solv/selection.h>
#include <solv/solver.h>
#include <solv/rules.h>
#include <solv/solvable.h>
#include <solv/chksum.h>
#include <solv/solv_xfopen.h>
#include <solv/solvversion.h>
#include <solv/transaction.h>
