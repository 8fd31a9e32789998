/* Verification: every row is read, its checksum compared, and what the sub-databases say of each other. */
#include "base/mv_buf.h"
#include "base/mv_error.h"
#include "mvcc/mv_log.h"
#include "mvcc/mv_protect.h"
#include "mvcc/mv_runs.h"
#include "mvcc/mv_walk.h"

enum part {
    PART_META = 0,
    PART_DATA = 1,
    PART_CHANGES = 2,
    PART_LOG_A = 3,
    PART_LOG_B = 4,
    PART_RUNS = 5 /* and MV_RUNS - 1 more */
};

typedef struct check { /* one call of mv_verify */
    mv_env *env;
    mv_snap snap;
    mv_cur cur;
    mv_finder finder; /* parts changes, logs and runs: to look versions up */
    mv_verify_stats *stats;
} check;

static int count(check *c, uint8_t kind, mv_slice vkey, mv_slice value)
{
    c->stats->versions++;
    c->stats->tombstones += kind == MV_KIND_TOMBSTONE;
    c->stats->bytes += vkey.len - MV_KEY_OVERHEAD + value.len;
    return MV_OK;
}

/* A version that a merge under way has brought to `data` already is counted there. */
static int count_unmoved(check *c, uint8_t kind, mv_slice vkey, mv_slice value, mv_err *err)
{
    int rc = mv_cur_seek(&c->finder.data, vkey, err);
    if (rc == MV_NOT_FOUND || (rc == MV_OK && !mv_slice_equal(c->finder.data.key, vkey)))
        return count(c, kind, vkey, value);
    return rc;
}

static int check_data_row(check *c, mv_err *err)
{
    mv_vkey key;
    uint8_t kind;
    mv_slice value;
    int rc = mv_row_open(c->cur.key, c->cur.value, &key, &kind, &value, err);
    if (rc != MV_OK)
        return rc;
    count(c, kind, c->cur.key, value);
    if (key.ts > c->snap.state.last_commit && key.ts > c->snap.state.direct) {
        mv_fail(err, MV_E_CORRUPT_STORE, "a version is newer than the last commit");
        return mv_fail_at(err, key.table, key.key.data, key.key.len, key.ts);
    }
    return MV_OK;
}

/* What `changes` lists above its threshold stands in `data`, a run or a log, with the same kind. */
static int check_listed_version(check *c, const mv_change *change, mv_err *err)
{
    uint8_t kind;
    mv_slice value;
    int rc = mv_finder_find(&c->finder, change, &kind, &value, err);
    if (rc == MV_NOT_FOUND)
        rc = mv_fail(err, MV_E_CORRUPT_STORE, "a change has no version");
    else if (rc == MV_OK && kind != change->kind)
        rc = mv_fail(err, MV_E_CORRUPT_STORE, "a change and its version are of different kinds");
    else
        return rc;
    return mv_fail_at(err, change->table, change->key.data, change->key.len, change->ts);
}

static int check_changes_row(check *c, mv_err *err)
{
    mv_change change;
    int rc = mv_change_read(&c->cur, &change, err);
    if (rc != MV_OK)
        return rc;
    c->stats->changes++;
    if (change.ts > c->snap.state.last_commit)
        return mv_fail(err, MV_E_CORRUPT_STORE, "a change is newer than the last commit");
    if (mv_change_is_span(&change) || change.ts <= c->snap.state.changes_from)
        return MV_OK;
    return check_listed_version(c, &change, err);
}

/* A row of a log lies in the range of time that is the log's. A version that a merge has moved already is counted once. */
static int check_log_row(check *c, enum part part, mv_err *err)
{
    const mv_state *s = &c->snap.state;
    mv_log_row row = {0};
    uint8_t kind = MV_KIND_VALUE;
    mv_slice value = {NULL, 0};
    int rc = mv_log_read(&c->cur, &row, err);
    if (rc != MV_OK)
        return rc;
    bool active = (s->active & 1) == (unsigned)(part - PART_LOG_A);
    uint64_t low = active && s->frozen != 0 ? s->frozen : s->sorted,
             high = active ? s->last_commit : s->frozen;
    if (row.ts <= low || row.ts > high)
        return mv_fail(err, MV_E_CORRUPT_STORE, "a row of the log is not of its range of time");
    mv_record_peek(row.record, &kind, &value);
    return active ? count(c, kind, row.vkey, value) : count_unmoved(c, kind, row.vkey, value, err);
}

/* A row of a run lies in the run's range of time. */
static int check_run_row(check *c, enum part part, mv_err *err)
{
    const mv_state *s = &c->snap.state;
    uint64_t run = ((uint64_t)(part - PART_RUNS) + MV_RUNS - s->run_first) % MV_RUNS;
    mv_vkey key = {0};
    uint8_t kind = MV_KIND_VALUE;
    mv_slice value = {NULL, 0};
    int rc = mv_row_open(c->cur.key, c->cur.value, &key, &kind, &value, err);
    if (rc != MV_OK)
        return rc;
    if (key.ts <= mv_run_low(s, run) || key.ts > mv_run_high(s, run))
        return mv_fail(err, MV_E_CORRUPT_STORE, "a row of a run is not of its range of time");
    return count_unmoved(c, kind, c->cur.key, value, err);
}

static int check_row(check *c, enum part part, mv_err *err)
{
    switch (part) {
    case PART_META:
        return mv_protect_check(&c->cur, err);
    case PART_DATA:
        return check_data_row(c, err);
    case PART_CHANGES:
        return check_changes_row(c, err);
    case PART_LOG_A:
    case PART_LOG_B:
        return check_log_row(c, part, err);
    default:
        return check_run_row(c, part, err);
    }
}

/* Goes on behind the cursor's key. */
static int place(check *c, const mv_buf *cursor, mv_err *err)
{
    mv_slice behind = {cursor->data, cursor->len};
    if (cursor->len == 0)
        return mv_cur_first(&c->cur, err);
    int rc = mv_cur_seek(&c->cur, behind, err);
    if (rc == MV_OK && mv_slice_equal(c->cur.key, behind))
        rc = mv_cur_next(&c->cur, err);
    return rc;
}

/* MV_OK after max_rows, MV_NOT_FOUND at the end. The cursor names the last row that was looked at. */
static int check_rows(check *c, enum part part, uint64_t max_rows, mv_buf *cursor, mv_err *err)
{
    int rc = place(c, cursor, err);
    for (uint64_t seen = 0; rc == MV_OK && seen < max_rows; seen++) {
        mv_err ignored;
        rc = check_row(c, part, err);
        int saved = mv_buf_set(cursor, c->cur.key.data, c->cur.key.len, rc == MV_OK ? err : &ignored);
        if (rc != MV_OK || saved != MV_OK)
            return rc != MV_OK ? rc : saved;
        rc = mv_cur_next(&c->cur, err);
    }
    return rc;
}

/* The rows of meta alone: the state was read with the snapshot. */
static int check_meta(check *c, mv_err *err)
{
    uint8_t store_id[MV_STORE_ID];
    mv_slice from;
    int rc = mv_format_load(&c->snap.txn, c->env->meta, store_id, err);
    if (rc == MV_OK)
        rc = mv_progress_load(&c->snap.txn, c->env->meta, MV_PROGRESS_SORT, &from, err);
    if (rc == MV_OK || rc == MV_NOT_FOUND)
        rc = mv_progress_load(&c->snap.txn, c->env->meta, MV_PROGRESS_MERGE, &from, err);
    return rc == MV_NOT_FOUND ? MV_OK : rc;
}

static int check_part(check *c, enum part part, uint64_t max_rows, mv_buf *cursor, mv_err *err)
{
    const mv_env *env = c->env;
    const mv_db databases[] = {env->protected, env->data, env->changes, env->logs[0], env->logs[1]};
    int rc = MV_OK;
    if (part >= PART_RUNS && !mv_run_used(&c->snap.state, part - PART_RUNS))
        return MV_NOT_FOUND; /* nothing of what stands there counts */
    if (part == PART_META && cursor->len == 0)
        rc = check_meta(c, err);
    if (rc == MV_OK)
        rc = mv_cur_open(&c->snap.txn, part < PART_RUNS ? databases[part] : env->runs[part - PART_RUNS],
                         &c->cur, err);
    if (rc == MV_OK && part >= PART_CHANGES)
        rc = mv_finder_open(env, &c->snap, &c->finder, err);
    if (rc == MV_OK)
        rc = check_rows(c, part, max_rows, cursor, err);
    mv_cur_close(&c->cur);
    mv_finder_close(&c->finder);
    return rc;
}

int mv_verify(mv_env *env, int part, uint64_t max_rows, mv_buf *cursor, mv_verify_stats *stats, mv_err *err)
{
    check c = {.env = env, .stats = stats};
    if (part < PART_META || part >= MV_VERIFY_PARTS)
        return mv_fail(err, MV_E_INVALID, "there is no such part");
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_snap_begin(env, &c.snap, err);
    if (rc == MV_OK) {
        rc = check_part(&c, (enum part)part, max_rows, cursor, err);
        mv_snap_end(&c.snap);
    }
    mv_env_leave(env);
    return rc == MV_NOT_FOUND ? MV_DONE : rc;
}
