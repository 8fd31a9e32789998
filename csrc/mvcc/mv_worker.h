/* Who merges in this process: a thread that begins when a log first has to be merged and ends with the environment. It
 * also tails the logs while they grow, so that a read after many commits finds its memtables filled, and behind merges it
 * collects what is older than gc_ttl.
 */
#ifndef MV_WORKER_H
#define MV_WORKER_H

#include "mvcc/mv_env.h"
#include "mvcc/mv_merge.h"

typedef struct mv_worker mv_worker;

int mv_worker_new(mv_env *env, mv_worker **out, mv_err *err);
void mv_worker_stop(mv_worker *worker); /* waits for its step in flight; idempotent. Not in a forked child. */
void mv_worker_free(mv_worker *worker); /* NULL is fine; stopped, or never begun */

/* After a commit: how the logs are. Begins or wakes the thread where there is work. */
void mv_worker_notice(mv_worker *worker, const mv_log_status *log);

/* Before commits that bring so many bytes to the log: does slices, the more the larger they are, where merges do not keep
 * up: the log is far above its limit, or above it and this process could not begin a thread. Failures are left to the
 * commit. */
void mv_worker_help(mv_worker *worker, uint64_t bytes);

#endif
