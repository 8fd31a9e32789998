#include "mvcc/mv_pace.h"

#include <time.h>

#define SLICE_NS ((uint64_t)12000000) /* that a slice should take */
#define FIRST_ROWS 1000
#define FEWEST_ROWS 64
#define MOST_ROWS 65536

uint64_t mv_pace_rows(mv_pace *pace, enum mv_pace_kind kind, uint64_t max_rows)
{
    uint64_t rows = atomic_load_explicit(&pace->rows[kind], memory_order_relaxed);
    rows = rows == 0 ? FIRST_ROWS : rows;
    return max_rows != 0 && max_rows < rows ? max_rows : rows;
}

void mv_pace_learn(mv_pace *pace, enum mv_pace_kind kind, uint64_t rows, uint64_t ns)
{
    uint64_t wanted = ns > 0 ? rows * SLICE_NS / ns : 2 * rows; /* at most twice or half of what it was */
    wanted = wanted > 2 * rows ? 2 * rows : wanted < rows / 2 ? rows / 2 : wanted;
    wanted = wanted < FEWEST_ROWS ? FEWEST_ROWS : wanted > MOST_ROWS ? MOST_ROWS : wanted;
    atomic_store_explicit(&pace->rows[kind], wanted, memory_order_relaxed);
}

uint64_t mv_pace_clock(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}
