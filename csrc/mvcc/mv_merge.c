#include "mvcc/mv_merge.h"

#include <time.h>

#include "base/mv_error.h"
#include "mvcc/mv_key.h"
#include "mvcc/mv_log.h"

#define SMALLEST_LIMIT ((uint64_t)64 << 20) /* bytes of a log */
#define LARGEST_LIMIT ((uint64_t)256 << 20)
#define DATA_SHARE 8 /* between the two: this part of `data` */
#define FEWEST_ROWS 64
#define MOST_ROWS 65536

static uint64_t limit_for(const mv_env *env, uint64_t data_bytes)
{
    uint64_t limit = data_bytes / DATA_SHARE;
    if (env->log_limit != 0)
        return env->log_limit;
    limit = limit < LARGEST_LIMIT ? limit : LARGEST_LIMIT;
    return limit > SMALLEST_LIMIT ? limit : SMALLEST_LIMIT;
}

int mv_log_get_status(const mv_env *env, mv_snap *snap, mv_log_status *out, mv_err *err)
{
    uint64_t data_bytes;
    int rc = mv_kv_bytes(&snap->txn, mv_log_active(env, &snap->state), &out->bytes, err);
    if (rc == MV_OK)
        rc = mv_kv_bytes(&snap->txn, env->data, &data_bytes, err);
    if (rc == MV_OK) {
        out->limit = limit_for(env, data_bytes);
        out->merging = snap->state.frozen != 0;
    }
    return rc;
}

/* Ends the log that takes commits at the last one; the other log is empty. */
static void freeze(mv_state *state)
{
    state->frozen = state->last_commit;
    state->active ^= 1;
}

int mv_merge_consider(mv_env *env, mv_write *w, mv_log_status *out, mv_err *err)
{
    int rc = mv_log_get_status(env, w, out, err);
    if (rc == MV_OK && !out->merging && out->bytes > out->limit) {
        freeze(&w->state);
        out->bytes = 0;
        out->merging = true;
    }
    return rc;
}

/* ---- slices ---- */

static uint64_t clock_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

typedef struct merging { /* one slice */
    mv_env *env;
    mv_mem *mem; /* the frozen log */
    uint64_t low, high;
    uint64_t rows; /* to move at most */
    uint64_t moved;
    uint64_t began; /* on the monotonic clock, with the write lock held */
    bool finished;
} merging;

/* Finds the memtable of the frozen log: MV_DONE where nothing is frozen. */
static int find_frozen(merging *m, mv_err *err)
{
    mv_snap snap;
    int rc;
    do {
        rc = mv_snap_begin(m->env, &snap, err);
        if (rc != MV_OK)
            return rc;
        m->low = snap.state.merged;
        m->high = snap.state.frozen;
        rc = m->high == 0 ? MV_DONE : mv_tail_frozen(m->env, &snap, &m->mem, err);
        mv_snap_end(&snap);
    } while (rc == MV_NOT_FOUND);
    return rc;
}

/* Whether rows from this one on can be appended to `data`. */
static int sorts_last(mv_cur *data, mv_slice vkey, bool *last, mv_err *err)
{
    int rc = mv_cur_last(data, err);
    *last = rc == MV_NOT_FOUND;
    if (rc != MV_OK)
        return *last ? MV_OK : rc;
    mv_val a = {data->key.len, (void *)data->key.data}, b = {vkey.len, (void *)vkey.data};
    *last = mv_vkey_compare(&a, &b) < 0;
    return MV_OK;
}

/* Moves rows from the cursor on. A slice that is repeated finds the same rows there. */
static int move_rows(merging *m, mv_write *w, mv_mem_cur *cur, bool *more, mv_err *err)
{
    mv_cur data;
    bool append;
    uint8_t *out;
    int rc = mv_cur_open(&w->txn, m->env->data, &data, err);
    if (rc == MV_OK)
        rc = sorts_last(&data, cur->key, &append, err);
    for (*more = true; rc == MV_OK && *more && m->moved < m->rows; m->moved++) {
        rc = mv_cur_reserve(&data, cur->key, cur->value.len, false, append, &out, err);
        if (rc != MV_OK)
            break;
        memcpy(out, cur->value.data, cur->value.len);
        *more = mv_mem_next(cur);
    }
    mv_cur_close(&data);
    return rc;
}

/* The last step: everything up to `frozen` is in `data`. */
static int finish(merging *m, mv_write *w, mv_err *err)
{
    int rc = mv_kv_clear(&w->txn, mv_log_frozen(m->env, &w->state), err);
    if (rc == MV_OK)
        rc = mv_merge_cursor_clear(&w->txn, m->env->meta, err);
    m->finished = true;
    w->state.merged = w->state.frozen;
    w->state.frozen = 0;
    return rc;
}

/* Inside a write transaction whose state is the one that the memtable was found for. */
static int slice_in(merging *m, mv_write *w, mv_err *err)
{
    mv_mem_cur cur = {.mem = m->mem};
    mv_slice from;
    int rc = mv_merge_cursor_load(&w->txn, m->env->meta, &from, err);
    bool more = rc == MV_NOT_FOUND ? mv_mem_first(&cur) : rc == MV_OK && mv_mem_seek(&cur, from);
    if (rc < 0)
        return rc;
    if (!more)
        return finish(m, w, err);
    rc = move_rows(m, w, &cur, &more, err);
    if (rc != MV_OK)
        return rc;
    return more ? mv_merge_cursor_save(&w->txn, m->env->meta, cur.key, err) : finish(m, w, err);
}

static int run_slice(merging *m, mv_err *err)
{
    mv_write w;
    int rc = mv_write_open(m->env, &w, err);
    if (rc != MV_OK)
        return rc;
    m->began = clock_ns();
    if (w.state.merged != m->low || w.state.frozen != m->high) { /* another process has ended this merge */
        mv_write_abort(&w.txn);
        return MV_OK;
    }
    rc = slice_in(m, &w, err);
    if (rc == MV_OK)
        return mv_write_close(m->env, &w, err);
    mv_write_abort(&w.txn);
    return rc;
}

/* So many rows that the next slice takes about MV_SLICE_NS, by at most twice or half of what this one was. */
static uint64_t next_rows(uint64_t moved, uint64_t ns)
{
    uint64_t wanted = ns > 0 ? moved * MV_SLICE_NS / ns : 2 * moved;
    wanted = wanted > 2 * moved ? 2 * moved : wanted < moved / 2 ? moved / 2 : wanted;
    return wanted < FEWEST_ROWS ? FEWEST_ROWS : wanted > MOST_ROWS ? MOST_ROWS : wanted;
}

int mv_merge_slice_sized(mv_env *env, uint64_t *rows, mv_err *err)
{
    merging m = {.env = env, .rows = *rows};
    int rc = find_frozen(&m, err);
    if (rc != MV_OK)
        return rc;
    rc = run_slice(&m, err);
    mv_mem_unref(m.mem);
    if (rc == MV_OK && m.finished)
        mv_tail_drop(env->tail, m.high);
    if (rc == MV_OK && m.moved == m.rows)
        *rows = next_rows(m.moved, clock_ns() - m.began);
    return rc;
}

/* ---- for callers ---- */

static int begin_merge(mv_env *env, uint64_t target, mv_err *err)
{
    mv_write w;
    int rc = mv_write_open(env, &w, err);
    if (rc != MV_OK)
        return rc;
    if (w.state.frozen != 0 || w.state.merged >= target) {
        mv_write_abort(&w.txn);
        return MV_OK;
    }
    freeze(&w.state);
    return mv_write_close(env, &w, err);
}

static int merge_step(mv_env *env, uint64_t target, uint64_t *rows, mv_err *err)
{
    mv_snap snap;
    int rc = mv_snap_begin(env, &snap, err);
    if (rc != MV_OK)
        return rc;
    uint64_t merged = snap.state.merged, frozen = snap.state.frozen;
    mv_snap_end(&snap);
    if (merged >= target)
        return MV_DONE;
    if (frozen == 0)
        return begin_merge(env, target, err);
    rc = mv_merge_slice_sized(env, rows, err);
    return rc == MV_DONE ? MV_OK : rc;
}

int mv_merge(mv_env *env, uint64_t target, uint64_t *rows, mv_err *err)
{
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = merge_step(env, target, rows, err);
    mv_env_leave(env);
    return rc;
}
