#include "mvcc/mv_worker.h"

#include <signal.h>
#include <time.h>

#include "base/mv_alloc.h"
#include "base/mv_buf.h"
#include "base/mv_error.h"
#include "mvcc/mv_collect.h"
#include "mvcc/mv_group.h"

#define TAIL_BYTES ((uint64_t)1 << 20)  /* growth of the log after which the thread tails it */
#define OVERDUE 4                       /* times its limit: commits do slices, */
#define PAID_BYTES ((uint64_t)64 << 10) /* one for so much that they bring */
#define NAP_NS 50000
#define MOST_NAPS 400 /* for a commit that waits: 20 ms */
#define REST_SECONDS 1
#define GC_WORK 5000   /* versions that a slice of a collection looks at */
#define CLOCK_SHIFT 12 /* microseconds to a timestamp */

struct mv_worker {
    mv_env *env;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    bool begun, refused; /* the thread is there; the system gave none */
    bool work, stop;
    mv_log_status log;     /* after the last commit of this process */
    uint64_t tailed_bytes; /* of the log that takes commits, when it was last tailed */
    /* the thread's own: */
    bool collecting;    /* a garbage collection is under way, */
    mv_buf cursor;      /* goes on here, */
    uint64_t collected; /* and began when so much was merged */
};

int mv_worker_new(mv_env *env, mv_worker **out, mv_err *err)
{
    pthread_condattr_t monotonic;
    mv_worker *worker = mv_calloc(1, sizeof *worker);
    if (worker == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "opening the store");
    worker->env = env;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&worker->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *out = worker;
    return MV_OK;
}

void mv_worker_stop(mv_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    bool joins = worker->begun && !worker->stop;
    worker->stop = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
    if (joins)
        pthread_join(worker->thread, NULL);
}

void mv_worker_free(mv_worker *worker)
{
    if (worker == NULL)
        return;
    pthread_cond_destroy(&worker->wake);
    pthread_mutex_destroy(&worker->lock);
    mv_buf_free(&worker->cursor);
    mv_free(worker);
}

/* ---- the thread ---- */

static void nap(void)
{
    struct timespec ts = {.tv_nsec = NAP_NS};
    nanosleep(&ts, NULL);
}

/* LMDB's lock is not fair: whoever asks again at once gets it. So between two slices a commit that waits goes first, and
 * the commits of other processes, which cannot be seen, get a moment. */
static void let_commits_pass(const mv_env *env)
{
    uint64_t before = mv_group_finished(env->group);
    nap();
    for (int i = 0; i < MOST_NAPS && mv_group_waiting(env->group) > 0; i++) {
        if (mv_group_finished(env->group) != before)
            return;
        nap();
    }
}

static int tail(mv_env *env, mv_err *err)
{
    mv_snap snap;
    int rc = mv_snap_begin(env, &snap, err);
    if (rc != MV_OK)
        return rc;
    if (snap.state.last_commit > snap.state.sorted)
        rc = mv_tail_take(env, &snap, err);
    mv_snap_end(&snap);
    return rc;
}

enum turn {
    WORK,
    REST, /* nobody has committed for a while */
    STOP
};

/* Sleeps until there is work, or, if it may rest, until nobody has committed for a while. */
static enum turn wait_for_turn(mv_worker *worker, bool may_rest)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += REST_SECONDS;
    int timed_out = 0;
    pthread_mutex_lock(&worker->lock);
    while (!worker->work && !worker->stop && timed_out == 0)
        timed_out = may_rest ? pthread_cond_timedwait(&worker->wake, &worker->lock, &until)
                             : pthread_cond_wait(&worker->wake, &worker->lock);
    enum turn turn = worker->work && (worker->log.behind || !worker->stop) ? WORK
                     : worker->stop                                        ? STOP
                                                                           : REST;
    worker->work = false;
    pthread_mutex_unlock(&worker->lock);
    return turn;
}

/* Whether it has to leave what it is at: to end, or, from a rest, to work. */
static bool is_disturbed(mv_worker *worker, bool resting)
{
    pthread_mutex_lock(&worker->lock);
    bool disturbed = worker->stop || (resting && worker->work);
    pthread_mutex_unlock(&worker->lock);
    return disturbed;
}

/* How far below the clock the threshold stays: a time that no timestamp can tell is one for ever. */
static uint64_t age_of(const mv_env *env)
{
    return env->gc_ttl_us > MV_TS_MAX >> CLOCK_SHIFT ? MV_TS_MAX : env->gc_ttl_us << CLOCK_SHIFT;
}

/* Begins a collection where something was merged since the last one: MV_OK, or MV_DONE. */
static int begin_collection(mv_worker *worker, mv_err *err)
{
    mv_env *env = worker->env;
    mv_snap snap;
    uint64_t threshold, age = age_of(env), now = mv_clock(0);
    int rc = mv_snap_begin(env, &snap, err);
    if (rc != MV_OK)
        return rc;
    uint64_t merged = snap.state.merged;
    mv_snap_end(&snap);
    if (merged == worker->collected || now <= age)
        return MV_DONE;
    rc = mv_collect_publish(env, now - age, &threshold, err);
    if (rc != MV_OK)
        return rc;
    worker->collected = merged;
    worker->cursor.len = 0;
    worker->collecting = true;
    return MV_OK;
}

/* One step of collecting what is older than gc_ttl; MV_DONE where there is nothing to do. */
static int collect(mv_worker *worker, mv_err *err)
{
    mv_gc_stats ignored = {0};
    if (worker->env->gc_ttl_us == 0)
        return MV_DONE;
    if (!worker->collecting)
        return begin_collection(worker, err);
    int rc = mv_collect_slice(worker->env, GC_WORK, &worker->cursor, &ignored, err);
    worker->collecting = rc == MV_OK;
    return rc;
}

/* Tails, then sorts, merges and collects until nothing is due. What fails is tried again at the next commit, which meets it too.
 * Where there is work, one slice is done in any case: a log that only short programs write to would never be sorted. */
static void do_work(mv_worker *worker, bool resting)
{
    mv_err err;
    int rc = tail(worker->env, &err);
    for (bool sure = !resting; rc >= 0 && (sure || !is_disturbed(worker, resting)); sure = false) {
        rc = mv_merge_step(worker->env, resting, 0, &err);
        if (rc == MV_DONE)
            rc = collect(worker, &err);
        if (rc != MV_OK)
            break;
        let_commits_pass(worker->env);
    }
}

static void *run(void *argument)
{
    mv_worker *worker = argument;
    bool rested = true;
    for (enum turn turn; (turn = wait_for_turn(worker, !rested)) != STOP;) {
        rested = turn == REST;
        do_work(worker, rested);
    }
    return NULL;
}

/* Begins the thread, which takes no signals: they are the program's. With the lock held. */
static void begin(mv_worker *worker)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    worker->begun = pthread_create(&worker->thread, NULL, run, worker) == 0;
    worker->refused = !worker->begun;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- beside commits ---- */

void mv_worker_notice(mv_worker *worker, const mv_log_status *log)
{
    pthread_mutex_lock(&worker->lock);
    worker->log = *log;
    if (log->bytes < worker->tailed_bytes)
        worker->tailed_bytes = 0; /* another log */
    if (log->behind || log->bytes - worker->tailed_bytes > TAIL_BYTES) {
        worker->tailed_bytes = log->bytes;
        worker->work = true;
        if (!worker->begun && !worker->stop)
            begin(worker);
        pthread_cond_signal(&worker->wake);
    }
    pthread_mutex_unlock(&worker->lock);
}

/* Whether commits still go to a log that is above a size, since another one is frozen. */
static bool is_overdue(mv_env *env, uint64_t bearable)
{
    mv_snap snap;
    mv_log_status log;
    mv_err ignored;
    if (mv_snap_begin(env, &snap, &ignored) != MV_OK)
        return false;
    bool overdue = snap.state.frozen != 0 && mv_merge_status(env, &snap, &log, &ignored) == MV_OK &&
                   log.bytes > bearable;
    mv_snap_end(&snap);
    return overdue;
}

void mv_worker_help(mv_worker *worker, uint64_t bytes)
{
    mv_err ignored;
    pthread_mutex_lock(&worker->lock);
    mv_log_status log = worker->log;
    uint64_t bearable = worker->refused ? log.limit : OVERDUE * log.limit;
    pthread_mutex_unlock(&worker->lock);
    if (!log.behind || log.bytes <= bearable)
        return;
    for (uint64_t paid = 0; paid <= bytes && is_overdue(worker->env, bearable); paid += PAID_BYTES)
        if (mv_merge_step(worker->env, false, 0, &ignored) != MV_OK)
            return;
}
