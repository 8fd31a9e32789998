/* Export: the versions of a window as one SST, in chunks; and the keys at which a table is cut into files. */
#include <time.h>

#include "base/mv_alloc.h"
#include "base/mv_buf.h"
#include "base/mv_error.h"
#include "mvcc/mv_rows.h"
#include "mvcc/mv_view.h"
#include "mvcc/mv_walk.h"
#include "mvcc/mv_window.h"

struct mv_export {
    mv_env *env;
    const mv_view *view;
    mv_walk_args args; /* start and resume_ts move on from call to call */
    uint8_t start[MV_MAX_KEY + 1], end[MV_MAX_KEY + 1];
    uint32_t flags;
    uint64_t target_size, max_size;
    mv_window *window;
    bool window_known, rows_done, finished, cut;
    mv_sst_writer *writer;
    mv_export_stats stats;
};

/* ---- opening ---- */

static int copy_bounds(mv_export *x, mv_err *err)
{
    if (x->args.start.len > sizeof x->start || x->args.end.len > sizeof x->end)
        return mv_fail(err, MV_E_INVALID, "a bound is longer than a key");
    if (x->args.start.len > 0)
        memcpy(x->start, x->args.start.data, x->args.start.len);
    if (x->args.end.len > 0)
        memcpy(x->end, x->args.end.data, x->args.end.len);
    x->args.start.data = x->start;
    x->args.end.data = x->end;
    return MV_OK;
}

static int open_writer(mv_export *x, const mv_export_args *args, mv_err *err)
{
    mv_sst_options options = {
        .compression = args->compression,
        .file_number = args->file_number,
        .creation_time = args->creation_time,
    };
    memcpy(options.session, args->session, sizeof options.session);
    int rc = mv_sst_writer_new(&options, &x->writer, err);
    for (uint64_t i = 0; i < args->property_count && rc == MV_OK; i++) {
        const char *value = args->property_values[i];
        rc = mv_sst_writer_property(x->writer, args->property_names[i], (const uint8_t *)value, strlen(value),
                                    err);
    }
    return rc;
}

int mv_export_open(mv_env *env, const mv_view *view, const mv_export_args *args, mv_export **out, mv_err *err)
{
    mv_export *x = mv_calloc(1, sizeof *x);
    if (x == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "opening an export");
    x->env = env;
    x->view = view;
    x->flags = args->flags;
    x->target_size = args->target_size;
    x->max_size = args->max_size;
    x->args = mv_walk_args_of(&args->span, view->ts);
    x->args.revisions = args->flags & MV_EXPORT_REVISIONS;
    x->args.tombstones = x->args.revisions || x->args.since > 0;
    x->args.reverse = false;
    int rc = copy_bounds(x, err);
    if (rc == MV_OK)
        rc = open_writer(x, args, err);
    if (rc != MV_OK) {
        mv_export_free(x);
        return rc;
    }
    *out = x;
    return MV_OK;
}

void mv_export_free(mv_export *x)
{
    if (x == NULL)
        return;
    mv_sst_writer_free(x->writer);
    mv_window_free(x->window);
    mv_free(x);
}

/* ---- rows ---- */

/* Remembers a row as the place to go on at. Only inside a key does the place hold a version. */
static void go_on_at(mv_export *x, const mv_walk *walk, bool new_key)
{
    x->args.start.len = walk->row.key.len;
    if (walk->row.key.len > 0)
        memcpy(x->start, walk->row.key.data, walk->row.key.len);
    x->args.resume_ts = new_key ? 0 : walk->row.ts;
}

/* Whether the sizes end the file in front of this row: MV_OK, MV_DONE, or MV_E_TOO_BIG. */
static int fits(const mv_export *x, const mv_walk *walk, bool new_key, mv_err *err)
{
    uint64_t size = x->stats.bytes + walk->row.key.len + walk->value.len;
    if (x->stats.rows == 0)
        return x->max_size != 0 && size > x->max_size
                   ? mv_fail_ab(err, MV_E_TOO_BIG, size, x->max_size, "one row is above the maximum size")
                   : MV_OK;
    if (new_key && x->target_size != 0 && x->stats.bytes >= x->target_size)
        return MV_DONE;
    if (x->max_size == 0 || size <= x->max_size)
        return MV_OK;
    if (new_key || (x->flags & MV_EXPORT_MID_KEY))
        return MV_DONE;
    return mv_fail_ab(err, MV_E_TOO_BIG, size, x->max_size,
                      "the versions of one key are above the maximum size");
}

static int write_row(mv_export *x, const mv_walk *walk, mv_err *err)
{
    bool tombstone = walk->kind == MV_KIND_TOMBSTONE;
    uint64_t ts = walk->row.ts;
    int rc = mv_sst_writer_add(x->writer, walk->raw.data, walk->raw.len,
                               tombstone ? MV_SST_TOMBSTONE : MV_SST_VALUE, walk->value.data, walk->value.len,
                               err);
    if (rc != MV_OK)
        return rc;
    x->stats.min_ts = x->stats.rows == 0 || ts < x->stats.min_ts ? ts : x->stats.min_ts;
    x->stats.max_ts = ts > x->stats.max_ts ? ts : x->stats.max_ts;
    x->stats.rows++;
    x->stats.tombstones += tombstone;
    x->stats.bytes += walk->row.key.len + walk->value.len;
    return MV_OK;
}

/* Writes rows until the output holds chunk bytes; MV_DONE when no row is left for this file. */
static int write_rows(mv_export *x, mv_walk *walk, uint64_t chunk, mv_err *err)
{
    mv_slice last_key = {NULL, 0};
    bool first = x->stats.rows == 0;
    int rc;
    while ((rc = mv_walk_next(walk, err)) == MV_OK) {
        /* a call that begins inside a key was told the version to begin at */
        bool new_key = first || (last_key.data == NULL ? x->args.resume_ts == 0
                                                       : !mv_slice_equal(last_key, walk->row.key));
        rc = fits(x, walk, new_key, err);
        if (rc == MV_DONE)
            x->cut = true;
        if (rc == MV_DONE || mv_sst_writer_out(x->writer)->len >= chunk)
            go_on_at(x, walk, new_key);
        if (rc != MV_OK || mv_sst_writer_out(x->writer)->len >= chunk)
            return rc;
        rc = write_row(x, walk, err);
        if (rc != MV_OK)
            return rc;
        last_key = walk->row.key;
        first = false;
    }
    return rc;
}

/* Below the threshold deletions may have been collected, and a window that begins there would miss them, unless a pin
 * at or below its start, which stood before the threshold went by, has held them. */
static int check_start(mv_export *x, const mv_snap *snap, mv_err *err)
{
    uint64_t since = x->args.since, gc = snap->state.gc;
    if (since == 0 || since >= gc)
        return MV_OK;
    if (x->env->shared != NULL && mv_shared_oldest_pin(x->env->shared, NULL) <= since)
        return MV_OK;
    return mv_fail_ab(err, MV_E_BELOW_GC, since, gc, "the window begins below the GC threshold");
}

/* One LMDB transaction's worth of rows. */
static int read_some(mv_export *x, uint64_t chunk, mv_err *err)
{
    mv_snap snap;
    mv_walk walk = {0};
    uint64_t at;
    int rc = mv_view_snap(x->env, x->view, MV_TS_MAX, &snap, &at, err);
    if (rc != MV_OK)
        return rc;
    rc = check_start(x, &snap, err);
    if (rc == MV_OK)
        rc = mv_walk_open(x->env, &snap, &x->args, &walk, err);
    if (rc == MV_OK)
        rc = write_rows(x, &walk, chunk, err);
    mv_walk_close(&walk);
    mv_snap_end(&snap);
    return rc;
}

static int find_window(mv_export *x, mv_err *err)
{
    int rc = MV_OK;
    if (x->args.since > 0 && !(x->flags & MV_EXPORT_BY_SCAN))
        rc = mv_window_open(x->env, x->args.table, x->args.since, x->args.at, &x->window, err);
    x->args.window = x->window;
    x->window_known = rc == MV_OK;
    return rc;
}

static int export_some(mv_export *x, uint64_t chunk, mv_buf *out, mv_err *err)
{
    mv_buf *made = mv_sst_writer_out(x->writer);
    int rc = MV_OK;
    if (!x->window_known)
        rc = find_window(x, err);
    if (rc == MV_OK && !x->rows_done) {
        rc = read_some(x, chunk, err);
        if (rc == MV_DONE) {
            x->rows_done = true;
            rc = x->stats.rows > 0 ? mv_sst_writer_finish(x->writer, err) : MV_OK;
        }
    }
    if (rc == MV_OK && made->len > 0) {
        rc = mv_buf_append(out, made->data, made->len, err);
        made->len = 0;
    } else if (rc == MV_OK && x->rows_done) {
        x->finished = true;
        rc = MV_DONE;
    }
    return rc;
}

static uint64_t thread_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

int mv_export_next(mv_export *x, uint64_t chunk, mv_buf *out, mv_err *err)
{
    int rc = mv_env_enter(x->env, err);
    if (rc != MV_OK)
        return rc;
    uint64_t began = thread_ns();
    rc = x->finished ? MV_DONE : export_some(x, chunk, out, err);
    x->stats.cpu_ns += thread_ns() - began;
    mv_env_leave(x->env);
    return rc;
}

int mv_export_resume(const mv_export *x, const uint8_t **key, uint32_t *key_len, uint64_t *ts)
{
    if (!x->cut)
        return 0;
    *key = x->args.start.data;
    *key_len = (uint32_t)x->args.start.len;
    *ts = x->args.resume_ts;
    return 1;
}

void mv_export_get_stats(const mv_export *x, mv_export_stats *out)
{
    *out = x->stats;
}
