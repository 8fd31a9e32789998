/* Merges: a log is frozen at the last commit, its rows move to `data` in key order, in slices that are transactions of their
 * own, and at the end it is dropped as a whole. Any process can do the next slice.
 */
#ifndef MV_MERGE_H
#define MV_MERGE_H

#include "mvcc/mv_env.h"

typedef struct mv_log_status {
    uint64_t bytes; /* of the log that takes commits */
    uint64_t limit; /* above which it is merged */
    bool merging;   /* the other one is being merged */
} mv_log_status;

int mv_log_get_status(const mv_env *env, mv_snap *snap, mv_log_status *out, mv_err *err);

/* Inside the transaction of a commit: freezes the log if it has passed its limit and no merge is under way. *out is how the
 * logs then are. */
int mv_merge_consider(mv_env *env, mv_write *w, mv_log_status *out, mv_err *err);

/* One slice of the merge that is under way, of about as many rows as *rows says, which is changed so that the next one takes
 * about MV_SLICE_NS. MV_DONE: none is under way. Inside the gate. */
enum {
    MV_SLICE_ROWS = 1000, /* of a first slice */
    MV_SLICE_NS = 12000000
};
int mv_merge_slice_sized(mv_env *env, uint64_t *rows, mv_err *err);

#endif
