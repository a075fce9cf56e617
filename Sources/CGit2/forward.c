#include "CGit2.h"
#include "CLibrary.h"

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)
// The version is part of the library's name.
#define VERSION NUMBER(LIBGIT2_VER_MAJOR) "." NUMBER(LIBGIT2_VER_MINOR)

static struct graph_library git = {"libgit2.so." VERSION, "libgit2-" VERSION, 0};

FORWARD(git, void, git_blob_free, (git_blob *a), (a))
FORWARD(git, int, git_blob_lookup, (git_blob **a, git_repository *b, const git_oid *c), (a, b, c))
FORWARD(git, const void *, git_blob_rawcontent, (const git_blob *a), (a))
FORWARD(git, git_object_size_t, git_blob_rawsize, (const git_blob *a), (a))
FORWARD(git, void, git_commit_free, (git_commit *a), (a))
FORWARD(git, int, git_commit_lookup,
  (git_commit **a, git_repository *b, const git_oid *c),
  (a, b, c))
FORWARD(git, git_time_t, git_commit_time, (const git_commit *a), (a))
FORWARD(git, const git_oid *, git_commit_tree_id, (const git_commit *a), (a))
FORWARD(git, int, git_credential_default_new, (git_credential **a), (a))
FORWARD(git, int, git_credential_ssh_key_from_agent, (git_credential **a, const char *b), (a, b))
FORWARD(git, int, git_credential_username_new, (git_credential **a, const char *b), (a, b))
FORWARD(git, const git_error *, git_error_last, (void), ())
FORWARD(git, int, git_fetch_options_init, (git_fetch_options *a, unsigned int b), (a, b))
FORWARD(git, int, git_libgit2_init, (void), ())
FORWARD(git, void, git_object_free, (git_object *a), (a))
FORWARD(git, const git_oid *, git_object_id, (const git_object *a), (a))
FORWARD(git, int, git_object_lookup,
  (git_object **a, git_repository *b, const git_oid *c, git_object_t d),
  (a, b, c, d))
FORWARD(git, int, git_object_peel, (git_object **a, const git_object *b, git_object_t c), (a, b, c))
FORWARD(git, void, git_odb_free, (git_odb *a), (a))
FORWARD(git, int, git_odb_read_header,
  (size_t *a, git_object_t *b, git_odb *c, const git_oid *d),
  (a, b, c, d))
FORWARD(git, int, git_oid_fromstr, (git_oid *a, const char *b), (a, b))
FORWARD(git, void, git_reference_iterator_free, (git_reference_iterator *a), (a))
FORWARD(git, int, git_reference_iterator_glob_new,
  (git_reference_iterator **a, git_repository *b, const char *c),
  (a, b, c))
FORWARD(git, int, git_reference_name_to_id,
  (git_oid *a, git_repository *b, const char *c),
  (a, b, c))
FORWARD(git, int, git_reference_next_name, (const char **a, git_reference_iterator *b), (a, b))
FORWARD(git, int, git_remote_create_anonymous,
  (git_remote **a, git_repository *b, const char *c),
  (a, b, c))
FORWARD(git, int, git_remote_fetch,
  (git_remote *a, const git_strarray *b, const git_fetch_options *c, const char *d),
  (a, b, c, d))
FORWARD(git, void, git_remote_free, (git_remote *a), (a))
FORWARD(git, const git_indexer_progress *, git_remote_stats, (git_remote *a), (a))
FORWARD(git, void, git_repository_free, (git_repository *a), (a))
FORWARD(git, int, git_repository_init, (git_repository **a, const char *b, unsigned c), (a, b, c))
FORWARD(git, int, git_repository_odb, (git_odb **a, git_repository *b), (a, b))
FORWARD(git, int, git_repository_open_bare, (git_repository **a, const char *b), (a, b))
FORWARD(git, const git_tree_entry *, git_tree_entry_byindex, (const git_tree *a, size_t b), (a, b))
FORWARD(git, const git_tree_entry *, git_tree_entry_byname,
  (const git_tree *a, const char *b),
  (a, b))
FORWARD(git, git_filemode_t, git_tree_entry_filemode, (const git_tree_entry *a), (a))
FORWARD(git, const git_oid *, git_tree_entry_id, (const git_tree_entry *a), (a))
FORWARD(git, const char *, git_tree_entry_name, (const git_tree_entry *a), (a))
FORWARD(git, git_object_t, git_tree_entry_type, (const git_tree_entry *a), (a))
FORWARD(git, size_t, git_tree_entrycount, (const git_tree *a), (a))
FORWARD(git, void, git_tree_free, (git_tree *a), (a))
FORWARD(git, int, git_tree_lookup, (git_tree **a, git_repository *b, const git_oid *c), (a, b, c))

int git_sync_what_is_written(void) {
  int (*set)(int, ...) = (int (*)(int, ...))graph_library_symbol(&git, "git_libgit2_opts");
  return set(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
}
