/* Sorting: a log is frozen at the last commit, and its rows move in version key order, in slices that are transactions of
 * their own, to a run or straight to `data`. Any process can do the next slice.
 */
#ifndef MV_SORT_H
#define MV_SORT_H

#include "mvcc/mv_env.h"

typedef struct mv_log_status {
    uint64_t bytes; /* of the log that takes commits */
    uint64_t limit; /* above which it is frozen */
    bool behind;    /* there is work: a frozen log, or runs that are due to be merged */
} mv_log_status;

/* Freezes the log that takes commits, at the last commit; no log is frozen. */
void mv_sort_freeze(mv_state *state, enum mv_target target);

/* One slice of the frozen log, of at most max_rows rows (0: as the pace is): MV_OK; MV_DONE where none is frozen;
 * MV_NOT_FOUND where it needs a run and none is free. Inside the gate, or in the environment's own thread. */
int mv_sort_slice(mv_env *env, uint64_t max_rows, mv_err *err);

#endif
