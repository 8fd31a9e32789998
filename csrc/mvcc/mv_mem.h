/* The parts of a memtable, for those who work on them. */
#ifndef MV_MEM_H
#define MV_MEM_H

#include "mvcc/mv_mem_arena.h"
#include "mvcc/mv_mem_index.h"
#include "mvcc/mv_mem_list.h"
#include "mvcc/mv_memtable.h"

struct mv_mem {
    atomic_uint holders;
    _Atomic uint64_t rows;
    uint64_t random; /* of the heights: the same in every run */
    mv_arena arena;  /* of nodes and of the index */
    mv_mem_index index;
    mv_mem_list list;
};

#endif
