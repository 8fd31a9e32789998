/* The memtables of one environment: what this process knows of the logs.
 *
 * A list of ranges of time, (low, high], oldest first; each has a memtable with every row of the logs in its range. The
 * last one grows: its high is how far this process has tailed. A log that was frozen at M ends a range at M, and what has
 * left the logs (state.sorted) leaves the list, so that a snapshot needs two ranges at most: the frozen log and the active
 * one. Rows get in from committed snapshots alone.
 */
#ifndef MV_TAIL_H
#define MV_TAIL_H

#include "mvcc/mv_memtable.h"
#include "mvcc/mv_state.h"

struct mv_env;
struct mv_snap;

enum {
    MV_MEMS = 2 /* memtables that one snapshot needs */
};

typedef struct mv_mems { /* references: of a snapshot, newest first; none is empty */
    unsigned count;
    mv_mem *mem[MV_MEMS];
} mv_mems;

typedef struct mv_tail mv_tail;

int mv_tail_new(mv_tail **out, mv_err *err);
void mv_tail_free(mv_tail *tail); /* NULL is fine; references live on */

/* Gives the snapshot the memtables of (sorted, last_commit], tailing the logs up to there first. MV_NOT_FOUND: a frozen
 * log has been sorted since the snapshot began, and its rows have left the list: begin a new snapshot. */
int mv_tail_take(struct mv_env *env, struct mv_snap *snap, mv_err *err);
void mv_tail_give(mv_mems *mems); /* drops the references */

/* The memtable of the frozen log of a snapshot, one reference; MV_NOT_FOUND as above. */
int mv_tail_frozen(struct mv_env *env, struct mv_snap *snap, mv_mem **out, mv_err *err);

/* Frees what has left the logs: ranges that end at or below `sorted`. */
void mv_tail_drop(mv_tail *tail, uint64_t sorted);

/* The same beside a read, and only where it costs nothing: another process may have sorted them, and nothing more be tailed. */
void mv_tail_shed(mv_tail *tail, uint64_t sorted);

typedef struct mv_tail_stats {
    uint64_t rows, bytes; /* of memory */
    uint64_t tailed;      /* timestamp up to which the logs have been read */
} mv_tail_stats;
void mv_tail_get_stats(mv_tail *tail, mv_tail_stats *out);

#endif
