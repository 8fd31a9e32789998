#include "mvcc/mv_env.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/mv_alloc.h"
#include "base/mv_error.h"
#include "base/mv_plant.h"
#include "mvcc/mv_group.h"
#include "mvcc/mv_key.h"
#include "mvcc/mv_worker.h"

#define CLOCK_SHIFT 12 /* bits of the logical counter */

/* ---- what lives in memory alone ---- */

static int make_parts(mv_env *env, mv_err *err)
{
    int rc = mv_tail_new(&env->tail, err);
    if (rc == MV_OK)
        rc = mv_group_new(&env->group, err);
    if (rc == MV_OK)
        rc = mv_worker_new(env, &env->worker, err);
    return rc;
}

static void free_parts(mv_env *env)
{
    mv_worker_free(env->worker);
    mv_group_free(env->group);
    mv_tail_free(env->tail);
}

/* ---- the gate ---- */

static bool is_ours(const mv_env *env)
{
    return env->pid == getpid();
}

int mv_env_enter(mv_env *env, mv_err *err)
{
    if (env == NULL)
        return mv_fail(err, MV_E_CLOSED, "store");
    atomic_fetch_add(&env->calls, 1);
    bool closed = atomic_load(&env->closed);
    if (!closed && !atomic_load_explicit(&env->sub->forked, memory_order_relaxed))
        return MV_OK;
    mv_env_leave(env);
    return closed ? mv_fail(err, MV_E_CLOSED, "store")
                  : mv_fail(err, MV_E_FORKED, "the store was opened by the parent process");
}

void mv_env_leave(mv_env *env)
{
    if (atomic_fetch_sub(&env->calls, 1) == 1 && atomic_load(&env->closed) && is_ours(env)) {
        pthread_mutex_lock(&env->gate_lock);
        pthread_cond_broadcast(&env->gate_empty);
        pthread_mutex_unlock(&env->gate_lock);
    }
}

/* A forked child only forgets: locks may be held, and conditions waited at, by threads that it does not have. */
static void close_in_child(mv_env *env)
{
    if (!atomic_exchange(&env->closed, true))
        mv_sub_close(env->sub);
}

void mv_env_close(mv_env *env)
{
    if (env == NULL)
        return;
    if (!is_ours(env)) {
        close_in_child(env);
        return;
    }
    pthread_mutex_lock(&env->gate_lock);
    if (!atomic_exchange(&env->closed, true)) {
        mv_worker_stop(env->worker);
        while (atomic_load(&env->calls) > 0)
            pthread_cond_wait(&env->gate_empty, &env->gate_lock);
        mv_sub_close(env->sub); /* first: a child forked later must not close our descriptor's number again */
        if (env->shared != NULL)
            mv_shared_close(env->shared);
    }
    pthread_mutex_unlock(&env->gate_lock);
}

void mv_env_ref(mv_env *env)
{
    atomic_fetch_add(&env->refs, 1);
}

void mv_env_unref(mv_env *env)
{
    if (atomic_fetch_sub(&env->refs, 1) != 1)
        return;
    if (is_ours(env)) {
        free_parts(env);
        pthread_cond_destroy(&env->gate_empty);
        pthread_mutex_destroy(&env->gate_lock);
    }
    mv_free(env);
}

void mv_env_free(mv_env *env)
{
    if (env == NULL)
        return;
    mv_env_close(env);
    mv_env_unref(env);
}

/* ---- opening ---- */

static int open_others(mv_env *env, mv_txn *txn, bool create, mv_err *err)
{
    int rc = mv_sub_db(txn, "data", create, mv_vkey_compare, &env->data, err);
    if (rc == MV_OK)
        rc = mv_sub_db(txn, "changes", create, NULL, &env->changes, err);
    if (rc == MV_OK)
        rc = mv_sub_db(txn, "log_a", create, NULL, &env->logs[0], err);
    if (rc == MV_OK)
        rc = mv_sub_db(txn, "log_b", create, NULL, &env->logs[1], err);
    for (unsigned i = 0; i < MV_RUNS && rc == MV_OK; i++) {
        char name[] = "run_00";
        name[4] = (char)('0' + i / 10);
        name[5] = (char)('0' + i % 10);
        rc = mv_sub_db(txn, name, create, mv_vkey_compare, &env->runs[i], err);
    }
    if (rc == MV_OK)
        rc = mv_sub_db(txn, "protected", create, NULL, &env->protected, err);
    return rc;
}

/* Makes the databases of a new store. In one transaction, so that a store is there as a whole or not at all. */
static int create_store(mv_env *env, const uint8_t *store_id, mv_err *err)
{
    mv_txn txn;
    mv_state state = {.next_record = 1};
    int rc = mv_write_begin(env->sub, &txn, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_sub_db(&txn, "meta", true, NULL, &env->meta, err);
    if (rc == MV_OK)
        rc = mv_format_load(&txn, env->meta, env->store_id, err);
    if (rc == MV_NOT_FOUND) { /* else another process was first */
        memcpy(env->store_id, store_id, MV_STORE_ID);
        rc = mv_format_save(&txn, env->meta, store_id, err);
        if (rc == MV_OK)
            rc = mv_state_save(&txn, env->meta, &state, err);
    }
    if (rc == MV_OK)
        rc = open_others(env, &txn, true, err);
    if (rc != MV_OK) {
        mv_write_abort(&txn);
        return rc;
    }
    return mv_write_commit(&txn, err);
}

/* Opens the databases of an existing store; MV_NOT_FOUND where LMDB's file holds no database yet. */
static int open_store(mv_env *env, mv_err *err)
{
    mv_txn txn;
    uint64_t names;
    enum {
        MAIN_DB = 1
    };
    int rc = mv_read_begin(env->sub, &txn, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_kv_count(&txn, MAIN_DB, &names, err);
    if (rc == MV_OK)
        rc = names == 0 ? MV_NOT_FOUND : mv_sub_db(&txn, "meta", false, NULL, &env->meta, err);
    if (rc == MV_OK)
        rc = mv_format_load(&txn, env->meta, env->store_id, err);
    if (rc == MV_OK)
        rc = open_others(env, &txn, false, err);
    if (rc == MV_NOT_FOUND && names > 0)
        rc = mv_fail(err, MV_E_NOT_A_STORE, "the LMDB file belongs to another program");
    mv_read_commit(&txn); /* handles of databases live on only after a commit */
    return rc;
}

static int open_shared(mv_env *env, const mv_open_args *args, mv_err *err)
{
    int rc = mv_shared_open(args->path, &env->shared, err);
    if (rc == MV_OK)
        env->sub->fork_fd = mv_shared_fd(env->shared);
    else if (rc == MV_E_IO && (args->flags & MV_OPEN_READ_ONLY) &&
             (err->os_error == EACCES || err->os_error == EROFS || err->os_error == EPERM))
        rc = MV_OK; /* reads without pins */
    return rc;
}

static int open_parts(mv_env *env, const mv_open_args *args, mv_err *err)
{
    int rc = open_store(env, err);
    if (rc == MV_NOT_FOUND) {
        if (args->flags & MV_OPEN_CREATE)
            rc = create_store(env, args->store_id, err);
        else
            rc = mv_fail(err, MV_E_NO_STORE, "the LMDB file is empty");
    }
    if (rc == MV_OK)
        rc = open_shared(env, args, err);
    return rc == MV_OK ? make_parts(env, err) : rc;
}

int mv_env_open(const mv_open_args *args, mv_env **out, mv_err *err)
{
    mv_env *env = mv_calloc(1, sizeof *env);
    if (env == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "opening the store");
    int rc = mv_sub_open(args->path, args->flags, args->map_size, &env->sub, err);
    if (rc == MV_OK) {
        env->log_limit = args->log_limit;
        env->gc_ttl_us = args->gc_ttl_us;
        env->pid = getpid();
        rc = open_parts(env, args, err);
        if (rc != MV_OK) {
            free_parts(env);
            mv_sub_close(env->sub);
        }
    }
    if (rc != MV_OK) {
        mv_free(env);
        return rc;
    }
    pthread_mutex_init(&env->gate_lock, NULL);
    pthread_cond_init(&env->gate_empty, NULL);
    atomic_init(&env->refs, 1);
    *out = env;
    return MV_OK;
}

/* ---- snapshots and writes ---- */

_Static_assert(sizeof(mv_state) <= MV_NOTE, "the state is noted with its reader");

/* A reader that meets the snapshot of its last use knows its state. */
static int load_state(mv_env *env, mv_snap *snap, mv_err *err)
{
    const void *note = mv_read_note(&snap->txn);
    if (note != NULL) {
        memcpy(&snap->state, note, sizeof snap->state);
        return MV_OK;
    }
    int rc = mv_state_load(&snap->txn, env->meta, &snap->state, err);
    if (rc == MV_OK)
        memcpy(mv_read_set_note(&snap->txn), &snap->state, sizeof snap->state);
    return rc;
}

int mv_snap_begin(mv_env *env, mv_snap *out, mv_err *err)
{
    out->at = 0;
    out->mems.count = 0;
    int rc = mv_read_begin(env->sub, &out->txn, err);
    if (rc != MV_OK)
        return rc;
    rc = load_state(env, out, err);
    if (rc != MV_OK)
        mv_read_end(&out->txn);
    return rc;
}

void mv_snap_end(mv_snap *snap)
{
    mv_tail_give(&snap->mems);
    mv_read_end(&snap->txn);
}

int mv_write_open(mv_env *env, mv_write *out, mv_err *err)
{
    out->at = 0;
    out->mems.count = 0;
    int rc = mv_write_begin(env->sub, &out->txn, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_state_load(&out->txn, env->meta, &out->state, err);
    if (rc != MV_OK)
        mv_write_abort(&out->txn);
    return rc;
}

int mv_write_close(mv_env *env, mv_write *w, mv_err *err)
{
    int rc = mv_state_save(&w->txn, env->meta, &w->state, err);
    if (rc != MV_OK) {
        mv_write_abort(&w->txn);
        return rc;
    }
    return mv_write_commit(&w->txn, err);
}

uint64_t mv_clock(uint64_t now)
{
    struct timespec ts;
    if (now != 0)
        return now;
    clock_gettime(CLOCK_REALTIME, &ts);
    return ((uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000) << CLOCK_SHIFT;
}

uint64_t mv_lowest_commit(const mv_env *env, const mv_write *w)
{
    uint64_t floor = mv_planted(FLOOR) ? 0 : mv_shared_floor(env->shared);
    return (floor > w->state.last_commit ? floor : w->state.last_commit) + 1;
}
