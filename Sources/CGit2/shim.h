#include <git2.h>

/// Has the library sync what it writes; a variadic function otherwise.
static inline int git_sync_what_is_written(void) {
  return git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
}
