/* Timestamps above the last commit. */
#ifndef MV_TIME_H
#define MV_TIME_H

#include "mvcc/mv_env.h"

/* Makes sure that no commit in flight or later gets ts or less. MV_E_IN_FUTURE above clock, floor and last commit;
 * a read-only handle cannot go above the last commit. MV_E_BELOW_GC: known before the timestamp is pinned, so that a
 * pin below the threshold is an old one. Inside the gate. */
int mv_time_reach(mv_env *env, uint64_t ts, uint64_t now, mv_err *err);

#endif
