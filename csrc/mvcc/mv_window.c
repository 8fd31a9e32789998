#include "mvcc/mv_window.h"

#include "base/mv_alloc.h"
#include "base/mv_buf.h"
#include "base/mv_error.h"
#include "mvcc/mv_log.h"
#include "mvcc/mv_walk.h"

#define MEMORY_LIMIT ((size_t)64 << 20) /* of keys and entries: above it a plain scan needs less */
#define SCAN_SHARE 4                    /* a scan is cheaper once more than one version in four has changed */
#define FEW_CHANGES 1024                /* never worth a scan */

typedef struct entry {
    const uint8_t *data; /* while collecting: an offset into bytes */
    size_t len;
} entry;

struct mv_window {
    mv_buf bytes;   /* the keys, one after the other */
    mv_buf entries; /* of entry */
    size_t count;
};

static entry *entries_of(const mv_window *window)
{
    return (entry *)(void *)window->entries.data;
}

size_t mv_window_count(const mv_window *window)
{
    return window->count;
}

mv_slice mv_window_key(const mv_window *window, size_t index)
{
    entry e = entries_of(window)[index];
    return (mv_slice){e.data, e.len};
}

size_t mv_window_find(const mv_window *window, mv_slice key)
{
    size_t low = 0, high = window->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (mv_slice_compare(mv_window_key(window, middle), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void mv_window_free(mv_window *window)
{
    if (window == NULL)
        return;
    mv_buf_free(&window->bytes);
    mv_buf_free(&window->entries);
    mv_free(window);
}

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    return mv_slice_compare((mv_slice){x->data, x->len}, (mv_slice){y->data, y->len});
}

/* Turns offsets into pointers, sorts, and drops repeats. */
static void arrange(mv_window *window)
{
    entry *entries = entries_of(window);
    size_t count = window->entries.len / sizeof(entry), kept = 0;
    for (size_t i = 0; i < count; i++)
        entries[i].data = window->bytes.data + (uintptr_t)entries[i].data;
    if (count > 0)
        qsort(entries, count, sizeof *entries, compare_entries);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare_entries(&entries[kept - 1], &entries[i]) != 0)
            entries[kept++] = entries[i];
    window->count = kept;
}

static int add_key(mv_window *window, mv_slice key, mv_err *err)
{
    entry e = {(const uint8_t *)(uintptr_t)window->bytes.len, key.len};
    int rc = mv_buf_append(&window->bytes, key.data, key.len, err);
    return rc == MV_OK ? mv_buf_append(&window->entries, &e, sizeof e, err) : rc;
}

static bool too_many(const mv_window *window, uint64_t versions)
{
    size_t count = window->entries.len / sizeof(entry);
    return window->bytes.len + window->entries.len > MEMORY_LIMIT ||
           (count > FEW_CHANGES && count > versions / SCAN_SHARE);
}

/* Adds the keys of a load: the versions in its span that have its timestamp. MV_NOT_FOUND where they are too many. */
static int add_load(mv_env *env, mv_snap *snap, const mv_change *change, mv_window *window, uint64_t versions,
                    mv_err *err)
{
    mv_walk walk;
    mv_walk_args args = {
        .table = change->table,
        .start = change->start.key,
        .end = change->end.key,
        .end_open = change->end.open,
        .unchecked = true, /* each row will be checked when it is exported */
        .at = change->ts,
        .since = change->ts - 1,
    };
    int rc = mv_walk_open(env, snap, &args, &walk, err);
    while (rc == MV_OK && (rc = mv_walk_next(&walk, err)) == MV_OK) {
        rc = add_key(window, walk.row.key, err);
        if (rc == MV_OK && too_many(window, versions))
            rc = MV_NOT_FOUND;
    }
    mv_walk_close(&walk);
    return rc == MV_DONE ? MV_OK : rc;
}

/* Adds what one row of `changes` names; MV_NOT_FOUND where the window is of no use. */
static int add_change(mv_env *env, mv_snap *snap, const mv_change *change, mv_window *window,
                      uint64_t versions, mv_err *err)
{
    if (change->kind == MV_CHANGE_SPAN)
        return MV_NOT_FOUND;
    int rc = change->kind == MV_CHANGE_LOAD ? add_load(env, snap, change, window, versions, err)
                                            : add_key(window, change->key, err);
    return rc == MV_OK && too_many(window, versions) ? MV_NOT_FOUND : rc;
}

/* Collects from one snapshot; MV_NOT_FOUND where the window is of no use. */
static int collect(mv_env *env, mv_snap *snap, uint32_t table, uint64_t since, uint64_t until,
                   mv_window *window, mv_err *err)
{
    mv_cur cur = {0};
    mv_change change;
    uint64_t versions;
    if (since < snap->state.changes_from || since == MV_TS_MAX)
        return MV_NOT_FOUND;
    int rc = mv_log_count(env, snap, &versions, err);
    if (rc == MV_OK)
        rc = mv_cur_open(&snap->txn, env->changes, &cur, err);
    if (rc == MV_OK)
        rc = mv_change_seek(&cur, since + 1, 0, err);
    bool useless = false;
    for (; rc == MV_OK; rc = mv_cur_next(&cur, err)) {
        rc = mv_change_read(&cur, &change, err);
        if (rc != MV_OK || change.ts > until)
            break;
        if (change.table == table)
            rc = add_change(env, snap, &change, window, versions, err);
        useless = rc == MV_NOT_FOUND;
        if (rc != MV_OK)
            break;
    }
    mv_cur_close(&cur);
    return rc == MV_NOT_FOUND && !useless ? MV_OK : rc;
}

int mv_window_open(mv_env *env, uint32_t table, uint64_t since, uint64_t until, mv_window **out, mv_err *err)
{
    mv_snap snap;
    *out = NULL;
    mv_window *window = mv_calloc(1, sizeof *window);
    if (window == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "collecting the changes of a window");
    int rc = mv_snap_begin(env, &snap, err);
    if (rc == MV_OK) {
        rc = collect(env, &snap, table, since, until, window, err);
        mv_snap_end(&snap);
    }
    if (rc != MV_OK) {
        mv_window_free(window);
        return rc == MV_NOT_FOUND ? MV_OK : rc;
    }
    arrange(window);
    *out = window;
    return MV_OK;
}
