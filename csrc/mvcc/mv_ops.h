/* The columns of a batch, row by row. */
#ifndef MV_OPS_H
#define MV_OPS_H

#include "mv_engine.h"

static inline uint32_t mv_ops_table(const mv_ops *ops, uint64_t row)
{
    return ops->tables != NULL ? ops->tables[row] : ops->table;
}

#endif
