#include "mvcc/mv_sort.h"

#include "base/mv_plant.h"
#include "mvcc/mv_log.h"
#include "mvcc/mv_mover.h"
#include "mvcc/mv_runs.h"

#define DENSE 3 /* times the log: a `data` up to this size gets several rows on each page */

void mv_sort_freeze(mv_state *state, enum mv_target target)
{
    state->frozen = state->last_commit;
    state->target = target;
    state->active ^= 1;
}

typedef struct sorting { /* one slice */
    mv_env *env;
    mv_write w;
    mv_mem *mem;        /* the frozen log's */
    uint64_t low, high; /* its range of time */
    uint64_t max_rows;
    enum mv_pace_kind kind;
    uint64_t rows;
    bool finished;
} sorting;

/* Finds the memtable of the frozen log: MV_DONE where nothing is frozen. */
static int find_frozen(sorting *s, mv_err *err)
{
    mv_snap snap;
    int rc;
    do {
        rc = mv_snap_begin(s->env, &snap, err);
        if (rc != MV_OK)
            return rc;
        s->low = snap.state.sorted;
        s->high = snap.state.frozen;
        rc = s->high == 0 ? MV_DONE : mv_tail_frozen(s->env, &snap, &s->mem, err);
        mv_snap_end(&snap);
    } while (rc == MV_NOT_FOUND);
    return rc;
}

/* ---- where to ---- */

/* Whether the rows are better put straight into `data`: they are several to a page, or come after everything there. */
static int suits_data(sorting *s, bool *suits, mv_err *err)
{
    mv_mem_cur first = {.mem = s->mem};
    uint64_t bytes, log_bytes;
    int rc = mv_kv_bytes(&s->w.txn, s->env->data, &bytes, err);
    if (rc == MV_OK)
        rc = mv_kv_bytes(&s->w.txn, mv_log_frozen(s->env, &s->w.state), &log_bytes, err);
    if (rc != MV_OK)
        return rc;
    *suits = bytes / DENSE <= log_bytes;
    if (*suits || !mv_mem_first(&first))
        return MV_OK;
    return mv_sorts_last(&s->w.txn, s->env->data, first.key, suits, err);
}

/* Decides once for the whole log. MV_NOT_FOUND where every run is taken. */
static int decide(sorting *s, mv_err *err)
{
    mv_state *state = &s->w.state;
    bool data = false;
    int rc = MV_OK;
    if (state->target == MV_TARGET_OPEN) {
        if (state->run_count == 0)
            rc = suits_data(s, &data, err);
        state->target = data ? MV_TARGET_DATA : MV_TARGET_RUN;
    }
    if (rc == MV_OK && state->target == MV_TARGET_RUN && state->run_count == MV_RUNS)
        rc = MV_NOT_FOUND;
    return rc;
}

static mv_db target_db(const sorting *s)
{
    const mv_state *state = &s->w.state;
    return state->target == MV_TARGET_DATA ? s->env->data
                                           : s->env->runs[mv_run_place(state, state->run_count)];
}

/* ---- the slice ---- */

/* Moves rows from the cursor on. A slice that is repeated finds its rows there. */
static int move_rows(sorting *s, mv_mem_cur *cur, bool *more, mv_err *err)
{
    mv_mover mover;
    uint64_t most = mv_pace_rows(&s->env->pace, s->kind, s->max_rows);
    int rc = mv_mover_open(&s->w.txn, target_db(s), cur->key, &mover, err);
    for (*more = true; rc == MV_OK && *more && !mv_mover_done(&mover, most);) {
        rc = mv_mover_put(&mover, cur->key, cur->value, err);
        *more = rc == MV_OK && mv_mem_next(cur);
    }
    s->rows = mover.rows;
    mv_mover_close(&mover);
    return rc;
}

/* Enters the frozen log's range of time as `sorted`. */
static void enter_run(mv_state *state, bool empty)
{
    if (empty && state->run_count > 0) { /* the last run covers it too */
        state->run_high[mv_run_place(state, state->run_count - 1)] = state->frozen;
        return;
    }
    state->run_high[mv_run_place(state, state->run_count)] = state->frozen;
    state->run_count++;
}

/* The last step: the frozen log is empty from now on. */
static int finish(sorting *s, mv_err *err)
{
    mv_state *state = &s->w.state;
    int rc = mv_kv_clear(&s->w.txn, mv_log_frozen(s->env, state), err);
    if (rc == MV_OK)
        rc = mv_progress_clear(&s->w.txn, s->env->meta, MV_PROGRESS_SORT, err);
    if (state->target == MV_TARGET_DATA)
        state->merged = state->frozen;
    else
        enter_run(state, mv_mem_rows(s->mem) == 0);
    state->sorted = state->frozen;
    state->frozen = 0;
    s->finished = true;
    return rc;
}

/* A run begins in an empty sub-database: what a merged one left goes first. */
static int clear_target(sorting *s, bool *cleared, mv_err *err)
{
    uint64_t rows = 0;
    mv_db db = target_db(s);
    int rc = mv_kv_count(&s->w.txn, db, &rows, err);
    *cleared = rows > 0;
    return rc == MV_OK && *cleared ? mv_kv_clear(&s->w.txn, db, err) : rc;
}

static int begin_or_go_on(sorting *s, mv_mem_cur *cur, bool *more, bool *cleared, mv_err *err)
{
    mv_slice from;
    int rc = mv_progress_load(&s->w.txn, s->env->meta, MV_PROGRESS_SORT, &from, err);
    if (rc == MV_OK) {
        *more = mv_mem_seek(cur, from);
        return MV_OK;
    }
    *more = mv_mem_first(cur);
    if (rc == MV_NOT_FOUND)
        rc = s->w.state.target == MV_TARGET_RUN ? clear_target(s, cleared, err) : MV_OK;
    return rc;
}

/* Inside a write transaction whose state is the one that the memtable was found for. */
static int slice_in(sorting *s, mv_err *err)
{
    mv_mem_cur cur = {.mem = s->mem};
    bool more = false, cleared = false;
    int rc = decide(s, err);
    if (rc == MV_OK)
        rc = begin_or_go_on(s, &cur, &more, &cleared, err);
    if (rc != MV_OK || cleared)
        return rc;
    s->kind = s->w.state.target == MV_TARGET_DATA ? MV_PACE_TO_DATA : MV_PACE_TO_RUN;
    if (more)
        rc = move_rows(s, &cur, &more, err);
    if (rc != MV_OK)
        return rc;
    return more ? mv_progress_save(&s->w.txn, s->env->meta, MV_PROGRESS_SORT, cur.key, err) : finish(s, err);
}

static int run_slice(sorting *s, mv_err *err)
{
    int rc = mv_write_open(s->env, &s->w, err);
    if (rc != MV_OK)
        return rc;
    uint64_t began = mv_pace_clock();
    bool same = s->w.state.sorted == s->low && s->w.state.frozen == s->high;
    same = same || mv_planted(MERGE_CHECK);
    rc = same ? slice_in(s, err) : MV_OK; /* else another process has sorted this log */
    if (!same || rc != MV_OK) {
        mv_write_abort(&s->w.txn);
        return rc;
    }
    rc = mv_write_close(s->env, &s->w, err);
    if (rc == MV_OK && s->rows > 0 && !s->finished && s->max_rows == 0)
        mv_pace_learn(&s->env->pace, s->kind, s->rows, mv_pace_clock() - began);
    return rc;
}

int mv_sort_slice(mv_env *env, uint64_t max_rows, mv_err *err)
{
    sorting s = {.env = env, .max_rows = max_rows};
    int rc = find_frozen(&s, err);
    if (rc != MV_OK)
        return rc;
    mv_pause("merge.found");
    rc = run_slice(&s, err);
    mv_mem_unref(s.mem);
    if (rc == MV_OK && s.finished)
        mv_tail_drop(env->tail, s.high);
    return rc;
}
