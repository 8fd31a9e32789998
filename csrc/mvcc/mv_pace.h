/* How many rows a slice moves, so that no commit waits for it for long. Learnt from the slices before. */
#ifndef MV_PACE_H
#define MV_PACE_H

#include <stdatomic.h>
#include <stdint.h>

enum mv_pace_kind { /* what costs differently */
    MV_PACE_TO_DATA,
    MV_PACE_TO_RUN,
    MV_PACE_MERGE,
    MV_PACES
};

typedef struct mv_pace { /* all zero: nothing is known yet */
    _Atomic uint64_t rows[MV_PACES];
} mv_pace;

/* Rows for the next slice, at most max_rows of them (0: no limit). */
uint64_t mv_pace_rows(mv_pace *pace, enum mv_pace_kind kind, uint64_t max_rows);

/* A slice of so many rows took so long, with its commit. */
void mv_pace_learn(mv_pace *pace, enum mv_pace_kind kind, uint64_t rows, uint64_t ns);

uint64_t mv_pace_clock(void); /* nanoseconds, monotonic */

#endif
