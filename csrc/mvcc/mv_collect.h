/* Garbage collection from within the core: as mv_gc_publish and mv_gc_slice, inside the gate or in the environment's own
 * thread. */
#ifndef MV_COLLECT_H
#define MV_COLLECT_H

#include "mvcc/mv_env.h"

int mv_collect_publish(mv_env *env, uint64_t wanted, uint64_t *threshold, mv_err *err);
int mv_collect_slice(mv_env *env, uint64_t max_work, mv_buf *cursor, mv_gc_stats *stats, mv_err *err);

#endif
