/* The read floor and durable steps of time. */
#include "base/mv_error.h"
#include "base/mv_plant.h"
#include "mvcc/mv_time.h"

/* Raises the floor and passes the write lock: no commit in flight or later can get ts or less. */
static int raise_floor(mv_env *env, uint64_t ts, mv_err *err)
{
    mv_txn txn;
    mv_shared_raise_floor(env->shared, ts);
    if (mv_planted(HANDSHAKE))
        return MV_OK;
    mv_pause("handshake");
    int rc = mv_write_begin(env->sub, &txn, err);
    if (rc == MV_OK)
        mv_write_abort(&txn);
    return rc;
}

/* The newest instant that may be asked for: what was read or given out stays so when the clock is set back. */
static uint64_t newest_instant(const mv_env *env, uint64_t now, uint64_t last)
{
    if (env->sub->read_only)
        return last;
    uint64_t clock = mv_clock(now), floor = mv_shared_floor(env->shared);
    uint64_t newest = clock > floor ? clock : floor;
    return newest > last ? newest : last;
}

int mv_last_commit(mv_env *env, uint64_t *ts, mv_err *err)
{
    mv_snap snap;
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_snap_begin(env, &snap, err);
    if (rc == MV_OK) {
        *ts = snap.state.last_commit;
        mv_snap_end(&snap);
    }
    mv_env_leave(env);
    return rc;
}

int mv_time_reach(mv_env *env, uint64_t ts, uint64_t now, mv_err *err)
{
    mv_snap snap;
    int rc = mv_snap_begin(env, &snap, err);
    if (rc != MV_OK)
        return rc;
    uint64_t last = snap.state.last_commit, gc = snap.state.gc;
    mv_snap_end(&snap);
    if (ts < gc)
        return mv_fail_ab(err, MV_E_BELOW_GC, ts, gc, "the timestamp is below the GC threshold");
    if (ts <= last)
        return MV_OK;
    uint64_t highest = newest_instant(env, now, last);
    if (ts > highest)
        return mv_fail_ab(err, MV_E_IN_FUTURE, ts, highest, "the timestamp is in the future");
    return raise_floor(env, ts, err);
}

int mv_now(mv_env *env, uint64_t now, uint64_t *ts, mv_err *err)
{
    mv_snap snap;
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_snap_begin(env, &snap, err);
    if (rc == MV_OK) {
        uint64_t last = snap.state.last_commit, newest = newest_instant(env, now, last);
        mv_snap_end(&snap);
        if (newest > last)
            rc = raise_floor(env, newest, err);
        if (rc == MV_OK)
            *ts = newest;
    }
    mv_env_leave(env);
    return rc;
}

int mv_advance(mv_env *env, uint64_t ts, uint64_t now, mv_err *err)
{
    mv_write w;
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_write_open(env, &w, err);
    if (rc == MV_OK) {
        uint64_t newest = newest_instant(env, now, w.state.last_commit);
        if (ts <= w.state.last_commit) {
            mv_write_abort(&w.txn);
        } else if (ts > newest) {
            mv_write_abort(&w.txn);
            rc = mv_fail_ab(err, MV_E_IN_FUTURE, ts, newest, "the timestamp is in the future");
        } else if (mv_planted(TICK)) {
            mv_shared_raise_floor(env->shared, ts);
            mv_write_abort(&w.txn);
        } else {
            w.state.last_commit = ts;
            rc = mv_write_close(env, &w, err);
        }
    }
    mv_env_leave(env);
    return rc;
}
