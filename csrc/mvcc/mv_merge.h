/* Merges: what commits left in logs goes to `data`, by way of runs where that is cheaper. What to do next is decided here.
 */
#ifndef MV_MERGE_H
#define MV_MERGE_H

#include "mvcc/mv_sort.h"

/* How the log that takes commits is, in a snapshot or a write transaction. */
int mv_merge_status(const mv_env *env, mv_snap *snap, mv_log_status *out, mv_err *err);

/* Inside the transaction of a commit: freezes the log if it has passed its limit and none is frozen. *out is how the log then
 * is. */
int mv_merge_consider(mv_env *env, mv_write *w, mv_log_status *out, mv_err *err);

/* One slice of what is most urgent, of at most max_rows rows (0: as the pace is): MV_OK, or MV_DONE where nothing is due.
 * `resting`: all runs are. Inside the gate, or in the environment's own thread. */
int mv_merge_step(mv_env *env, bool resting, uint64_t max_rows, mv_err *err);

#endif
