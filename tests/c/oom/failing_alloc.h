/* The allocator of an MVCC_OOM build: the N-th allocation of a run fails, for every N in turn. */
#ifndef FAILING_ALLOC_H
#define FAILING_ALLOC_H

#include "base/mv_alloc.h"
#include "check.h"
#include "mv_base.h"

static long until_failure; /* allocations that succeed before the one that fails */

static int fails_now(void)
{
    return until_failure-- == 0;
}

void *mv_oom_malloc(size_t size)
{
    return fails_now() ? NULL : malloc(size);
}

void *mv_oom_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : calloc(count, size);
}

void *mv_oom_realloc(void *old, size_t size)
{
    return fails_now() ? NULL : realloc(old, size);
}

/* Runs work until a run meets no failing allocation; every other run must say MV_E_NO_MEMORY. Returns the
 * number of allocations that were made to fail. */
static inline long fail_each_allocation(int (*work)(mv_err *err))
{
    for (long n = 0;; n++) {
        mv_err err = {0};
        until_failure = n;
        int rc = work(&err);
        if (until_failure >= 0) {
            CHECK(rc == MV_OK);
            return n;
        }
        CHECK(rc == MV_E_NO_MEMORY && err.code == MV_E_NO_MEMORY);
    }
}

#endif
