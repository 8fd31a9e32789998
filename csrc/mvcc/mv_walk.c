#include "mvcc/mv_walk.h"

#include "base/mv_error.h"
#include "mvcc/mv_record.h"

#define STEPS 8 /* versions to step over before a seek is cheaper */

mv_walk_args mv_walk_args_of(const mv_scan_args *args, uint64_t at)
{
    mv_walk_args out = {
        .table = args->table,
        .start = {args->start, args->start_len == MV_UNBOUNDED ? 0 : args->start_len},
        .end = {args->end, args->end_len == MV_UNBOUNDED ? 0 : args->end_len},
        .end_open = args->end_len == MV_UNBOUNDED,
        .reverse = args->flags & MV_SCAN_REVERSE,
        .revisions = args->flags & MV_SCAN_REVISIONS,
        .tombstones = args->flags & (MV_SCAN_TOMBSTONES | MV_SCAN_REVISIONS),
        .at = at,
        .since = args->since,
        .resume_ts = args->resume_ts,
    };
    return out;
}

int mv_row_open(mv_slice raw_key, mv_slice raw_value, mv_vkey *key, uint8_t *kind, mv_slice *value,
                mv_err *err)
{
    if (!mv_vkey_parse(raw_key, key))
        return mv_fail(err, MV_E_CORRUPT_STORE, "a version key has no possible length");
    if (mv_record_open(raw_key, raw_value, kind, value) && *kind <= MV_KIND_VALUE)
        return MV_OK;
    mv_fail(err, MV_E_CORRUPT_STORE, "a value record is damaged");
    return mv_fail_at(err, key->table, key->key.data, key->key.len, key->ts);
}

int mv_walk_open(mv_env *env, mv_snap *snap, const mv_walk_args *args, mv_walk *out, mv_err *err)
{
    *out = (mv_walk){.args = *args};
    if (args->start.len > MV_MAX_KEY + 1 || args->end.len > MV_MAX_KEY + 1)
        return mv_fail(err, MV_E_INVALID, "a bound is longer than a key");
    return mv_vcur_open(env, snap, &out->cur, err);
}

void mv_walk_close(mv_walk *walk)
{
    mv_vcur_close(&walk->cur);
}

static int seek(mv_walk *walk, uint32_t table, mv_slice key, uint64_t ts, mv_err *err)
{
    uint8_t room[MV_VKEY_ROOM];
    return mv_vcur_seek(&walk->cur, mv_vkey_write(room, table, key, ts), err);
}

/* Takes the row under the cursor as the current one. */
static int take(mv_walk *walk, mv_err *err)
{
    walk->raw = walk->cur.key;
    if (walk->args.unchecked && mv_vkey_parse(walk->raw, &walk->row) &&
        mv_record_peek(walk->cur.value, &walk->kind, &walk->value))
        return MV_OK;
    return mv_row_open(walk->cur.key, walk->cur.value, &walk->row, &walk->kind, &walk->value, err);
}

/* Looks at the cursor's key: MV_OK, or MV_DONE where it has left the span. */
static int peek(mv_walk *walk, mv_vkey *out, mv_err *err)
{
    const mv_walk_args *a = &walk->args;
    if (!mv_vkey_parse(walk->cur.key, out))
        return mv_fail(err, MV_E_CORRUPT_STORE, "a version key has no possible length");
    if (out->table != a->table)
        return MV_DONE;
    if (a->reverse ? mv_slice_compare(out->key, a->start) < 0
                   : !a->end_open && mv_slice_compare(out->key, a->end) >= 0)
        return MV_DONE;
    return MV_OK;
}

/* Moves on until the key is another one: by steps, then by a seek. */
static int leave_key(mv_walk *walk, mv_slice key, mv_err *err)
{
    mv_vkey next;
    for (int step = 0; step < STEPS; step++) {
        int rc = walk->args.reverse ? mv_vcur_prev(&walk->cur, err) : mv_vcur_next(&walk->cur, err);
        if (rc != MV_OK)
            return rc;
        if (!mv_vkey_parse(walk->cur.key, &next))
            return mv_fail(err, MV_E_CORRUPT_STORE, "a version key has no possible length");
        if (next.table != walk->args.table || !mv_slice_equal(next.key, key))
            return MV_OK;
    }
    int rc = seek(walk, walk->args.table, key, walk->args.reverse ? MV_TS_MAX : 0, err);
    return rc == MV_OK && walk->args.reverse ? mv_vcur_prev(&walk->cur, err) : rc;
}

static bool wanted(const mv_walk *walk)
{
    return walk->args.tombstones || walk->kind == MV_KIND_VALUE;
}

/* ---- forward ---- */

static int place_forward(mv_walk *walk, mv_err *err)
{
    const mv_walk_args *a = &walk->args;
    uint64_t ts = a->resume_ts != 0 && a->resume_ts < a->at ? a->resume_ts : a->at;
    walk->placed = true;
    return seek(walk, a->table, a->start, ts, err);
}

static int next_forward(mv_walk *walk, mv_err *err)
{
    const mv_walk_args *a = &walk->args;
    mv_vkey key;
    int rc;
    if (!walk->placed)
        rc = place_forward(walk, err);
    else if (a->revisions)
        rc = mv_vcur_next(&walk->cur, err);
    else
        rc = leave_key(walk, walk->row.key, err);
    while (rc == MV_OK) {
        rc = peek(walk, &key, err);
        if (rc != MV_OK)
            return rc;
        if (key.ts > a->at) {
            rc = seek(walk, a->table, key.key, a->at, err);
        } else if (key.ts <= a->since) {
            rc = leave_key(walk, key.key, err);
        } else {
            rc = take(walk, err);
            if (rc != MV_OK || wanted(walk))
                return rc;
            rc = leave_key(walk, key.key, err);
        }
    }
    return rc == MV_NOT_FOUND ? MV_DONE : rc;
}

/* ---- forward over the keys of a window ---- */

static int next_in_window(mv_walk *walk, mv_err *err)
{
    const mv_walk_args *a = &walk->args;
    mv_vkey key;
    if (!walk->placed) {
        walk->placed = true;
        walk->window_next = mv_window_find(a->window, a->start);
    } else if (a->revisions) {
        int rc = mv_vcur_next(&walk->cur, err);
        if (rc == MV_OK && peek(walk, &key, err) == MV_OK && key.ts > a->since &&
            mv_slice_equal(key.key, walk->row.key))
            return take(walk, err);
        if (rc != MV_OK && rc != MV_NOT_FOUND)
            return rc;
    }
    while (walk->window_next < mv_window_count(a->window)) {
        mv_slice next = mv_window_key(a->window, walk->window_next++);
        if (!a->end_open && mv_slice_compare(next, a->end) >= 0)
            return MV_DONE;
        bool resumes = a->resume_ts != 0 && a->resume_ts < a->at && mv_slice_equal(next, a->start);
        int rc = seek(walk, a->table, next, resumes ? a->resume_ts : a->at, err);
        if (rc == MV_NOT_FOUND)
            return MV_DONE;
        if (rc == MV_OK)
            rc = peek(walk, &key, err);
        if (rc == MV_DONE || (rc == MV_OK && (key.ts <= a->since || !mv_slice_equal(key.key, next))))
            continue; /* a key that was listed but has no version in the window */
        if (rc == MV_OK)
            rc = take(walk, err);
        if (rc != MV_OK || wanted(walk))
            return rc;
    }
    return MV_DONE;
}

/* ---- reverse ---- */

/* Whether an earlier page ended inside a key: the span's end is just above it. The key may have been collected since. */
static bool is_resumed(const mv_walk_args *a, mv_slice key)
{
    return a->resume_ts != 0 && a->end.len == key.len + 1 && a->end.data[key.len] == 0 &&
           mv_slice_equal((mv_slice){a->end.data, key.len}, key);
}

/* To the oldest version of the last key of the span. */
static int place_reverse(mv_walk *walk, mv_err *err)
{
    const mv_walk_args *a = &walk->args;
    mv_vkey key, first;
    int rc;
    walk->placed = true;
    if (a->end_open && a->table == UINT32_MAX)
        rc = MV_NOT_FOUND;
    else
        rc = seek(walk, a->end_open ? a->table + 1 : a->table, a->end, MV_TS_MAX, err);
    rc = rc == MV_NOT_FOUND ? mv_vcur_last(&walk->cur, err)
         : rc == MV_OK      ? mv_vcur_prev(&walk->cur, err)
                            : rc;
    if (rc != MV_OK || !mv_vkey_parse(walk->cur.key, &first) || !is_resumed(a, first.key))
        return rc;
    for (key = first; key.ts < a->resume_ts;) { /* the oldest versions were given by an earlier page */
        rc = mv_vcur_prev(&walk->cur, err);
        if (rc != MV_OK || !mv_vkey_parse(walk->cur.key, &key) || !mv_slice_equal(key.key, first.key))
            break;
    }
    return rc;
}

/* From the oldest version of a key, which is at or below `at`, to the newest one that is. */
static int newest_in_reach(mv_walk *walk, mv_slice key, mv_err *err)
{
    return seek(walk, walk->args.table, key, walk->args.at, err);
}

static int next_reverse(mv_walk *walk, mv_err *err)
{
    const mv_walk_args *a = &walk->args;
    mv_vkey key;
    int rc;
    if (!walk->placed)
        rc = place_reverse(walk, err);
    else if (a->revisions)
        rc = mv_vcur_prev(&walk->cur, err);
    else
        rc = leave_key(walk, walk->row.key, err);
    while (rc == MV_OK) {
        rc = peek(walk, &key, err);
        if (rc != MV_OK)
            return rc;
        if (key.ts > a->at) {
            rc = leave_key(walk, key.key, err);
            continue;
        }
        if (!a->revisions)
            rc = newest_in_reach(walk, key.key, err);
        if (rc == MV_OK)
            rc = take(walk, err);
        if (rc != MV_OK || (walk->row.ts > a->since && wanted(walk)))
            return rc;
        rc = a->revisions ? mv_vcur_prev(&walk->cur, err) : leave_key(walk, walk->row.key, err);
    }
    return rc == MV_NOT_FOUND ? MV_DONE : rc;
}

int mv_walk_next(mv_walk *walk, mv_err *err)
{
    if (walk->args.reverse)
        return next_reverse(walk, err);
    return walk->args.window != NULL ? next_in_window(walk, err) : next_forward(walk, err);
}
