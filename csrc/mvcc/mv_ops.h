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

typedef struct mv_ops_walk { /* over puts in parts, row by row */
    const mv_ops *part, *end;
    uint64_t row;        /* of the part */
    mv_slice key, value; /* of the current row */
} mv_ops_walk;

static inline mv_ops_walk mv_ops_walk_over(const mv_ops *parts, uint64_t count)
{
    return (mv_ops_walk){.part = parts, .end = parts + count};
}

/* Goes to the next row; false where there is none. */
static inline bool mv_ops_next(mv_ops_walk *walk)
{
    walk->key.data += walk->key.len;
    walk->value.data += walk->value.len;
    while (walk->part < walk->end && walk->row == walk->part->count) {
        walk->part++;
        walk->row = 0;
    }
    if (walk->part == walk->end)
        return false;
    if (walk->row == 0) {
        walk->key.data = walk->part->keys;
        walk->value.data = walk->part->values;
    }
    walk->key.len = walk->part->key_lens[walk->row];
    walk->value.len = walk->part->value_lens[walk->row];
    walk->row++;
    return true;
}

/* Whether the keys of puts into one table ascend, each once. */
bool mv_ops_ascend(const mv_ops *parts, uint64_t count);

#endif
