/* A cursor over all versions that a snapshot shows: those of `data`, of the runs and of the snapshot's memtables as one
 * sequence in version key order, one row for each version key, in both directions. Where all is merged it is a cursor on
 * `data`.
 */
#ifndef MV_VCUR_H
#define MV_VCUR_H

#include "mvcc/mv_env.h"
#include "mvcc/mv_memtable.h"

enum {
    MV_SOURCES = MV_MEMS + MV_RUNS + 1
};

typedef struct mv_vcur { /* key and value are those of the current row, valid until the snapshot ends */
    mv_slice key, value;
    unsigned mems, dbs;  /* sources: memtables, then sub-databases */
    unsigned at;         /* the source of the current row */
    bool backward;       /* every other source stands in front of it, not behind */
    bool on[MV_SOURCES]; /* which sources stand on a row */
    mv_mem_cur mem[MV_MEMS];
    mv_cur db[MV_RUNS + 1];
} mv_vcur;

/* Over what a read at snap->at needs. */
int mv_vcur_open(const mv_env *env, mv_snap *snap, mv_vcur *out, mv_err *err);
/* Over the oldest runs alone, at least one. */
int mv_vcur_open_runs(const mv_env *env, mv_snap *snap, uint64_t runs, mv_vcur *out, mv_err *err);
void mv_vcur_close(mv_vcur *cur); /* before its snapshot ends; a zeroed cursor is accepted */

/* As their namesakes of mv_cur: MV_OK, MV_NOT_FOUND at an end, or a failure. After MV_NOT_FOUND only seek and last go on.
 * The key of a seek must outlive the call alone. */
int mv_vcur_seek(mv_vcur *cur, mv_slice key, mv_err *err);
int mv_vcur_last(mv_vcur *cur, mv_err *err);
int mv_vcur_next(mv_vcur *cur, mv_err *err);
int mv_vcur_prev(mv_vcur *cur, mv_err *err);

#endif
