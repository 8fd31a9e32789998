/* Reading `changes`: what was committed, in commit order, with the values. */
#include "base/mv_buf.h"
#include "base/mv_error.h"
#include "mvcc/mv_log.h"
#include "mvcc/mv_rows.h"
#include "mvcc/mv_walk.h"

typedef struct reading { /* one call of mv_changes */
    mv_env *env;
    mv_snap *snap;
    const mv_changes_args *args;
    mv_page *page;
    mv_cur changes;
    mv_finder finder;
} reading;

static int add_row(reading *r, const mv_change *change, mv_slice key, uint8_t kind, mv_slice value,
                   mv_err *err)
{
    int rc = mv_page_add(r->page, key, change->ts, kind, value, err);
    return rc == MV_OK ? mv_buf_append(&r->page->tables, &change->table, sizeof change->table, err) : rc;
}

/* Ends the page in front of a row; key is inside an ingested span, or empty. */
static int stop(reading *r, const mv_change *change, mv_slice key, mv_err *err)
{
    r->page->resume_seq = change->seq;
    int rc = mv_page_resume(r->page, key, change->ts, err);
    return rc == MV_OK ? MV_DONE : rc;
}

static bool full(const reading *r, size_t row_bytes)
{
    return mv_page_full(r->page, r->args->max_rows, r->args->max_bytes, row_bytes);
}

static int give_key(reading *r, const mv_change *change, mv_err *err)
{
    mv_slice value = {NULL, 0};
    if (change->kind == MV_CHANGE_VALUE) {
        uint8_t kind;
        int rc = mv_finder_find(&r->finder, change, &kind, &value, err);
        if (rc == MV_NOT_FOUND) {
            mv_fail(err, MV_E_CORRUPT_STORE, "a change has no version");
            rc = mv_fail_at(err, change->table, change->key.data, change->key.len, change->ts);
        }
        if (rc != MV_OK)
            return rc;
    }
    if (full(r, change->key.len + value.len))
        return stop(r, change, (mv_slice){NULL, 0}, err);
    return add_row(r, change, change->key, change->kind, value, err);
}

/* A span's rows became visible at the commit that it stands in; a load's are those with its timestamp. */
static int give_span(reading *r, const mv_change *change, mv_slice from, mv_err *err)
{
    mv_walk walk;
    mv_walk_args args = {
        .table = change->table,
        .start = from.len > 0 ? from : change->start.key,
        .end = change->end.key,
        .end_open = change->end.open,
        .at = change->ts,
        .since = change->kind == MV_CHANGE_LOAD ? change->ts - 1 : 0,
    };
    int rc = mv_walk_open(r->env, r->snap, &args, &walk, err);
    while (rc == MV_OK && (rc = mv_walk_next(&walk, err)) == MV_OK) {
        if (full(r, walk.row.key.len + walk.value.len))
            rc = stop(r, change, walk.row.key, err);
        else
            rc = add_row(r, change, walk.row.key, MV_KIND_VALUE, walk.value, err);
        if (r->page->more)
            break;
    }
    bool stopped = r->page->more;
    mv_walk_close(&walk);
    return rc == MV_DONE && !stopped ? MV_OK : rc;
}

static int give_window(reading *r, mv_err *err)
{
    const mv_changes_args *a = r->args;
    mv_change change;
    bool resumes = a->resume_ts != 0;
    int rc = mv_change_seek(&r->changes, resumes ? a->resume_ts : a->since + 1,
                            resumes ? (uint32_t)a->resume_seq : 0, err);
    for (; rc == MV_OK; rc = mv_cur_next(&r->changes, err)) {
        rc = mv_change_read(&r->changes, &change, err);
        if (rc != MV_OK || change.ts > r->page->until)
            break;
        bool first = resumes && change.ts == a->resume_ts && change.seq == a->resume_seq;
        mv_slice from = {a->resume_key, first ? a->resume_key_len : 0};
        if (a->table == 0 || change.table == a->table)
            rc = mv_change_is_span(&change) ? give_span(r, &change, from, err) : give_key(r, &change, err);
        if (rc != MV_OK)
            break;
    }
    return rc == MV_NOT_FOUND || rc == MV_DONE ? MV_OK : rc;
}

static int read_changes(mv_env *env, mv_snap *snap, const mv_changes_args *args, mv_page *page, mv_err *err)
{
    reading r = {.env = env, .snap = snap, .args = args, .page = page};
    if (args->since < snap->state.changes_from)
        return mv_fail_ab(err, MV_E_BELOW_GC, args->since, snap->state.changes_from,
                          "older changes are gone");
    page->until = args->until < snap->state.last_commit ? args->until : snap->state.last_commit;
    if (page->until <= args->since)
        return MV_OK;
    int rc = mv_cur_open(&snap->txn, env->changes, &r.changes, err);
    if (rc == MV_OK)
        rc = mv_finder_open(env, snap, &r.finder, err);
    if (rc == MV_OK)
        rc = give_window(&r, err);
    mv_cur_close(&r.changes);
    mv_finder_close(&r.finder);
    return rc;
}

int mv_changes(mv_env *env, const mv_changes_args *args, mv_page *page, mv_err *err)
{
    mv_snap snap;
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_snap_begin(env, &snap, err);
    if (rc == MV_OK) {
        mv_page_clear(page);
        rc = read_changes(env, &snap, args, page, err);
        mv_snap_end(&snap);
    }
    mv_env_leave(env);
    return rc;
}
