/* Reads: one key, many keys, a page of a scan. */
#include "base/mv_buf.h"
#include "base/mv_error.h"
#include "mvcc/mv_rows.h"
#include "mvcc/mv_view.h"
#include "mvcc/mv_walk.h"

typedef struct version {
    uint64_t ts;
    uint8_t kind;
    mv_slice value;
} version;

/* The newest version of a key at or below ts: MV_OK, MV_NOT_FOUND (also where it is a tombstone), or a failure. */
static int find(mv_cur *cur, uint32_t table, mv_slice key, uint64_t ts, version *out, mv_err *err)
{
    uint8_t room[MV_VKEY_ROOM];
    mv_vkey found;
    if (key.len > MV_MAX_KEY)
        return MV_NOT_FOUND;
    int rc = mv_cur_seek(cur, mv_vkey_write(room, table, key, ts), err);
    if (rc != MV_OK)
        return rc;
    if (!mv_vkey_parse(cur->key, &found))
        return mv_fail(err, MV_E_CORRUPT_STORE, "a version key has no possible length");
    if (found.table != table || !mv_slice_equal(found.key, key))
        return MV_NOT_FOUND;
    rc = mv_row_open(cur->key, cur->value, &found, &out->kind, &out->value, err);
    out->ts = found.ts;
    return rc == MV_OK && out->kind == MV_KIND_TOMBSTONE ? MV_NOT_FOUND : rc;
}

int mv_get(mv_env *env, const mv_view *view, uint64_t catalog_ts, uint32_t table, const uint8_t *key,
           uint32_t key_len, mv_buf *value, uint64_t *ts, mv_err *err)
{
    mv_snap snap;
    mv_cur cur;
    version found;
    uint64_t at;
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_view_snap(env, view, catalog_ts, &snap, &at, err);
    if (rc == MV_OK) {
        rc = mv_cur_open(&snap.txn, env->data, &cur, err);
        if (rc == MV_OK)
            rc = find(&cur, table, (mv_slice){key, key_len}, at, &found, err);
        if (rc == MV_OK) {
            *ts = found.ts;
            rc = mv_buf_set(value, found.value.data, found.value.len, err);
        }
        mv_cur_close(&cur);
        mv_snap_end(&snap);
    }
    mv_env_leave(env);
    return rc;
}

static int get_all(mv_cur *cur, uint32_t table, uint64_t at, uint64_t count, mv_slice key,
                   const uint32_t *key_lens, mv_page *page, mv_err *err)
{
    const version absent = {0, MV_KIND_ABSENT, {NULL, 0}};
    for (uint64_t i = 0; i < count; i++) {
        version found;
        key.len = key_lens[i];
        int rc = find(cur, table, key, at, &found, err);
        if (rc == MV_NOT_FOUND)
            found = absent;
        else if (rc != MV_OK)
            return rc;
        rc = mv_page_add(page, (mv_slice){NULL, 0}, found.ts, found.kind, found.value, err);
        if (rc != MV_OK)
            return rc;
        key.data += key.len;
    }
    return MV_OK;
}

int mv_get_many(mv_env *env, const mv_view *view, uint64_t catalog_ts, uint32_t table, uint64_t count,
                const uint8_t *keys, const uint32_t *key_lens, mv_page *page, mv_err *err)
{
    mv_snap snap;
    mv_cur cur;
    uint64_t at;
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_view_snap(env, view, catalog_ts, &snap, &at, err);
    if (rc == MV_OK) {
        mv_page_clear(page);
        rc = mv_cur_open(&snap.txn, env->data, &cur, err);
        if (rc == MV_OK)
            rc = get_all(&cur, table, at, count, (mv_slice){keys, 0}, key_lens, page, err);
        mv_cur_close(&cur);
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
        rc = mv_walk_open(env, &snap.txn, &walk_args, &walk, err);
        if (rc == MV_OK)
            rc = fill_page(&walk, args, page, err);
        mv_walk_close(&walk);
        mv_snap_end(&snap);
    }
    mv_env_leave(env);
    return rc;
}
