/* Putting rows that come in version key order into a sub-database, as they are. */
#ifndef MV_MOVER_H
#define MV_MOVER_H

#include "mvcc/mv_env.h"

typedef struct mv_mover {
    mv_cur cur;
    bool append; /* every row sorts behind what is there */
    uint64_t rows, bytes;
    uint64_t began;
} mv_mover;

/* Opens a mover whose first row will be `first`. End with mv_mover_close, before the transaction ends. */
int mv_mover_open(mv_txn *txn, mv_db db, mv_slice first, mv_mover *out, mv_err *err);
void mv_mover_close(mv_mover *mover); /* a zeroed one is accepted */

/* Puts a row; one that is there already stays as it is. */
int mv_mover_put(mv_mover *mover, mv_slice vkey, mv_slice record, mv_err *err);

/* Whether a slice of at most so many rows is done: also one of large rows, or that takes longer than those before it. */
bool mv_mover_done(const mv_mover *mover, uint64_t most_rows);

/* Whether a version key sorts behind every row of a sub-database. */
int mv_sorts_last(mv_txn *txn, mv_db db, mv_slice vkey, bool *last, mv_err *err);

#endif
