#include "mvcc/mv_merge.h"

#include "mvcc/mv_key.h"
#include "mvcc/mv_log.h"
#include "mvcc/mv_mover.h"
#include "mvcc/mv_runs.h"
#include "mvcc/mv_vcur.h"

#define LOG_LIMIT ((uint64_t)64 << 20) /* bytes of a log, where the caller names none */
#define DUE_SHARE 2                    /* runs are merged once they hold this part of `data`, */
#define DUE_RUNS 12                    /* or are so many */

/* ---- when ---- */

static int runs_due(const mv_env *env, mv_snap *snap, bool *due, mv_err *err)
{
    uint64_t rows, bytes, data_bytes;
    int rc = mv_runs_measure(env, snap, &rows, &bytes, err);
    if (rc == MV_OK)
        rc = mv_kv_bytes(&snap->txn, env->data, &data_bytes, err);
    if (rc == MV_OK)
        *due = snap->state.run_merging > 0 || snap->state.run_count >= DUE_RUNS ||
               (snap->state.run_count > 0 && bytes >= data_bytes / DUE_SHARE);
    return rc;
}

int mv_merge_status(const mv_env *env, mv_snap *snap, mv_log_status *out, mv_err *err)
{
    int rc = mv_kv_bytes(&snap->txn, mv_log_active(env, &snap->state), &out->bytes, err);
    out->limit = env->log_limit != 0 ? env->log_limit : LOG_LIMIT;
    out->behind = snap->state.frozen != 0 || snap->state.run_merging > 0;
    return rc;
}

int mv_merge_consider(mv_env *env, mv_write *w, mv_log_status *out, mv_err *err)
{
    int rc = mv_merge_status(env, w, out, err);
    if (rc == MV_OK && w->state.frozen == 0 && out->bytes > out->limit) {
        mv_sort_freeze(&w->state, MV_TARGET_OPEN);
        out->bytes = 0;
        out->behind = true;
    }
    return rc;
}

/* ---- runs to data ---- */

typedef struct merging { /* one slice */
    mv_env *env;
    mv_write *w;
    mv_vcur runs;
    uint64_t max_rows, rows;
} merging;

/* Places the cursor at the first row that is not merged yet: MV_OK, or MV_NOT_FOUND where none is left. */
static int place(merging *m, mv_err *err)
{
    uint8_t room[MV_VKEY_ROOM];
    mv_slice from;
    int rc = mv_progress_load(&m->w->txn, m->env->meta, MV_PROGRESS_MERGE, &from, err);
    if (rc == MV_NOT_FOUND)
        from = mv_vkey_write(room, 0, (mv_slice){NULL, 0}, MV_TS_MAX);
    return rc < 0 ? rc : mv_vcur_seek(&m->runs, from, err);
}

/* Moves rows from the cursor on: MV_OK with more to do, MV_NOT_FOUND once all are in `data`. */
static int move_rows(merging *m, mv_err *err)
{
    mv_mover mover;
    uint64_t most = mv_pace_rows(&m->env->pace, MV_PACE_MERGE, m->max_rows);
    int rc = mv_mover_open(&m->w->txn, m->env->data, m->runs.key, &mover, err);
    while (rc == MV_OK && !mv_mover_done(&mover, most)) {
        rc = mv_mover_put(&mover, m->runs.key, m->runs.value, err);
        if (rc == MV_OK)
            rc = mv_vcur_next(&m->runs, err);
    }
    m->rows = mover.rows;
    mv_mover_close(&mover);
    return rc;
}

/* The last step: the runs that were merged are runs no more. */
static int finish(merging *m, mv_err *err)
{
    mv_state *s = &m->w->state;
    s->merged = mv_run_high(s, s->run_merging - 1);
    s->run_first = mv_run_place(s, s->run_merging);
    s->run_count -= s->run_merging;
    s->run_merging = 0;
    return mv_progress_clear(&m->w->txn, m->env->meta, MV_PROGRESS_MERGE, err);
}

static int merge_in(merging *m, mv_err *err)
{
    int rc = mv_vcur_open_runs(m->env, m->w, m->w->state.run_merging, &m->runs, err);
    if (rc == MV_OK)
        rc = place(m, err);
    if (rc == MV_OK)
        rc = move_rows(m, err);
    if (rc == MV_OK)
        rc = mv_progress_save(&m->w->txn, m->env->meta, MV_PROGRESS_MERGE, m->runs.key, err);
    else if (rc == MV_NOT_FOUND)
        rc = finish(m, err);
    mv_vcur_close(&m->runs);
    return rc;
}

/* Empties one sub-database that is no run's any more: MV_DONE where there is none. The one that a frozen log is being sorted
 * into is left alone. */
static int clear_one(mv_env *env, mv_write *w, mv_err *err)
{
    const mv_state *s = &w->state;
    for (unsigned place = 0; place < MV_RUNS; place++) {
        uint64_t rows;
        if (mv_run_used(s, place) || (s->frozen != 0 && place == mv_run_place(s, s->run_count)))
            continue;
        int rc = mv_kv_count(&w->txn, env->runs[place], &rows, err);
        if (rc != MV_OK)
            return rc;
        if (rows > 0)
            return mv_kv_clear(&w->txn, env->runs[place], err);
    }
    return MV_DONE;
}

/* What there is to do about runs, in one transaction: MV_OK, or MV_DONE. */
static int work_in(merging *m, bool resting, mv_err *err)
{
    mv_env *env = m->env;
    mv_state *s = &m->w->state;
    if (s->run_merging == 0) {
        bool due = resting && s->run_count > 0;
        int rc = due ? MV_OK : runs_due(env, m->w, &due, err);
        if (rc != MV_OK)
            return rc;
        if (!due)
            return clear_one(env, m->w, err);
        s->run_merging = s->run_count;
    }
    return merge_in(m, err);
}

/* Whether a snapshot shows anything to do, so that the write lock is not taken for nothing. */
static int has_work(mv_env *env, bool resting, bool *work, mv_err *err)
{
    mv_snap snap;
    int rc = mv_snap_begin(env, &snap, err);
    if (rc != MV_OK)
        return rc;
    *work = resting && snap.state.run_count > 0;
    if (!*work)
        rc = runs_due(env, &snap, work, err);
    for (unsigned place = 0; rc == MV_OK && !*work && place < MV_RUNS; place++) {
        uint64_t rows = 0;
        if (!mv_run_used(&snap.state, place))
            rc = mv_kv_count(&snap.txn, env->runs[place], &rows, err);
        *work = rows > 0;
    }
    mv_snap_end(&snap);
    return rc;
}

static int merge_slice(mv_env *env, bool resting, uint64_t max_rows, mv_err *err)
{
    mv_write w;
    merging m = {.env = env, .w = &w, .max_rows = max_rows};
    bool work = false;
    int rc = has_work(env, resting, &work, err);
    if (rc != MV_OK || !work)
        return rc == MV_OK ? MV_DONE : rc;
    rc = mv_write_open(env, &w, err);
    if (rc != MV_OK)
        return rc;
    uint64_t began = mv_pace_clock();
    rc = work_in(&m, resting, err);
    if (rc != MV_OK) {
        mv_write_abort(&w.txn);
        return rc;
    }
    bool goes_on = w.state.run_merging > 0;
    rc = mv_write_close(env, &w, err);
    if (rc == MV_OK && goes_on && m.rows > 0 && max_rows == 0)
        mv_pace_learn(&env->pace, MV_PACE_MERGE, m.rows, mv_pace_clock() - began);
    return rc;
}

/* ---- what next ---- */

int mv_merge_step(mv_env *env, bool resting, uint64_t max_rows, mv_err *err)
{
    int rc = mv_sort_slice(env, max_rows, err);
    if (rc != MV_DONE && rc != MV_NOT_FOUND)
        return rc;
    return merge_slice(env, resting || rc == MV_NOT_FOUND, max_rows, err);
}

/* Freezes what is not sorted up to a target, if nobody has done so. Without runs it goes to `data` at once. */
static int freeze_for(mv_env *env, uint64_t target, mv_err *err)
{
    mv_write w;
    int rc = mv_write_open(env, &w, err);
    if (rc != MV_OK)
        return rc;
    if (w.state.frozen != 0 || w.state.sorted >= target) {
        mv_write_abort(&w.txn);
        return MV_OK;
    }
    mv_sort_freeze(&w.state, w.state.run_count == 0 ? MV_TARGET_DATA : MV_TARGET_RUN);
    return mv_write_close(env, &w, err);
}

static int step_towards(mv_env *env, uint64_t target, uint64_t max_rows, mv_err *err)
{
    mv_snap snap;
    int rc = mv_snap_begin(env, &snap, err);
    if (rc != MV_OK)
        return rc;
    mv_state s = snap.state;
    mv_snap_end(&snap);
    if (s.merged >= target)
        return MV_DONE;
    if (s.frozen == 0 && s.sorted < target)
        return freeze_for(env, target, err);
    rc = mv_merge_step(env, true, max_rows, err);
    return rc == MV_DONE ? MV_OK : rc;
}

int mv_merge(mv_env *env, uint64_t target, uint64_t max_rows, mv_err *err)
{
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = step_towards(env, target, max_rows, err);
    mv_env_leave(env);
    return rc;
}
