/* The order in which many rows are added to a memtable. */
#ifndef MV_MEM_SORT_H
#define MV_MEM_SORT_H

#include "mvcc/mv_memtable.h"

typedef struct mv_mem_place { /* a row's place in the order */
    uint64_t word;            /* of its key, of the same place in all rows: it decides before the rest does */
    uint32_t row;
} mv_mem_place;

typedef struct mv_mem_order {
    mv_mem_place
        *places; /* as the rows of the version keys are ordered, each of them once: the first of the rows */
    uint32_t count;
    uint32_t keys; /* without their timestamps */
} mv_mem_order;

/* Orders count rows; room has twice as many places, and the order is in it. */
mv_mem_order mv_mem_sort(const mv_mem_row *rows, uint32_t count, mv_mem_place *room);

#endif
