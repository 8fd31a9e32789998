/* Views: pinned timestamps. A view holds no LMDB transaction between two calls. */
#ifndef MV_VIEW_H
#define MV_VIEW_H

#include "mvcc/mv_env.h"

struct mv_view {
    atomic_uint_fast64_t refs; /* whoever opened it, and places */
    mv_env *env;
    uint64_t ts;
    int pin; /* MV_NO_PIN where the handle cannot write the shared file */
    atomic_bool closed;
};

/* Begins a snapshot for one call: at the view, or (NULL) at the last commit, where catalog_ts is compared unless it is
 * MV_TS_MAX. *ts is the timestamp to read at; above `sorted` the snapshot has its memtables.
 * MV_E_CLOSED where the view is closed. Ends with mv_snap_end. Inside the gate. */
int mv_view_snap(mv_env *env, const mv_view *view, uint64_t catalog_ts, mv_snap *snap, uint64_t *ts,
                 mv_err *err);

#endif
