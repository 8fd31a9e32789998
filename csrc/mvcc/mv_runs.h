/* Runs: frozen logs in version key order, each in a sub-database of its own, until they are merged into `data`.
 *
 * Each covers a range of time, and the ranges join: of run 0, the oldest, it begins above state.merged; of the last one it
 * ends at state.sorted. Rows are as `data` stores them. A run never changes. The sub-databases are used round and
 * round; what stands in those that are no run means nothing.
 */
#ifndef MV_RUNS_H
#define MV_RUNS_H

#include "mvcc/mv_env.h"

/* The number of the sub-database of a run; of run state->run_count: where the next one goes. */
static inline unsigned mv_run_place(const mv_state *state, uint64_t run)
{
    return (unsigned)((state->run_first + run) % MV_RUNS);
}

/* The range of time of a run is (low, high]. */
static inline uint64_t mv_run_high(const mv_state *state, uint64_t run)
{
    return state->run_high[mv_run_place(state, run)];
}

static inline uint64_t mv_run_low(const mv_state *state, uint64_t run)
{
    return run == 0 ? state->merged : mv_run_high(state, run - 1);
}

/* Whether a sub-database is a run's. */
bool mv_run_used(const mv_state *state, unsigned place);

/* Rows, and bytes of pages, of all runs. */
int mv_runs_measure(const mv_env *env, mv_snap *snap, uint64_t *rows, uint64_t *bytes, mv_err *err);

typedef struct mv_run_cursors { /* of one snapshot, opened as they are needed */
    const mv_env *env;
    mv_snap *snap;
    uint64_t opened;     /* none from this run on is */
    mv_cur cur[MV_RUNS]; /* by run */
} mv_run_cursors;

/* Places the run's cursor at the first row at or after vkey, and gives it: MV_OK, MV_NOT_FOUND. */
int mv_run_seek(mv_run_cursors *cursors, uint64_t run, mv_slice vkey, mv_cur **out, mv_err *err);
void mv_run_close(mv_run_cursors *cursors); /* before the transaction ends; zeroed ones are accepted */

#endif
