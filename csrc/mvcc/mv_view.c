#include "mvcc/mv_view.h"

#include "base/mv_alloc.h"
#include "base/mv_error.h"
#include "base/mv_plant.h"
#include "mvcc/mv_time.h"

static int check_threshold(const mv_snap *snap, uint64_t ts, mv_err *err)
{
    if (ts < snap->state.gc)
        return mv_fail_ab(err, MV_E_BELOW_GC, ts, snap->state.gc, "the timestamp is below the GC threshold");
    return MV_OK;
}

/* Registers the timestamp, then looks at the threshold of a snapshot that begins afterwards: a collection either sees
 * the pin, or has published its threshold before our snapshot. */
static int pin_and_check(mv_view *view, mv_err *err)
{
    mv_snap snap;
    mv_env *env = view->env;
    int rc = MV_OK;
    if (env->shared != NULL)
        rc = mv_shared_pin(env->shared, view->ts, &view->pin, err);
    if (rc == MV_OK) {
        rc = mv_snap_begin(env, &snap, err);
        if (rc == MV_OK) {
            rc = check_threshold(&snap, view->ts, err);
            mv_snap_end(&snap);
        }
        if (rc != MV_OK && view->pin != MV_NO_PIN)
            mv_shared_unpin(env->shared, view->pin);
    }
    return rc;
}

/* The last commit moves on, and a collection with it: where that happened between the two steps, begin again. */
static int pin_last_commit(mv_view *view, mv_err *err)
{
    int rc;
    do {
        rc = mv_last_commit(view->env, &view->ts, err);
        if (rc == MV_OK)
            rc = pin_and_check(view, err);
    } while (rc == MV_E_BELOW_GC);
    return rc;
}

static int fill_view(mv_view *view, uint64_t ts, uint64_t now, mv_err *err)
{
    if (ts == MV_TS_MAX)
        return pin_last_commit(view, err);
    int rc = mv_time_reach(view->env, ts, now, err);
    view->ts = ts;
    return rc == MV_OK ? pin_and_check(view, err) : rc;
}

int mv_view_open(mv_env *env, uint64_t ts, uint64_t now, mv_view **out, mv_err *err)
{
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    mv_view *view = mv_calloc(1, sizeof *view);
    if (view == NULL) {
        rc = mv_fail(err, MV_E_NO_MEMORY, "opening a view");
    } else {
        view->env = env;
        view->pin = MV_NO_PIN;
        atomic_init(&view->refs, 1);
        rc = fill_view(view, ts, now, err);
        if (rc == MV_OK) {
            mv_env_ref(env);
            *out = view;
        } else {
            mv_free(view);
        }
    }
    mv_env_leave(env);
    return rc;
}

uint64_t mv_view_timestamp(const mv_view *view)
{
    return view->ts;
}

void mv_view_close(mv_view *view)
{
    mv_err ignored;
    if (atomic_exchange(&view->closed, true) || mv_env_enter(view->env, &ignored) != MV_OK)
        return;
    if (view->pin != MV_NO_PIN)
        mv_shared_unpin(view->env->shared, view->pin);
    mv_env_leave(view->env);
}

static void unref(mv_view *view)
{
    if (atomic_fetch_sub(&view->refs, 1) != 1)
        return;
    mv_env_unref(view->env);
    mv_free(view);
}

void mv_view_free(mv_view *view)
{
    mv_view_close(view);
    unref(view);
}

void mv_place_hold(mv_place *place)
{
    if (place->env != NULL)
        mv_env_ref(place->env);
    if (place->view != NULL)
        atomic_fetch_add(&place->view->refs, 1);
}

void mv_place_release(mv_place *place)
{
    if (place->view != NULL)
        unref(place->view);
    if (place->env != NULL)
        mv_env_unref(place->env);
}

/* What the snapshot says of the view: the timestamp to read at, or why it cannot be read. */
static int check_snap(const mv_view *view, uint64_t catalog_ts, const mv_snap *snap, uint64_t *ts,
                      mv_err *err)
{
    if (view == NULL) {
        *ts = snap->state.last_commit;
        return snap->state.catalog_ts > catalog_ts
                   ? mv_fail_ab(err, MV_E_CATALOG_CHANGED, snap->state.catalog_ts, catalog_ts,
                                "the catalog has changed")
                   : MV_OK;
    }
    *ts = view->ts;
    if (atomic_load(&view->closed)) /* looked at now: the pin stood when the snapshot began */
        return mv_fail(err, MV_E_CLOSED, "snapshot");
    return view->pin == MV_NO_PIN && !mv_planted(RENEW_CHECK) ? check_threshold(snap, view->ts, err) : MV_OK;
}

/* Planted: the marks of a snapshot that is newer than the one they are used with. */
static void take_newer_meta(mv_env *env, mv_snap *snap)
{
    mv_snap newer;
    mv_err ignored;
    if (mv_snap_begin(env, &newer, &ignored) != MV_OK)
        return;
    snap->state.merged = newer.state.merged;
    snap->state.sorted = newer.state.sorted;
    snap->state.direct = newer.state.direct;
    mv_snap_end(&newer);
}

int mv_view_snap(mv_env *env, const mv_view *view, uint64_t catalog_ts, mv_snap *snap, uint64_t *ts,
                 mv_err *err)
{
    int rc;
    do {
        rc = mv_snap_begin(env, snap, err);
        if (rc != MV_OK)
            return rc;
        mv_pause("view.begun");
        if (mv_planted(OWN_META))
            take_newer_meta(env, snap);
        rc = check_snap(view, catalog_ts, snap, ts, err);
        snap->at = *ts;
        if (rc == MV_OK && *ts > snap->state.sorted)
            rc = mv_tail_take(env, snap, err);
        if (rc != MV_OK)
            mv_snap_end(snap);
    } while (rc == MV_NOT_FOUND); /* the frozen log has been sorted meanwhile */
    if (rc == MV_OK)
        mv_tail_shed(env->tail, snap->state.sorted);
    return rc;
}
