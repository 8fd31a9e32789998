/* The one door to the allocator, so that a failing allocation can be planted at build time (MVCC_OOM). */
#ifndef MV_ALLOC_H
#define MV_ALLOC_H

#include <stdlib.h>

#ifdef MVCC_OOM
/* Test builds link a counter that fails the N-th allocation. */
void *mv_oom_malloc(size_t size);
void *mv_oom_calloc(size_t count, size_t size);
void *mv_oom_realloc(void *old, size_t size);
#define mv_malloc(size) mv_oom_malloc(size)
#define mv_calloc(count, size) mv_oom_calloc(count, size)
#define mv_realloc(old, size) mv_oom_realloc(old, size)
#else
#define mv_malloc(size) malloc(size)
#define mv_calloc(count, size) calloc(count, size)
#define mv_realloc(old, size) realloc(old, size)
#endif
#define mv_free(ptr) free(ptr)

#endif
