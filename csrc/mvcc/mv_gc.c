/* Garbage collection: the threshold is published in a commit of its own; slices follow, each one write transaction.
 *
 * A cursor of a collection is empty at the beginning, else a phase byte and the version key or changes key to go on at.
 */
#include "base/mv_buf.h"
#include "base/mv_bytes.h"
#include "base/mv_error.h"
#include "base/mv_plant.h"
#include "mvcc/mv_collect.h"
#include "mvcc/mv_key.h"
#include "mvcc/mv_protect.h"
#include "mvcc/mv_walk.h"

enum phase {
    PHASE_DATA = 0,
    PHASE_CHANGES = 1
};

typedef struct slice { /* one call of mv_gc_slice */
    mv_cur cur;
    uint64_t bound;           /* versions that are shadowed by one at or below this go */
    uint64_t looks, removals; /* rows left to look at, and to remove, in this slice */
    mv_gc_stats *stats;
    mv_buf shadowed; /* timestamps of the current key's versions that go, newest first: uint64_t each */
    uint8_t key_room[MV_VKEY_ROOM];
    mv_slice key; /* the current user key, in key_room */
    uint32_t table;
} slice;

int mv_collect_publish(mv_env *env, uint64_t wanted, uint64_t *threshold, mv_err *err)
{
    mv_write w;
    uint64_t lowest;
    if (mv_planted(GC_PINS))
        *mv_plant_word() = mv_shared_oldest_pin(env->shared, NULL);
    mv_pause("gc.publish");
    int rc = mv_write_open(env, &w, err);
    if (rc != MV_OK)
        return rc;
    mv_sub_clear_readers(env->sub);
    rc = mv_protect_lowest(env, &w, &lowest, err);
    if (rc != MV_OK) {
        mv_write_abort(&w.txn);
        return rc;
    }
    uint64_t highest = lowest < w.state.merged || mv_planted(GC_MERGED) ? lowest : w.state.merged;
    uint64_t gc = wanted < highest ? wanted : highest;
    w.state.gc = gc > w.state.gc ? gc : w.state.gc;
    if (!mv_planted(TRIM))
        w.state.changes_from = w.state.gc > w.state.changes_from ? w.state.gc : w.state.changes_from;
    uint64_t published = w.state.gc;
    rc = mv_write_close(env, &w, err);
    if (rc == MV_OK)
        *threshold = published;
    return rc;
}

int mv_gc_publish(mv_env *env, uint64_t wanted, uint64_t *threshold, mv_err *err)
{
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_collect_publish(env, wanted, threshold, err);
    mv_env_leave(env);
    return rc;
}

static int seek(slice *s, uint64_t ts, mv_err *err)
{
    uint8_t room[MV_VKEY_ROOM];
    return mv_cur_seek(&s->cur, mv_vkey_write(room, s->table, s->key, ts), err);
}

/* Deletes the current key's version at ts, which is there. */
static int remove_version(slice *s, uint64_t ts, mv_err *err)
{
    mv_vkey key;
    uint8_t kind;
    mv_slice value;
    int rc = seek(s, ts, err);
    if (rc == MV_NOT_FOUND)
        rc = mv_fail(err, MV_E_CORRUPT_STORE, "a version has gone while it was being collected");
    if (rc == MV_OK)
        rc = mv_row_open(s->cur.key, s->cur.value, &key, &kind, &value, err);
    if (rc != MV_OK)
        return rc;
    s->stats->bytes += key.key.len + value.len;
    s->stats->versions++;
    s->stats->tombstones += kind == MV_KIND_TOMBSTONE;
    return mv_cur_del(&s->cur, err);
}

/* Reads the versions of the key under the cursor: sets *kept to the newest at or below the bound (0: none) and its
 * kind, and collects what it shadows. Leaves the cursor on the next key: MV_OK, or MV_NOT_FOUND at the end. */
static int read_key(slice *s, uint64_t *kept, uint8_t *kind, mv_err *err)
{
    mv_vkey row;
    mv_slice value;
    *kept = 0;
    s->shadowed.len = 0;
    int rc = MV_OK;
    for (; rc == MV_OK; rc = mv_cur_next(&s->cur, err)) {
        if (!mv_vkey_parse(s->cur.key, &row))
            return mv_fail(err, MV_E_CORRUPT_STORE, "a version key has no possible length");
        if (row.table != s->table || !mv_slice_equal(row.key, s->key))
            return MV_OK;
        s->looks -= s->looks > 0;
        if (row.ts > s->bound)
            continue;
        if (*kept == 0) {
            *kept = row.ts;
            rc = mv_row_open(s->cur.key, s->cur.value, &row, kind, &value, err);
        } else {
            rc = mv_buf_append(&s->shadowed, &row.ts, sizeof row.ts, err);
        }
        if (rc != MV_OK)
            return rc;
    }
    return rc;
}

/* Removes what the kept version shadows, oldest first, and then a tombstone under which nothing is left. A key whose
 * versions are more than the slice may touch goes on in the next one: *whole is false. */
static int collect_key(slice *s, uint64_t kept, uint8_t kind, bool *whole, mv_err *err)
{
    size_t count = s->shadowed.len / sizeof(uint64_t);
    if (mv_planted(GC_TOMB) && kind == MV_KIND_TOMBSTONE) {
        s->removals--;
        kind = MV_KIND_VALUE; /* nothing to remove behind the others */
        if (remove_version(s, kept, err) != MV_OK)
            return err->code;
    }
    for (; count > 0 && s->removals > 0; count--, s->removals--) {
        uint64_t ts;
        memcpy(&ts, s->shadowed.data + (count - 1) * sizeof ts, sizeof ts);
        int rc = remove_version(s, ts, err);
        if (rc != MV_OK)
            return rc;
    }
    *whole = count == 0;
    return *whole && kind == MV_KIND_TOMBSTONE ? remove_version(s, kept, err) : MV_OK;
}

/* Copies the key under the cursor, which deletions move. */
static int take_key(slice *s, mv_err *err)
{
    mv_vkey row;
    if (!mv_vkey_parse(s->cur.key, &row))
        return mv_fail(err, MV_E_CORRUPT_STORE, "a version key has no possible length");
    s->table = row.table;
    s->key = (mv_slice){s->key_room, row.key.len};
    if (row.key.len > 0)
        memcpy(s->key_room, row.key.data, row.key.len);
    return MV_OK;
}

static int save_cursor(mv_buf *cursor, uint8_t phase, mv_slice at, mv_err *err)
{
    int rc = mv_buf_set(cursor, &phase, 1, err);
    return rc == MV_OK ? mv_buf_append(cursor, at.data, at.len, err) : rc;
}

/* MV_NOT_FOUND once every key has been seen; MV_OK with the cursor saved when the work is used up. */
static int collect_data(slice *s, mv_slice from, mv_buf *cursor, mv_err *err)
{
    int rc = from.len > 0 ? mv_cur_seek(&s->cur, from, err) : mv_cur_first(&s->cur, err);
    while (rc == MV_OK) {
        uint64_t kept;
        uint8_t kind = MV_KIND_VALUE, room[MV_VKEY_ROOM];
        bool whole = true;
        rc = take_key(s, err);
        if (rc != MV_OK)
            return rc;
        int more = read_key(s, &kept, &kind, err);
        if (more != MV_OK && more != MV_NOT_FOUND)
            return more;
        bool removes = s->shadowed.len > 0 || (kept != 0 && kind == MV_KIND_TOMBSTONE);
        if (removes)
            rc = collect_key(s, kept, kind, &whole, err);
        if (rc == MV_OK && removes)
            rc = seek(s, whole ? 0 : MV_TS_MAX, err);
        else if (rc == MV_OK)
            rc = more;
        if (rc == MV_OK && (s->looks == 0 || s->removals == 0))
            return save_cursor(cursor, PHASE_DATA,
                               whole ? s->cur.key : mv_vkey_write(room, s->table, s->key, MV_TS_MAX), err);
    }
    return rc;
}

static int trim_changes(slice *s, uint64_t threshold, mv_buf *cursor, mv_err *err)
{
    int rc = mv_cur_first(&s->cur, err);
    while (rc == MV_OK) {
        mv_rd r = mv_rd_over(s->cur.key.data, s->cur.key.len);
        uint64_t ts;
        if (!mv_rd_be64(&r, &ts))
            return mv_fail(err, MV_E_CORRUPT_STORE, "a key of changes is too short");
        if (ts > threshold)
            return MV_NOT_FOUND;
        if (s->removals == 0)
            return save_cursor(cursor, PHASE_CHANGES, (mv_slice){NULL, 0}, err);
        rc = mv_cur_del(&s->cur, err);
        s->stats->changes++;
        s->removals--;
        if (rc == MV_OK)
            rc = mv_cur_first(&s->cur, err);
    }
    return rc;
}

/* Works inside one write transaction: MV_OK with the cursor saved, MV_NOT_FOUND when nothing is left. */
static int run_slice(mv_env *env, mv_write *w, slice *s, mv_buf *cursor, mv_err *err)
{
    mv_slice from = {NULL, 0};
    enum phase phase = PHASE_DATA;
    uint8_t room[1 + MV_VKEY_ROOM];
    if (cursor->len > sizeof room)
        return mv_fail(err, MV_E_INVALID, "not a cursor of a collection");
    if (cursor->len > 0) {
        memcpy(room, cursor->data, cursor->len);
        phase = room[0];
        from = (mv_slice){room + 1, cursor->len - 1};
    }
    uint64_t pins = mv_planted(GC_PINS) ? *mv_plant_word() : mv_shared_oldest_pin(env->shared, NULL);
    s->bound = w->state.gc < pins ? w->state.gc : pins;
    int rc = mv_cur_open(&w->txn, phase == PHASE_DATA ? env->data : env->changes, &s->cur, err);
    if (rc == MV_OK)
        rc = phase == PHASE_DATA ? collect_data(s, from, cursor, err)
                                 : trim_changes(s, w->state.gc, cursor, err);
    if (rc == MV_NOT_FOUND && phase == PHASE_DATA)
        rc = save_cursor(cursor, PHASE_CHANGES, (mv_slice){NULL, 0}, err);
    mv_cur_close(&s->cur);
    return rc;
}

int mv_collect_slice(mv_env *env, uint64_t max_work, mv_buf *cursor, mv_gc_stats *stats, mv_err *err)
{
    mv_write w;
    mv_gc_stats done = *stats;
    slice s = {.looks = max_work, .removals = max_work, .stats = &done};
    int rc = mv_write_open(env, &w, err);
    if (rc != MV_OK)
        return rc;
    int ran = run_slice(env, &w, &s, cursor, err);
    mv_buf_free(&s.shadowed);
    if (ran != MV_OK && ran != MV_NOT_FOUND) {
        mv_write_abort(&w.txn);
        return ran;
    }
    if (done.versions == stats->versions && done.changes == stats->changes)
        mv_write_abort(&w.txn); /* nothing to sync */
    else
        rc = mv_write_close(env, &w, err);
    if (rc != MV_OK)
        return rc;
    *stats = done;
    return ran == MV_NOT_FOUND ? MV_DONE : MV_OK;
}

int mv_gc_slice(mv_env *env, uint64_t max_work, mv_buf *cursor, mv_gc_stats *stats, mv_err *err)
{
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_collect_slice(env, max_work, cursor, stats, err);
    mv_env_leave(env);
    return rc;
}
