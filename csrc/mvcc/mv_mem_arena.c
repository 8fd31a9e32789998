#include "mvcc/mv_mem_arena.h"

#include "base/mv_alloc.h"

enum {
    FIRST_BLOCK = 64 * 1024,
    LARGEST_BLOCK = 1024 * 1024,
    LINE = 64
};

typedef struct mv_arena_block { /* in front of the memory that is given out */
    struct mv_arena_block *older;
} mv_arena_block;

static uint8_t *aligned(uint8_t *at, size_t align)
{
    return (uint8_t *)(((uintptr_t)at + align - 1) & ~(uintptr_t)(align - 1));
}

/* Makes a block with room for size bytes at any alignment. NULL where memory is out. */
static mv_arena_block *new_block(mv_arena *arena, size_t size)
{
    size_t whole = size + sizeof(mv_arena_block) + LINE;
    mv_arena_block *block = whole < size ? NULL : mv_malloc(whole);
    if (block == NULL)
        return NULL;
    block->older = arena->blocks;
    arena->blocks = block;
    uint64_t before = atomic_load_explicit(&arena->bytes, memory_order_relaxed);
    atomic_store_explicit(&arena->bytes, before + whole, memory_order_relaxed);
    return block;
}

/* What does not fit: a large piece gets a block of its own, so that the rest of the one in use is not lost. */
static int take_more(mv_arena *arena, size_t size, size_t align, void **out, mv_err *err)
{
    size_t next = arena->next_block == 0 ? FIRST_BLOCK : arena->next_block;
    bool own = size > next / 4;
    mv_arena_block *block = new_block(arena, own ? size : next);
    if (block == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "growing a memtable by %zu bytes", size);
    uint8_t *from = (uint8_t *)(block + 1);
    *out = aligned(from, align);
    if (!own) {
        arena->at = (uint8_t *)*out + size;
        arena->end = from + next;
        arena->next_block = next < LARGEST_BLOCK ? 2 * next : next;
    }
    return MV_OK;
}

int mv_arena_take(mv_arena *arena, size_t size, size_t align, void **out, mv_err *err)
{
    uint8_t *from = aligned(arena->at, align);
    if (arena->at == NULL || from > arena->end || (size_t)(arena->end - from) < size)
        return take_more(arena, size, align, out, err);
    arena->at = from + size;
    *out = from;
    return MV_OK;
}

void mv_arena_free(mv_arena *arena)
{
    for (mv_arena_block *block = arena->blocks; block != NULL;) {
        mv_arena_block *older = block->older;
        mv_free(block);
        block = older;
    }
    *arena = (mv_arena){0};
}
