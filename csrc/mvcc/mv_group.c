#include "mvcc/mv_group.h"

#include "base/mv_alloc.h"
#include "base/mv_error.h"
#include "base/mv_plant.h"
#include "mvcc/mv_merge.h"
#include "mvcc/mv_worker.h"

#define GROUP_BYTES ((uint64_t)16 << 20) /* of batches that wait: what more there is goes into the next one */

struct mv_group {
    pthread_mutex_t lock;
    bool leading;             /* a thread is at work, or has been told to */
    mv_pending *first, *last; /* those that wait */
    _Atomic uint64_t waiting, finished;
};

int mv_group_new(mv_group **out, mv_err *err)
{
    mv_group *group = mv_calloc(1, sizeof *group);
    if (group == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "opening the store");
    pthread_mutex_init(&group->lock, NULL);
    *out = group;
    return MV_OK;
}

void mv_group_free(mv_group *group)
{
    if (group == NULL)
        return;
    pthread_mutex_destroy(&group->lock);
    mv_free(group);
}

uint64_t mv_group_waiting(const mv_group *group)
{
    return atomic_load_explicit(&group->waiting, memory_order_relaxed);
}

uint64_t mv_group_finished(const mv_group *group)
{
    return atomic_load_explicit(&group->finished, memory_order_relaxed);
}

/* ---- one LMDB transaction ---- */

static void answer_all(mv_pending *first, int rc, const mv_err *err)
{
    for (mv_pending *b = first; b != NULL; b = b->next)
        if (b->rc == MV_OK) {
            b->rc = rc;
            *b->err = *err;
        }
}

/* Applies every batch of a chain to w. Batches that are refused have their rc; MV_DONE: none was written. A failure: w holds
 * parts of a batch. */
static int apply_all(mv_env *env, mv_write *w, mv_pending *first)
{
    int rc = MV_DONE;
    for (mv_pending *b = first; b != NULL; b = b->next) {
        bool written = false;
        b->rc = mv_pending_apply(env, w, b, &written);
        if (b->rc == MV_OK)
            rc = MV_OK;
        else if (written)
            return b->rc;
    }
    return rc;
}

/* Commits a chain in one transaction. *whole is false where the transaction failed as one, so that it might succeed for
 * each batch alone; else every batch has its answer. */
static void commit_chain(mv_env *env, mv_pending *first, bool *whole)
{
    mv_write w;
    mv_err err;
    mv_log_status log;
    *whole = true;
    int rc = mv_write_open(env, &w, &err);
    if (rc != MV_OK) {
        answer_all(first, rc, &err);
        return;
    }
    rc = apply_all(env, &w, first);
    if (rc != MV_OK) {
        mv_write_abort(&w.txn);
        *whole = rc == MV_DONE || first->next == NULL;
        return;
    }
    mv_pause("commit.stamped");
    if (mv_planted(AFTER_COMMIT) && mv_tail_take(env, &w, &err) == MV_OK)
        mv_tail_give(&w.mems);
    rc = mv_merge_consider(env, &w, &log, &err);
    if (rc != MV_OK)
        mv_write_abort(&w.txn);
    else
        rc = mv_write_close(env, &w, &err);
    if (rc == MV_OK) {
        mv_worker_notice(env->worker, &log);
    } else {
        *whole = first->next == NULL || atomic_load(&env->sub->failed);
        answer_all(first, rc, &err);
    }
}

static void commit_each(mv_env *env, mv_pending *first)
{
    for (mv_pending *b = first; b != NULL;) {
        mv_pending *next = b->next;
        bool whole;
        b->next = NULL;
        b->rc = MV_OK;
        commit_chain(env, b, &whole);
        b->next = next;
        b = next;
    }
}

static void commit_all(mv_env *env, mv_pending *first)
{
    bool whole;
    uint64_t bytes = 0;
    for (const mv_pending *b = first; b != NULL; b = b->next)
        bytes += b->bytes;
    mv_worker_help(env->worker, bytes);
    commit_chain(env, first, &whole);
    if (!whole)
        commit_each(env, first);
}

/* ---- the queue: with the group's lock held ---- */

static void queue(mv_group *group, mv_pending *batch)
{
    batch->next = NULL;
    if (group->first == NULL)
        group->first = batch;
    else
        group->last->next = batch;
    group->last = batch;
}

/* Takes the batches at the front, at least one. */
static mv_pending *take(mv_group *group)
{
    mv_pending *first = group->first, *end = first;
    for (uint64_t bytes = first->bytes; end->next != NULL && bytes + end->next->bytes <= GROUP_BYTES;) {
        end = end->next;
        bytes += end->bytes;
    }
    group->first = end->next;
    end->next = NULL;
    return first;
}

/* Tells the batches of a chain that they are done, and the next one that waits to lead. */
static void finish(mv_group *group, const mv_pending *own, mv_pending *first)
{
    for (mv_pending *b = first; b != NULL;) {
        mv_pending *next = b->next; /* b goes with its thread */
        b->done = true;
        if (b != own)
            pthread_cond_signal(&b->wake);
        b = next;
    }
    group->leading = group->first != NULL;
    if (group->leading) {
        group->first->leads = true;
        pthread_cond_signal(&group->first->wake);
    }
}

static void lead(mv_env *env, mv_pending *own)
{
    mv_group *group = env->group;
    mv_pending *chain = take(group);
    pthread_mutex_unlock(&group->lock);
    commit_all(env, chain);
    pthread_mutex_lock(&group->lock);
    finish(group, own, chain);
}

int mv_group_commit(mv_env *env, mv_pending *batch)
{
    mv_group *group = env->group;
    pthread_cond_init(&batch->wake, NULL);
    atomic_fetch_add_explicit(&group->waiting, 1, memory_order_relaxed);
    pthread_mutex_lock(&group->lock);
    queue(group, batch);
    batch->leads = !group->leading;
    group->leading = true;
    while (!batch->done && !batch->leads)
        pthread_cond_wait(&batch->wake, &group->lock);
    if (!batch->done)
        lead(env, batch);
    pthread_mutex_unlock(&group->lock);
    atomic_fetch_sub_explicit(&group->waiting, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&group->finished, 1, memory_order_relaxed);
    pthread_cond_destroy(&batch->wake);
    return batch->rc;
}
