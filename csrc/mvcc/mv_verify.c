/* Verification: every row is read, its checksum compared, and what the sub-databases say of each other. */
#include "base/mv_buf.h"
#include "base/mv_error.h"
#include "mvcc/mv_changelog.h"
#include "mvcc/mv_protect.h"
#include "mvcc/mv_walk.h"

enum part {
    PART_META = 0,
    PART_DATA = 1,
    PART_CHANGES = 2
};

typedef struct check { /* one call of mv_verify */
    mv_env *env;
    mv_snap snap;
    mv_cur cur;
    mv_cur data; /* part changes: to look versions up */
    mv_verify_stats *stats;
} check;

static int check_data_row(check *c, mv_err *err)
{
    mv_vkey key;
    uint8_t kind;
    mv_slice value;
    int rc = mv_row_open(c->cur.key, c->cur.value, &key, &kind, &value, err);
    if (rc != MV_OK)
        return rc;
    c->stats->versions++;
    c->stats->tombstones += kind == MV_KIND_TOMBSTONE;
    c->stats->bytes += key.key.len + value.len;
    if (key.ts > c->snap.state.last_commit && key.ts > c->snap.state.direct) {
        mv_fail(err, MV_E_CORRUPT_STORE, "a version is newer than the last commit");
        return mv_fail_at(err, key.table, key.key.data, key.key.len, key.ts);
    }
    return MV_OK;
}

/* What `changes` lists above its threshold stands in `data`, with the same kind. */
static int check_listed_version(check *c, const mv_change *change, mv_err *err)
{
    uint8_t room[MV_VKEY_ROOM], kind;
    mv_vkey key;
    mv_slice value, wanted = mv_vkey_write(room, change->table, change->key, change->ts);
    int rc = mv_cur_seek(&c->data, wanted, err);
    if (rc != MV_OK && rc != MV_NOT_FOUND)
        return rc;
    if (rc == MV_NOT_FOUND || !mv_slice_equal(c->data.key, wanted)) {
        mv_fail(err, MV_E_CORRUPT_STORE, "a change has no version in data");
        return mv_fail_at(err, change->table, change->key.data, change->key.len, change->ts);
    }
    rc = mv_row_open(c->data.key, c->data.value, &key, &kind, &value, err);
    if (rc == MV_OK && kind != change->kind) {
        mv_fail(err, MV_E_CORRUPT_STORE, "a change and its version are of different kinds");
        rc = mv_fail_at(err, change->table, change->key.data, change->key.len, change->ts);
    }
    return rc;
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
    if (change.kind == MV_CHANGE_SPAN || change.ts <= c->snap.state.changes_from)
        return MV_OK;
    return check_listed_version(c, &change, err);
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
        rc = part == PART_DATA      ? check_data_row(c, err)
             : part == PART_CHANGES ? check_changes_row(c, err)
                                    : mv_protect_check(&c->cur, err);
        int saved = mv_buf_set(cursor, c->cur.key.data, c->cur.key.len, rc == MV_OK ? err : &ignored);
        if (rc != MV_OK || saved != MV_OK)
            return rc != MV_OK ? rc : saved;
        rc = mv_cur_next(&c->cur, err);
    }
    return rc;
}

static int check_part(check *c, enum part part, uint64_t max_rows, mv_buf *cursor, mv_err *err)
{
    uint8_t store_id[MV_STORE_ID];
    const mv_db databases[] = {c->env->protected, c->env->data, c->env->changes};
    int rc = MV_OK;
    if (part == PART_META && cursor->len == 0) /* the state was read with the snapshot */
        rc = mv_format_load(&c->snap.txn, c->env->meta, store_id, err);
    if (rc == MV_OK)
        rc = mv_cur_open(&c->snap.txn, databases[part], &c->cur, err);
    if (rc == MV_OK && part == PART_CHANGES)
        rc = mv_cur_open(&c->snap.txn, c->env->data, &c->data, err);
    if (rc == MV_OK)
        rc = check_rows(c, part, max_rows, cursor, err);
    mv_cur_close(&c->cur);
    mv_cur_close(&c->data);
    return rc;
}

int mv_verify(mv_env *env, int part, uint64_t max_rows, mv_buf *cursor, mv_verify_stats *stats, mv_err *err)
{
    check c = {.env = env, .stats = stats};
    if (part < PART_META || part > PART_CHANGES)
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
