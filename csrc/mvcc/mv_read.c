/* Reads: one key, many keys, a page of a scan. */
#include "base/mv_buf.h"
#include "base/mv_error.h"
#include "lmdb/mv_tree.h"
#include "mvcc/mv_rows.h"
#include "mvcc/mv_runs.h"
#include "mvcc/mv_view.h"
#include "mvcc/mv_walk.h"

typedef struct version {
    uint64_t ts;
    uint8_t kind;
    mv_slice value;
} version;

typedef struct lookup { /* point reads of one snapshot */
    mv_env *env;
    mv_snap *snap;
    uint32_t table;
    uint64_t at;
    mv_cur data; /* opened when it is first needed */
    mv_run_cursors runs;
} lookup;

static int take(mv_slice raw_key, mv_slice raw_value, version *out, mv_err *err)
{
    mv_vkey key;
    int rc = mv_row_open(raw_key, raw_value, &key, &out->kind, &out->value, err);
    if (rc == MV_OK)
        out->ts = key.ts;
    return rc;
}

/* The newest version in the memtables; MV_NOT_FOUND. */
static int find_in_memory(const lookup *l, mv_slice vkey, version *out, mv_err *err)
{
    mv_slice key, record;
    for (unsigned i = 0; i < l->snap->mems.count; i++)
        if (mv_mem_find(l->snap->mems.mem[i], vkey, &key, &record))
            return take(key, record, out, err);
    return MV_NOT_FOUND;
}

/* Takes the row that a cursor was placed at for a key, if it is the key's; MV_NOT_FOUND. */
static int take_if_same(const mv_cur *cur, uint32_t table, mv_slice key, version *out, mv_err *err)
{
    mv_vkey found;
    if (!mv_vkey_parse(cur->key, &found))
        return mv_fail(err, MV_E_CORRUPT_STORE, "a version key has no possible length");
    if (found.table != table || !mv_slice_equal(found.key, key))
        return MV_NOT_FOUND;
    return take(cur->key, cur->value, out, err);
}

/* The newest version in the runs; MV_NOT_FOUND. */
static int find_in_runs(lookup *l, mv_slice key, mv_slice vkey, version *out, mv_err *err)
{
    const mv_state *s = &l->snap->state;
    mv_cur *cur;
    int rc = MV_NOT_FOUND;
    for (uint64_t run = s->run_count; run-- > 0 && rc == MV_NOT_FOUND;) {
        if (mv_run_low(s, run) >= l->at)
            continue;
        rc = mv_run_seek(&l->runs, run, vkey, &cur, err);
        if (rc == MV_OK)
            rc = take_if_same(cur, l->table, key, out, err);
    }
    return rc;
}

/* The newest version in `data`; MV_NOT_FOUND. */
static int find_in_data(lookup *l, mv_slice key, mv_slice vkey, version *out, mv_err *err)
{
    int rc = l->data.raw == NULL ? mv_cur_open(&l->snap->txn, l->env->data, &l->data, err) : MV_OK;
    if (rc == MV_OK)
        rc = mv_cur_seek(&l->data, vkey, err);
    return rc == MV_OK ? take_if_same(&l->data, l->table, key, out, err) : rc;
}

/* Asks the memtables and the runs: MV_OK where they answer for good, since nothing newer than what they have above `direct`
 * can stand in `data`; MV_NOT_FOUND where `data` has to be asked too. Where they have nothing, out->ts is 0. */
static int ask_unmerged(lookup *l, mv_slice key, mv_slice vkey, version *out, mv_err *err)
{
    out->ts = 0;
    int rc = find_in_memory(l, vkey, out, err);
    if (rc == MV_NOT_FOUND && l->snap->state.run_count > 0)
        rc = find_in_runs(l, key, vkey, out, err);
    return rc == MV_OK && out->ts <= l->snap->state.direct ? MV_NOT_FOUND : rc;
}

/* Then `data`: the newer one of the two versions; MV_NOT_FOUND where there is none. `row`, which may be NULL, is where the
 * version key led to in its tree: used where it is a version of the key. */
static int ask_data(lookup *l, mv_slice key, mv_slice vkey, const mv_tree_row *row, version *out, mv_err *err)
{
    version in_data;
    mv_vkey at;
    bool known = row != NULL && row->key.data != NULL && mv_vkey_parse(row->key, &at) &&
                 at.table == l->table && mv_slice_equal(at.key, key);
    int rc = known ? take(row->key, row->value, &in_data, err) : find_in_data(l, key, vkey, &in_data, err);
    if (rc == MV_OK && in_data.ts > out->ts)
        *out = in_data;
    return rc == MV_NOT_FOUND && out->ts != 0 ? MV_OK : rc;
}

/* The newest version of a key: MV_OK, MV_NOT_FOUND (also where it is a tombstone), or a failure. */
static int find(lookup *l, mv_slice key, version *out, mv_err *err)
{
    uint8_t room[MV_VKEY_ROOM];
    mv_slice vkey = mv_vkey_write(room, l->table, key, l->at);
    int rc = ask_unmerged(l, key, vkey, out, err);
    if (rc == MV_NOT_FOUND)
        rc = ask_data(l, key, vkey, NULL, out, err);
    return rc == MV_OK && out->kind == MV_KIND_TOMBSTONE ? MV_NOT_FOUND : rc;
}

/* Copies a value to the caller; gives its length. */
static int give(const version *found, mv_got *got)
{
    got->ts = found->ts;
    if (found->value.len > MV_ROOM) {
        int rc = mv_buf_set(&got->large, found->value.data, found->value.len, &got->err);
        if (rc != MV_OK)
            return rc;
    } else if (found->value.len > 0) {
        memcpy(got->room, found->value.data, found->value.len);
    }
    return (int)found->value.len;
}

int mv_get(const mv_place *place, const uint8_t *key, uint32_t key_len, mv_got *got)
{
    mv_snap snap;
    version found;
    lookup l = {
        .env = place->env,
        .snap = &snap,
        .table = place->table,
        .runs = {.env = place->env, .snap = &snap},
    };
    if (key_len > MV_MAX_KEY)
        return mv_fail_ab(&got->err, MV_E_KEY_TOO_LONG, key_len, MV_MAX_KEY, "the key is too long");
    int rc = mv_env_enter(place->env, &got->err);
    if (rc != MV_OK)
        return rc;
    rc = mv_view_snap(place->env, place->view, place->catalog_ts, &snap, &l.at, &got->err);
    if (rc == MV_OK) {
        rc = find(&l, (mv_slice){key, key_len}, &found, &got->err);
        if (rc == MV_OK)
            rc = give(&found, got);
        else if (rc == MV_NOT_FOUND)
            rc = MV_ABSENT;
        mv_cur_close(&l.data);
        mv_run_close(&l.runs);
        mv_snap_end(&snap);
    }
    mv_env_leave(place->env);
    return rc;
}

typedef struct group { /* keys that are looked up together */
    unsigned count, open;
    mv_slice keys[MV_TREE_SEEKS];
    version found[MV_TREE_SEEKS]; /* ABSENT until something is */
    unsigned asks[MV_TREE_SEEKS]; /* the open ones: keys for which `data` has to be asked, */
    mv_slice vkeys[MV_TREE_SEEKS];
    mv_tree_row rows[MV_TREE_SEEKS]; /* where they lead to in `data` */
    uint8_t room[MV_TREE_SEEKS][MV_VKEY_ROOM];
} group;

static int ask_unmerged_for(lookup *l, group *g, mv_err *err)
{
    g->open = 0;
    for (unsigned i = 0; i < g->count; i++) {
        mv_slice vkey = mv_vkey_write(g->room[g->open], l->table, g->keys[i], l->at);
        int rc = ask_unmerged(l, g->keys[i], vkey, &g->found[i], err);
        if (rc < 0)
            return rc;
        if (rc == MV_NOT_FOUND) {
            g->asks[g->open] = i;
            g->vkeys[g->open++] = vkey;
        }
    }
    return MV_OK;
}

static int ask_data_for(lookup *l, const mv_tree *tree, group *g, mv_err *err)
{
    if (tree != NULL)
        mv_tree_seek(tree, g->vkeys, g->open, g->rows);
    for (unsigned i = 0; i < g->open; i++) {
        version *found = &g->found[g->asks[i]];
        const mv_tree_row *row = tree != NULL ? &g->rows[i] : NULL;
        int rc = ask_data(l, g->keys[g->asks[i]], g->vkeys[i], row, found, err);
        if (rc < 0)
            return rc;
        if (rc == MV_NOT_FOUND)
            *found = (version){0, MV_KIND_TOMBSTONE, {NULL, 0}};
    }
    return MV_OK;
}

static int add_group(const group *g, mv_page *page, mv_err *err)
{
    int rc = MV_OK;
    for (unsigned i = 0; i < g->count && rc == MV_OK; i++) {
        const version *found = &g->found[i];
        uint8_t kind = found->kind == MV_KIND_TOMBSTONE ? MV_KIND_ABSENT : found->kind;
        rc = mv_page_add(page, (mv_slice){NULL, 0}, found->ts, kind, found->value, err);
    }
    return rc;
}

static int get_all(lookup *l, uint64_t count, mv_slice key, const uint32_t *key_lens, mv_page *page,
                   mv_err *err)
{
    group g;
    mv_tree tree;
    bool direct = count > 1 && mv_tree_open(&l->snap->txn, "data", mv_vkey_compare, &tree);
    int rc = MV_OK;
    for (uint64_t done = 0; done < count && rc == MV_OK; done += g.count) {
        g.count = count - done < MV_TREE_SEEKS ? (unsigned)(count - done) : MV_TREE_SEEKS;
        for (unsigned i = 0; i < g.count; i++) {
            key.len = key_lens[done + i];
            if (key.len > MV_MAX_KEY)
                return mv_fail_ab(err, MV_E_KEY_TOO_LONG, key.len, MV_MAX_KEY, "the key is too long");
            g.keys[i] = key;
            key.data += key.len;
        }
        rc = ask_unmerged_for(l, &g, err);
        if (rc == MV_OK)
            rc = ask_data_for(l, direct ? &tree : NULL, &g, err);
        if (rc == MV_OK)
            rc = add_group(&g, page, err);
    }
    return rc;
}

int mv_get_many(mv_env *env, const mv_view *view, uint64_t catalog_ts, uint32_t table, uint64_t count,
                const uint8_t *keys, const uint32_t *key_lens, mv_page *page, mv_err *err)
{
    mv_snap snap;
    lookup l = {.env = env, .snap = &snap, .table = table, .runs = {.env = env, .snap = &snap}};
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_view_snap(env, view, catalog_ts, &snap, &l.at, err);
    if (rc == MV_OK) {
        mv_page_clear(page);
        rc = get_all(&l, count, (mv_slice){keys, 0}, key_lens, page, err);
        mv_cur_close(&l.data);
        mv_run_close(&l.runs);
        mv_snap_end(&snap);
    }
    mv_env_leave(env);
    return rc;
}

/* Where a page ends: forward at the row that did not fit; reverse just above it, since the end is not included. */
static int stop_at(mv_page *page, const mv_walk *walk, mv_err *err)
{
    int rc = mv_page_resume(page, walk->row.key, walk->args.revisions ? walk->row.ts : 0, err);
    if (rc == MV_OK && walk->args.reverse)
        rc = mv_buf_append(&page->resume_key, "", 1, err);
    return rc;
}

static int fill_page(mv_walk *walk, const mv_scan_args *args, mv_page *page, mv_err *err)
{
    bool keys_only = args->flags & MV_SCAN_KEYS_ONLY;
    int rc;
    while ((rc = mv_walk_next(walk, err)) == MV_OK) {
        mv_slice value = keys_only ? (mv_slice){NULL, 0} : walk->value;
        if (mv_page_full(page, args->max_rows, args->max_bytes, walk->row.key.len + value.len))
            return stop_at(page, walk, err);
        rc = mv_page_add(page, walk->row.key, walk->row.ts, walk->kind, value, err);
        if (rc != MV_OK)
            return rc;
    }
    return rc == MV_DONE ? MV_OK : rc;
}

int mv_scan(mv_env *env, const mv_view *view, const mv_scan_args *args, mv_page *page, mv_err *err)
{
    mv_snap snap;
    mv_walk walk;
    uint64_t at;
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_view_snap(env, view, args->catalog_ts, &snap, &at, err);
    if (rc == MV_OK) {
        mv_walk_args walk_args = mv_walk_args_of(args, at);
        mv_page_clear(page);
        rc = mv_walk_open(env, &snap, &walk_args, &walk, err);
        if (rc == MV_OK)
            rc = fill_page(&walk, args, page, err);
        mv_walk_close(&walk);
        mv_snap_end(&snap);
    }
    mv_env_leave(env);
    return rc;
}
