/* Bulk load: rows of one table, in key order, straight into `data` at one new timestamp. One commit, which `changes`
 * knows as one row. */
#include "base/mv_alloc.h"
#include "base/mv_error.h"
#include "base/mv_plant.h"
#include "mvcc/mv_batch.h"
#include "mvcc/mv_changelog.h"
#include "mvcc/mv_env.h"
#include "mvcc/mv_version.h"

typedef struct load { /* one call of mv_load */
    const mv_ops *parts;
    uint64_t part_count;
    mv_batch_row *sorted; /* the rows in key order; NULL: the parts are in key order */
    size_t sorted_count;
    uint32_t table;
    uint64_t ts;
    mv_cur data;
    bool append;
    mv_slice first, last; /* keys that were put */
} load;

static int put_row(load *l, mv_slice key, mv_slice value, mv_err *err)
{
    int rc = MV_OK;
    if (l->first.data == NULL) {
        l->first = key;
        rc = mv_version_sorts_last(&l->data, l->table, key, &l->append, err);
    }
    if (rc == MV_OK)
        rc = mv_version_put(&l->data, l->table, key, value, MV_KIND_VALUE, l->ts, l->append, err);
    l->last = key;
    return rc;
}

/* Puts parts that are in key order. */
static int put_parts(load *l, const mv_ops *parts, uint64_t count, mv_err *err)
{
    mv_ops_walk walk = mv_ops_walk_over(parts, count);
    int rc = MV_OK;
    while (rc == MV_OK && mv_ops_next(&walk))
        rc = put_row(l, walk.key, walk.value, err);
    return rc;
}

static int put_sorted(load *l, const mv_batch_row *rows, size_t count, mv_err *err)
{
    int rc = MV_OK;
    for (size_t i = 0; i < count && rc == MV_OK; i++)
        rc = put_row(l, (mv_slice){rows[i].key, rows[i].key_len},
                     (mv_slice){rows[i].value, rows[i].value_len}, err);
    return rc;
}

static int note_change(mv_env *env, mv_write *w, const load *l, mv_err *err)
{
    mv_cur changes;
    int rc = mv_cur_open(&w->txn, env->changes, &changes, err);
    if (rc == MV_OK)
        rc = mv_change_add_load(&changes, l->ts, l->table, l->first, l->last, err);
    mv_cur_close(&changes);
    return rc;
}

static void note_state(mv_state *state, const load *l)
{
    if (state->merged == state->last_commit) /* no log and no run holds anything: nor will any below ts */
        state->merged = state->sorted = l->ts;
    state->last_commit = l->ts;
    state->direct = l->ts;
    if (l->table == MV_TABLE_CATALOG)
        state->catalog_ts = l->ts;
}

/* Planted: the load is visible before its rows are there, which come in a transaction of their own. */
static int show_early(mv_env *env, mv_write *w, const load *l, mv_err *err)
{
    note_state(&w->state, l);
    int rc = mv_write_close(env, w, err);
    mv_pause("load.shown");
    return rc == MV_OK ? mv_write_open(env, w, err) : rc;
}

/* Loads in w, and ends it. */
static int load_in(mv_env *env, mv_write *w, load *l, mv_err *err)
{
    int rc = mv_cur_open(&w->txn, env->data, &l->data, err);
    if (rc == MV_OK)
        rc = l->sorted != NULL ? put_sorted(l, l->sorted, l->sorted_count, err)
                               : put_parts(l, l->parts, l->part_count, err);
    mv_cur_close(&l->data);
    if (rc == MV_OK)
        rc = note_change(env, w, l, err);
    if (rc != MV_OK) {
        mv_write_abort(&w->txn);
        return rc;
    }
    note_state(&w->state, l);
    return mv_write_close(env, w, err);
}

/* Opens the write transaction in which the tables are still those of catalog_ts, and takes a timestamp (rule 5). */
static int begin(mv_env *env, uint64_t catalog_ts, uint64_t now, mv_write *w, uint64_t *ts, mv_err *err)
{
    int rc = mv_write_open(env, w, err);
    if (rc != MV_OK)
        return rc;
    if (w->state.catalog_ts > catalog_ts && !mv_planted(CATALOG)) {
        mv_fail_ab(err, MV_E_CATALOG_CHANGED, w->state.catalog_ts, catalog_ts, "the catalog has changed");
        mv_write_abort(&w->txn);
        return MV_E_CATALOG_CHANGED;
    }
    uint64_t lowest = mv_lowest_commit(env, w), clock = mv_clock(now);
    *ts = clock > lowest ? clock : lowest;
    return MV_OK;
}

/* Refuses what cannot be stored, and counts the rows together. */
static int check_parts(const load *l, mv_err *err)
{
    uint64_t rows = 0;
    for (uint64_t i = 0; i < l->part_count; i++) {
        int rc = mv_ops_check(&l->parts[i], false, err);
        if (rc != MV_OK)
            return rc;
        rows += l->parts[i].count;
    }
    if (rows == 0)
        return mv_fail(err, MV_E_INVALID, "a load of nothing");
    if (rows + 1 >= UINT32_MAX)
        return mv_fail_ab(err, MV_E_TOO_BIG, rows, UINT32_MAX, "too many writes in one commit");
    return MV_OK;
}

int mv_load(mv_env *env, uint64_t catalog_ts, uint64_t now, const mv_ops *parts, uint64_t part_count,
            uint64_t *ts, mv_err *err)
{
    mv_write w;
    load l = {.parts = parts, .part_count = part_count, .table = part_count > 0 ? parts[0].table : 0};
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = check_parts(&l, err);
    if (rc == MV_OK && !mv_ops_ascend(parts, part_count))
        rc = mv_batch_sort(parts, part_count, &l.sorted, &l.sorted_count, err);
    if (rc == MV_OK)
        rc = begin(env, catalog_ts, now, &w, &l.ts, err);
    if (rc == MV_OK && mv_planted(INGEST_ATOMIC))
        rc = show_early(env, &w, &l, err);
    if (rc == MV_OK)
        rc = load_in(env, &w, &l, err);
    if (rc == MV_OK)
        *ts = l.ts;
    mv_free(l.sorted);
    mv_env_leave(env);
    return rc;
}
