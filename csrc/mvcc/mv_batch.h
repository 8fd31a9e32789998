/* Rows of one table as a caller has them, in any order and some keys twice: each key once, with its later value.
 *
 * Nothing here writes; it is done before the write lock is taken. Lengths are those that mv_ops_check has passed.
 */
#ifndef MV_BATCH_H
#define MV_BATCH_H

#include "mvcc/mv_ops.h"

typedef struct mv_batch_row { /* points into the caller's columns */
    const uint8_t *key, *value;
    uint32_t key_len, value_len;
    uint32_t place; /* which row of the columns it is */
    uint32_t head;  /* the bytes of the key behind what all keys begin with: most comparisons end here */
} mv_batch_row;

/* Gives the rows of all parts in key order, each key once. *rows is the caller's, who ends with mv_free. MV_E_NO_MEMORY. */
int mv_batch_sort(const mv_ops *parts, uint64_t part_count, mv_batch_row **rows, size_t *count, mv_err *err);

typedef struct mv_batch { /* columns in which each key stands once */
    mv_ops ops;
    mv_buf keys, key_lens, values, value_lens; /* what ops points to, where it had to be put together */
} mv_batch;

/* Gives the caller's own columns where no key comes twice, else columns of their own: a key stays where it came first.
 * MV_E_NO_MEMORY. The caller's columns must outlive it; end with mv_batch_free, unless it failed. */
int mv_batch_unique(const mv_ops *ops, mv_batch *out, mv_err *err);
void mv_batch_free(mv_batch *batch);

#endif
