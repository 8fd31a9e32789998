/* The keys at which a table is cut into files of about one size. */
#include "base/mv_error.h"
#include "mvcc/mv_rows.h"
#include "mvcc/mv_view.h"
#include "mvcc/mv_walk.h"
#include "mvcc/mv_window.h"

/* Walks over at most max_rows keys; MV_OK, or MV_DONE at the end of the span. */
static int cut(mv_walk *walk, uint64_t max_rows, uint64_t span_bytes, uint64_t *carry, mv_page *page,
               mv_err *err)
{
    int rc;
    for (uint64_t seen = 0; (rc = mv_walk_next(walk, err)) == MV_OK; seen++) {
        if (max_rows != 0 && seen >= max_rows)
            return mv_page_resume(page, walk->row.key, 0, err);
        if (*carry >= span_bytes) {
            rc = mv_page_add(page, walk->row.key, walk->row.ts, walk->kind, (mv_slice){NULL, 0}, err);
            if (rc != MV_OK)
                return rc;
            *carry = 0;
        }
        *carry += walk->row.key.len + walk->value.len;
    }
    return rc == MV_DONE ? MV_OK : rc;
}

static int split_snap(mv_env *env, mv_snap *snap, const mv_walk_args *args, uint64_t max_rows,
                      uint64_t span_bytes, uint64_t *carry, mv_page *page, mv_err *err)
{
    mv_walk walk;
    int rc = mv_walk_open(env, snap, args, &walk, err);
    if (rc == MV_OK)
        rc = cut(&walk, max_rows, span_bytes, carry, page, err);
    mv_walk_close(&walk);
    return rc;
}

int mv_split(mv_env *env, const mv_view *view, const mv_scan_args *args, uint64_t span_bytes, uint64_t *carry,
             mv_page *page, mv_err *err)
{
    mv_snap snap;
    mv_window *window = NULL;
    uint64_t at;
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    mv_page_clear(page);
    if (args->since > 0)
        rc = mv_window_open(env, args->table, args->since, view->ts, &window, err);
    if (rc == MV_OK)
        rc = mv_view_snap(env, view, MV_TS_MAX, &snap, &at, err);
    if (rc == MV_OK) {
        mv_walk_args walk_args = mv_walk_args_of(args, at);
        walk_args.window = window;
        walk_args.unchecked = true;             /* each row will be checked when it is exported */
        walk_args.tombstones = args->since > 0; /* as an export of the window */
        rc = split_snap(env, &snap, &walk_args, args->max_rows, span_bytes, carry, page, err);
        mv_snap_end(&snap);
    }
    mv_window_free(window);
    mv_env_leave(env);
    return rc;
}
