/* The columns of a batch, row by row. */
#ifndef MV_OPS_H
#define MV_OPS_H

#include "lmdb/mv_substrate.h"
#include "mv_engine.h"

static inline uint32_t mv_ops_table(const mv_ops *ops, uint64_t row)
{
    return ops->tables != NULL ? ops->tables[row] : ops->table;
}

/* Refuses what the engine cannot store, before anything is written: MV_E_KEY_TOO_LONG, MV_E_VALUE_TOO_LARGE (table and
 * key noted), MV_E_TOO_BIG. Only where deletes is set may a value's length be MV_TOMBSTONE. */
int mv_ops_check(const mv_ops *ops, bool deletes, mv_err *err);

/* Whether the keys ascend, each once. For ops of one table. */
bool mv_ops_ascend(const mv_ops *ops);

#endif
