/* Group commit: the threads of a process queue their batches, and the one that finds nobody at work commits all that wait
 * in one LMDB transaction.
 */
#ifndef MV_GROUP_H
#define MV_GROUP_H

#include "mvcc/mv_env.h"
#include "mvcc/mv_readset.h"

typedef struct mv_pending { /* one commit on its way; the caller's until mv_group_commit returns */
    const mv_commit_args *args;
    mv_readset reads;
    uint64_t bytes; /* of keys and values that go through the log */
    bool sorted;    /* it may go straight to `data`: mvcc/mv_gap.h */
    uint64_t ts;    /* that it got */
    int rc;
    mv_err *err;
    bool done, leads;
    pthread_cond_t wake;
    struct mv_pending *next;
} mv_pending;

typedef struct mv_group mv_group;

int mv_group_new(mv_group **out, mv_err *err);
void mv_group_free(mv_group *group); /* NULL is fine; nobody may be in it */

/* Commits a batch, whose args, reads, bytes and err are set: alone or with others. Durable on MV_OK, with batch->ts. Inside
 * the gate. */
int mv_group_commit(mv_env *env, mv_pending *batch);

/* Counters for who merges: commits that wait or run, and commits of this process so far. */
uint64_t mv_group_waiting(const mv_group *group);
uint64_t mv_group_finished(const mv_group *group);

/* mvcc/mv_commit.c: validates a batch in w, gives it a timestamp and writes it. Where it fails, *written says whether w
 * holds a part of it: then w must be aborted; else w and its state are as they were. */
int mv_pending_apply(mv_env *env, mv_write *w, mv_pending *batch, bool *written);

#endif
