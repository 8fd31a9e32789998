/* Memory that is given out piece by piece and freed all at once. One taker at a time. */
#ifndef MV_MEM_ARENA_H
#define MV_MEM_ARENA_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/mv_error.h"

typedef struct mv_arena { /* all zero is an empty one */
    struct mv_arena_block *blocks;
    uint8_t *at, *end; /* what is left of the block in use */
    size_t next_block;
    _Atomic uint64_t bytes; /* asked of the allocator */
} mv_arena;

/* Memory of unspecified content, at a multiple of align (a power of two, at most 64); MV_E_NO_MEMORY. It lives as long as
 * the arena. */
int mv_arena_take(mv_arena *arena, size_t size, size_t align, void **out, mv_err *err);

/* Frees everything that was taken. */
void mv_arena_free(mv_arena *arena);

#endif
