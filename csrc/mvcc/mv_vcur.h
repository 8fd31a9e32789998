/* A cursor over all versions that a snapshot shows: those of `data` and of the snapshot's memtables as one sequence in
 * version key order, one row for each version key, in both directions. Without memtables it is a cursor on `data`.
 */
#ifndef MV_VCUR_H
#define MV_VCUR_H

#include "mvcc/mv_env.h"
#include "mvcc/mv_memtable.h"

typedef struct mv_vcur { /* key and value are those of the current row, valid until the snapshot ends */
    mv_slice key, value;
    mv_cur data;
    unsigned mems; /* memtables; the rest is of no use where there are none */
    mv_mem_cur mem[MV_MEMS];
    bool on[MV_MEMS + 1]; /* which sources stand on a row: memtables, then data */
    unsigned at;          /* the source of the current row */
    bool backward;        /* every other source stands in front of it, not behind */
} mv_vcur;

int mv_vcur_open(const mv_env *env, mv_snap *snap, mv_vcur *out, mv_err *err);
void mv_vcur_close(mv_vcur *cur); /* before its snapshot ends; a zeroed cursor is accepted */

/* As their namesakes of mv_cur: MV_OK, MV_NOT_FOUND at an end, or a failure. After MV_NOT_FOUND only seek and last go on.
 * The key of a seek must outlive the call alone. */
int mv_vcur_seek(mv_vcur *cur, mv_slice key, mv_err *err);
int mv_vcur_last(mv_vcur *cur, mv_err *err);
int mv_vcur_next(mv_vcur *cur, mv_err *err);
int mv_vcur_prev(mv_vcur *cur, mv_err *err);

#endif
