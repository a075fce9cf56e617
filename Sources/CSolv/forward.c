#include "CSolv.h"
#include "CLibrary.h"

static struct graph_library solv = {"libsolv.so.1", "libsolv1", 0};
static struct graph_library solvext = {"libsolvext.so.1", "libsolvext1", 0};

FORWARD(solv, void, map_free, (Map *a), (a))
FORWARD(solv, void, map_init, (Map *a, int b), (a, b))
FORWARD(solv, void, pool_addfileprovides, (Pool *a), (a))
FORWARD(solv, void, pool_addfileprovides_queue, (Pool *a, Queue *b, Queue *c), (a, b, c))
FORWARD(solv, Id, pool_addrelproviders, (Pool *a, Id b), (a, b))
FORWARD(solv, Pool *, pool_create, (void), ())
FORWARD(solv, void, pool_createwhatprovides, (Pool *a), (a))
FORWARD(solv, const char *, pool_dep2str, (Pool *a, Id b), (a, b))
FORWARD(solv, char *, pool_errstr, (Pool *a), (a))
FORWARD(solv, int, pool_evrcmp, (const Pool *a, Id b, Id c, int d), (a, b, c, d))
FORWARD(solv, int, pool_evrcmp_str,
  (const Pool *a, const char *b, const char *c, int d),
  (a, b, c, d))
FORWARD(solv, void, pool_free, (Pool *a), (a))
FORWARD(solv, void, pool_freewhatprovides, (Pool *a), (a))
FORWARD(solv, const char *, pool_id2str, (const Pool *a, Id b), (a, b))
FORWARD(solv, int, pool_match_nevr_rel, (Pool *a, Solvable *b, Id c), (a, b, c))
FORWARD(solv, Id, pool_queuetowhatprovides, (Pool *a, Queue *b), (a, b))
FORWARD(solv, Id, pool_rel2id, (Pool *a, Id b, Id c, int d, int e), (a, b, c, d, e))
FORWARD(solv, int, pool_set_flag, (Pool *a, int b, int c), (a, b, c))
FORWARD(solv, void, pool_set_installed, (Pool *a, struct s_Repo *b), (a, b))
FORWARD(solv, void, pool_setarchpolicy, (Pool *a, const char *b), (a, b))
FORWARD(solv, int, pool_setdisttype, (Pool *a, int b), (a, b))
FORWARD(solv, const char *, pool_solvable2str, (Pool *a, Solvable *b), (a, b))
FORWARD(solv, Id, pool_str2id, (Pool *a, const char *b, int c), (a, b, c))
FORWARD(solv, void, pool_whatmatchessolvable,
  (Pool *a, Id b, Id c, Queue *d, int e),
  (a, b, c, d, e))
FORWARD(solv, void, queue_alloc_one, (Queue *a), (a))
FORWARD(solv, void, queue_free, (Queue *a), (a))
FORWARD(solv, void, queue_init, (Queue *a), (a))
FORWARD(solv, int, repo_add_solv, (Repo *a, FILE *b, int c), (a, b, c))
FORWARD(solv, Id, repo_add_solvable, (Repo *a), (a))
FORWARD(solv, Repo *, repo_create, (Pool *a, const char *b), (a, b))
FORWARD(solv, void, repo_free, (Repo *a, int b), (a, b))
FORWARD(solv, Repodata *, repo_id2repodata, (Repo *a, Id b), (a, b))
FORWARD(solv, void, repo_free_solvable_block, (Repo *a, Id b, int c, int d), (a, b, c, d))
FORWARD(solv, void, repo_internalize, (Repo *a), (a))
FORWARD(solv, void, repodata_internalize, (Repodata *a), (a))
FORWARD(solv, void, repodata_set_idarray, (Repodata *a, Id b, Id c, Queue *d), (a, b, c, d))
FORWARD(solv, int, repo_write, (Repo *a, FILE *b), (a, b))
FORWARD(solv, int, selection_make, (Pool *a, Queue *b, const char *c, int d), (a, b, c, d))
FORWARD(solv, void, selection_solvables, (Pool *a, Queue *b, Queue *c), (a, b, c))
FORWARD(solv, void, solvable_add_deparray, (Solvable *a, Id b, Id c, Id d), (a, b, c, d))
FORWARD(solv, const char *, solvable_lookup_checksum, (Solvable *a, Id b, Id *c), (a, b, c))
FORWARD(solv, const unsigned char *, solvable_lookup_bin_checksum,
  (Solvable *a, Id b, Id *c),
  (a, b, c))
FORWARD(solv, int, solvable_lookup_deparray, (Solvable *a, Id b, Queue *c, Id d), (a, b, c, d))
FORWARD(solv, const char *, solvable_lookup_location, (Solvable *a, unsigned int *b), (a, b))
FORWARD(solv, unsigned long long, solvable_lookup_num,
  (Solvable *a, Id b, unsigned long long c),
  (a, b, c))
FORWARD(solv, const char *, solvable_lookup_str, (Solvable *a, Id b), (a, b))
FORWARD(solv, Id, solvable_selfprovidedep, (Solvable *a), (a))
FORWARD(solv, void, solvable_set_deparray, (Solvable *a, Id b, Queue *c, Id d), (a, b, c, d))
FORWARD(solv, void, solvable_set_num, (Solvable *a, Id b, unsigned long long c), (a, b, c))
FORWARD(solv, Solver *, solver_create, (Pool *a), (a))
FORWARD(solv, Transaction *, solver_create_transaction, (Solver *a), (a))
FORWARD(solv, int, solver_describe_decision, (Solver *a, Id b, Id *c), (a, b, c))
FORWARD(solv, void, solver_findallproblemrules, (struct s_Solver *a, Id b, Queue *c), (a, b, c))
FORWARD(solv, void, solver_free, (Solver *a), (a))
FORWARD(solv, void, solver_get_decisionqueue, (Solver *a, Queue *b), (a, b))
FORWARD(solv, void, solver_get_unneeded, (Solver *a, Queue *b, int c), (a, b, c))
FORWARD(solv, unsigned int, solver_problem_count, (struct s_Solver *a), (a))
FORWARD(solv, int, solver_rule2jobidx, (struct s_Solver *a, Id b), (a, b))
FORWARD(solv, SolverRuleinfo, solver_ruleclass, (struct s_Solver *a, Id b), (a, b))
FORWARD(solv, SolverRuleinfo, solver_ruleinfo,
  (struct s_Solver *a, Id b, Id *c, Id *d, Id *e),
  (a, b, c, d, e))
FORWARD(solv, int, solver_set_flag, (Solver *a, int b, int c), (a, b, c))
FORWARD(solv, int, solver_solve, (Solver *a, Queue *b), (a, b))
FORWARD(solv, void, transaction_free, (Transaction *a), (a))
FORWARD(solv, Id, transaction_obs_pkg, (Transaction *a, Id b), (a, b))
FORWARD(solvext, Id, pool_parserpmrichdep, (Pool *a, const char *b), (a, b))
FORWARD(solvext, int, repo_add_rpmmd, (Repo *a, FILE *b, const char *c, int d), (a, b, c, d))
FORWARD(solvext, FILE *, solv_xfopen_fd, (const char *a, int b, const char *c), (a, b, c))
FORWARD(solvext, int, solv_xfopen_iscompressed, (const char *a), (a))
