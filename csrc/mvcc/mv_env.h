/* An open environment: the substrate, the shared-memory file, the sub-databases, what this process knows of the logs, who
 * commits and who merges, and the gate that closing waits at. */
#ifndef MV_ENV_H
#define MV_ENV_H

#include <sys/types.h>

#include "lmdb/mv_substrate.h"
#include "mv_engine.h"
#include "mvcc/mv_pace.h"
#include "mvcc/mv_shared.h"
#include "mvcc/mv_state.h"
#include "mvcc/mv_tail.h"

struct mv_group;
struct mv_worker;

struct mv_env {
    atomic_uint_fast64_t refs;  /* whoever opened it, and views: they may be freed in any order */
    atomic_uint_fast64_t calls; /* in flight */
    atomic_bool closed;
    pthread_mutex_t gate_lock;
    pthread_cond_t gate_empty;
    pid_t pid; /* that opened it: elsewhere it is a forked child's copy */
    mv_sub *sub;
    mv_shared *shared; /* NULL where the folder cannot be written: no pins, no floor */
    uint8_t store_id[MV_STORE_ID];
    mv_db meta, data, changes, protected, logs[2], runs[MV_RUNS];
    mv_tail *tail;
    struct mv_group *group;   /* commits of this process */
    struct mv_worker *worker; /* merges of this process */
    uint64_t log_limit;       /* bytes of a log above which it is frozen; 0: the default */
    uint64_t gc_ttl_us;       /* versions are kept so long after they were overwritten; 0: for ever */
    mv_pace pace;             /* of slices */
};

/* Every public function passes the gate: enter, and (only if that was MV_OK) leave. MV_E_CLOSED; MV_E_FORKED before a
 * child waits for what threads of its parent held. */
int mv_env_enter(mv_env *env, mv_err *err);
void mv_env_leave(mv_env *env);

/* What may outlive mv_env_free holds a reference: the memory goes with the last one. */
void mv_env_ref(mv_env *env);
void mv_env_unref(mv_env *env);

typedef struct mv_snap { /* one LMDB snapshot with the state that it shows */
    mv_txn txn;
    mv_state state;
    uint64_t at;  /* the timestamp that is read at; 0: `data` alone is read */
    mv_mems mems; /* of a read above `sorted`: see mvcc/mv_tail.h */
} mv_snap;

int mv_snap_begin(mv_env *env, mv_snap *out, mv_err *err);
void mv_snap_end(mv_snap *snap);

/* A write transaction with its state; ends by exactly one of the two. Commit saves the state. */
typedef mv_snap mv_write;
int mv_write_open(mv_env *env, mv_write *out, mv_err *err);
int mv_write_close(mv_env *env, mv_write *w, mv_err *err);

/* The clock, from the caller or (0) the system. */
uint64_t mv_clock(uint64_t now);

/* The lowest timestamp that a commit in w may get. */
uint64_t mv_lowest_commit(const mv_env *env, const mv_write *w);

#endif
