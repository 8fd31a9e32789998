/* Commit: a batch is validated, gets a timestamp and is written, all or nothing: to the log, and to `changes`. */
#include "base/mv_error.h"
#include "base/mv_plant.h"
#include "mvcc/mv_changelog.h"
#include "mvcc/mv_commit.h"
#include "mvcc/mv_gap.h"
#include "mvcc/mv_group.h"
#include "mvcc/mv_log.h"
#include "mvcc/mv_ops.h"
#include "mvcc/mv_unique.h"
#include "mvcc/mv_version.h"

#define CLOCK_LEAD ((uint64_t)1000000 << 12) /* an explicit timestamp may be one second ahead of the clock */

#define LARGEST_IN_LOG ((size_t)64 << 10) /* bytes of a value: what is larger is written once, to `data` */
#define LARGEST_BATCH_IN_LOG ((uint64_t)64 << 20) /* bytes of a batch: what is larger would stand in memory */

/* Rule 15: nothing committed after read_ts touches the read set. */
static int validate(mv_env *env, mv_write *w, const mv_commit_args *args, const mv_readset *reads,
                    mv_err *err)
{
    mv_cur cur = {0};
    mv_change change;
    if (args->read_ts < w->state.changes_from)
        return mv_fail_ab(err, MV_E_BELOW_GC, args->read_ts, w->state.changes_from, "the changes are gone");
    if (args->read_ts >= w->state.last_commit)
        return MV_OK;
    int rc = mv_cur_open(&w->txn, env->changes, &cur, err);
    if (rc == MV_OK)
        rc = mv_change_seek(&cur, args->read_ts + 1, 0, err);
    for (; rc == MV_OK; rc = mv_cur_next(&cur, err)) {
        rc = mv_change_read(&cur, &change, err);
        if (rc == MV_OK && mv_readset_touched(reads, &change)) {
            mv_fail(err, MV_E_CONFLICT, "the transaction read what another commit has changed");
            rc = mv_fail_at(err, change.table, change.key.data, change.key.len, change.ts);
        }
        if (rc != MV_OK)
            break;
    }
    mv_cur_close(&cur);
    return rc == MV_NOT_FOUND ? MV_OK : rc;
}

/* Rule 5, and the bounds of an explicit timestamp. */
static int assign_timestamp(mv_env *env, const mv_write *w, const mv_commit_args *args, uint64_t *ts,
                            mv_err *err)
{
    uint64_t lowest = mv_lowest_commit(env, w), clock = mv_clock(args->now);
    if (args->at == 0) {
        *ts = clock > lowest ? clock : lowest;
        return MV_OK;
    }
    if (args->at < lowest)
        return mv_fail_ab(err, MV_E_CLOCK_SKEW, args->at, lowest,
                          "the timestamp is not above what was read or written");
    if (args->at > clock + CLOCK_LEAD && args->at > lowest)
        return mv_fail_ab(err, MV_E_CLOCK_SKEW, args->at, clock + CLOCK_LEAD,
                          "the timestamp is too far ahead");
    *ts = args->at;
    return MV_OK;
}

typedef struct writing { /* one batch on its way into a transaction */
    mv_write *w;
    mv_pending *batch;
    mv_cur data, log, changes;
} writing;

/* Puts a version where it will stay. */
static int put_direct(writing *x, uint32_t table, mv_slice key, mv_slice value, uint8_t kind, mv_err *err)
{
    mv_state *state = &x->w->state;
    uint64_t ts = x->batch->ts;
    state->direct = ts > state->direct ? ts : state->direct;
    return mv_version_put(&x->data, table, key, value, kind, ts, false, err);
}

static int write_op(writing *x, uint32_t seq, uint32_t table, mv_slice key, mv_slice value, uint8_t kind,
                    mv_err *err)
{
    uint64_t ts = x->batch->ts;
    bool direct = value.len > LARGEST_IN_LOG || x->batch->bytes > LARGEST_BATCH_IN_LOG;
    int rc = direct ? put_direct(x, table, key, value, kind, err)
                    : mv_log_add(&x->log, ts, seq, kind, table, key, value, err);
    if (rc == MV_OK)
        rc = mv_change_add(&x->changes, ts, seq, kind, table, key, err);
    if (table == MV_TABLE_CATALOG)
        x->w->state.catalog_ts = ts;
    return rc;
}

static int write_ops(writing *x, mv_err *err)
{
    const mv_ops *ops = &x->batch->args->ops;
    mv_slice key = {ops->keys, 0}, value = {ops->values, 0};
    int rc = MV_OK;
    for (uint64_t i = 0; i < ops->count && rc == MV_OK; i++) {
        bool deleted = ops->value_lens[i] == MV_TOMBSTONE;
        key.len = ops->key_lens[i];
        value.len = deleted ? 0 : ops->value_lens[i];
        rc = write_op(x, (uint32_t)i, mv_ops_table(ops, i), key, value,
                      deleted ? MV_KIND_TOMBSTONE : MV_KIND_VALUE, err);
        key.data += key.len;
        value.data += value.len;
    }
    return rc;
}

static int write_spans(mv_cur *changes, const mv_spans *spans, uint64_t ts, uint32_t seq, mv_err *err)
{
    const uint8_t *starts = spans->starts, *ends = spans->ends;
    int rc = MV_OK;
    for (uint64_t i = 0; i < spans->count && rc == MV_OK; i++) {
        mv_bound start = {{starts, spans->start_lens[i]}, spans->start_lens[i] == MV_UNBOUNDED};
        mv_bound end = {{ends, spans->end_lens[i]}, spans->end_lens[i] == MV_UNBOUNDED};
        rc = mv_change_add_span(changes, ts, seq + (uint32_t)i, MV_CHANGE_SPAN, spans->tables[i], start, end,
                                err);
        starts += start.open ? 0 : start.key.len;
        ends += end.open ? 0 : end.key.len;
    }
    return rc;
}

/* Writes a batch that falls into a gap of `data`: MV_NOT_FOUND where it does not. */
static int write_into_gap(writing *x, mv_err *err)
{
    const mv_ops *ops = &x->batch->args->ops;
    mv_state *state = &x->w->state;
    bool fits, append;
    int rc = mv_gap_fits(&x->data, ops, &fits, &append, err);
    if (rc != MV_OK || !fits)
        return rc == MV_OK ? MV_NOT_FOUND : rc;
    if (state->merged == state->last_commit) /* no log and no run holds anything: nor will any below ts */
        state->merged = state->sorted = x->batch->ts;
    state->direct = x->batch->ts > state->direct ? x->batch->ts : state->direct;
    return mv_gap_write(&x->data, &x->changes, ops, x->batch->ts, append, err);
}

static int write_rows(writing *x, mv_err *err)
{
    const mv_commit_args *args = x->batch->args;
    int rc = x->batch->sorted && args->ingested.count == 0 ? write_into_gap(x, err) : MV_NOT_FOUND;
    if (rc != MV_NOT_FOUND)
        return rc;
    rc = write_ops(x, err);
    if (rc == MV_OK)
        rc = write_spans(&x->changes, &args->ingested, x->batch->ts, (uint32_t)args->ops.count, err);
    return rc;
}

static int write_all(mv_env *env, mv_write *w, mv_pending *batch, mv_err *err)
{
    writing x = {.w = w, .batch = batch};
    int rc = mv_cur_open(&w->txn, env->data, &x.data, err);
    if (rc == MV_OK)
        rc = mv_cur_open(&w->txn, mv_log_active(env, &w->state), &x.log, err);
    if (rc == MV_OK)
        rc = mv_cur_open(&w->txn, env->changes, &x.changes, err);
    if (rc == MV_OK)
        rc = write_rows(&x, err);
    mv_cur_close(&x.data);
    mv_cur_close(&x.log);
    mv_cur_close(&x.changes);
    w->state.last_commit = batch->ts;
    return rc;
}

int mv_pending_apply(mv_env *env, mv_write *w, mv_pending *batch, bool *written)
{
    const mv_commit_args *args = batch->args;
    mv_err *err = batch->err;
    int rc = MV_OK;
    if (w->state.catalog_ts > args->catalog_ts && !mv_planted(CATALOG))
        rc = mv_fail_ab(err, MV_E_CATALOG_CHANGED, w->state.catalog_ts, args->catalog_ts,
                        "the catalog has changed");
    if (rc == MV_OK && args->reads.count > 0)
        rc = validate(env, w, args, &batch->reads, err);
    if (rc == MV_OK)
        rc = assign_timestamp(env, w, args, &batch->ts, err);
    if (rc != MV_OK)
        return rc;
    *written = true;
    return write_all(env, w, batch, err);
}

static uint64_t log_bytes_of(const mv_ops *ops)
{
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < ops->count; i++) {
        bytes += ops->key_lens[i];
        if (ops->value_lens[i] <= LARGEST_IN_LOG)
            bytes += ops->value_lens[i];
    }
    return bytes;
}

int mv_commit(mv_env *env, const mv_commit_args *args, uint64_t *ts, mv_err *err)
{
    int rc = mv_ops_check(&args->ops, true, err);
    if (rc == MV_OK)
        rc = mv_check_unique(&args->ops, err);
    return rc == MV_OK ? mv_commit_checked(env, args, ts, err) : rc;
}

int mv_commit_checked(mv_env *env, const mv_commit_args *args, uint64_t *ts, mv_err *err)
{
    mv_pending batch = {.args = args, .err = err};
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_readset_build(&args->reads, &batch.reads, err);
    if (rc == MV_OK) {
        batch.bytes = log_bytes_of(&args->ops);
        batch.sorted = mv_gap_suits(&args->ops);
        rc = mv_group_commit(env, &batch);
    }
    if (rc == MV_OK)
        *ts = batch.ts;
    mv_readset_free(&batch.reads);
    mv_env_leave(env);
    return rc;
}
