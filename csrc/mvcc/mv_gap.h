/* Batches that fall into a gap of `data`: puts into one table, in key order, with nothing there from the first key to the
 * last. They bring many rows to each page, so they go there at once and are written only once, like a bulk load: `changes`
 * has one row for them.
 */
#ifndef MV_GAP_H
#define MV_GAP_H

#include "lmdb/mv_substrate.h"
#include "mv_engine.h"

/* Whether a batch may be such a one, as far as it tells by itself. Before the write lock is taken. */
bool mv_gap_suits(const mv_ops *ops);

/* Whether `data`, on which cur stands, has nothing from the first key of the batch to the last; and nothing behind it either:
 * *append. For a batch that suits. */
int mv_gap_fits(mv_cur *data, const mv_ops *ops, bool *fits, bool *append, mv_err *err);

/* Writes the batch at a timestamp: its versions, and the row of `changes` at sequence number 0. */
int mv_gap_write(mv_cur *data, mv_cur *changes, const mv_ops *ops, uint64_t ts, bool append, mv_err *err);

#endif
