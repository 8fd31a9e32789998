/* The one door to the allocator, so that a failing allocation can be planted at build time (MVCC_OOM),
 * and so can an overflow that the sanitizers must catch (MVCC_PLANT_OVERFLOW). */
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
#ifdef MVCC_PLANT_OVERFLOW
/* Half of what was asked for: a buffer that grows by doubling then writes behind its end. */
#define mv_realloc(old, size) realloc(old, (size) / 2)
#else
#define mv_realloc(old, size) realloc(old, size)
#endif
#endif
#define mv_free(ptr) free(ptr)

#endif
