#include "mvcc/mv_worker.h"

#include <signal.h>
#include <time.h>

#include "base/mv_alloc.h"
#include "base/mv_error.h"
#include "mvcc/mv_group.h"

#define TAIL_BYTES ((uint64_t)1 << 20) /* growth of the log after which the thread tails it */
#define OVERDUE 4                      /* times its limit: every commit does a slice */
#define NAP_NS 50000
#define MOST_NAPS 400 /* for a commit that waits: 20 ms */

struct mv_worker {
    mv_env *env;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    bool begun, refused; /* the thread is there; the system gave none */
    bool work, stop;
    mv_log_status log;     /* after the last commit of this process */
    uint64_t tailed_bytes; /* of the log that takes commits, when it was last tailed */
    _Atomic uint64_t slice_rows;
};

int mv_worker_new(mv_env *env, mv_worker **out, mv_err *err)
{
    mv_worker *worker = mv_calloc(1, sizeof *worker);
    if (worker == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "opening the store");
    worker->env = env;
    atomic_init(&worker->slice_rows, MV_SLICE_ROWS);
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->wake, NULL);
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

static int slice(mv_worker *worker, mv_err *err)
{
    uint64_t rows = atomic_load(&worker->slice_rows);
    int rc = mv_merge_slice_sized(worker->env, &rows, err);
    if (rc == MV_OK)
        atomic_store(&worker->slice_rows, rows);
    return rc;
}

static int tail(mv_env *env, mv_err *err)
{
    mv_snap snap;
    int rc = mv_snap_begin(env, &snap, err);
    if (rc != MV_OK)
        return rc;
    if (snap.state.last_commit > snap.state.merged)
        rc = mv_tail_take(env, &snap, err);
    mv_snap_end(&snap);
    return rc;
}

/* Sleeps until there is work; false when the thread has to end. */
static bool wait_for_work(mv_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    while (!worker->work && !worker->stop)
        pthread_cond_wait(&worker->wake, &worker->lock);
    worker->work = false;
    bool goes_on = !worker->stop;
    pthread_mutex_unlock(&worker->lock);
    return goes_on;
}

static bool must_stop(mv_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    bool stop = worker->stop;
    pthread_mutex_unlock(&worker->lock);
    return stop;
}

/* Tails, then merges until nothing is frozen. What fails is tried again at the next commit, which meets it too. */
static void do_work(mv_worker *worker)
{
    mv_err err;
    int rc = tail(worker->env, &err);
    while (rc >= 0 && !must_stop(worker)) {
        rc = slice(worker, &err);
        if (rc != MV_OK)
            break;
        let_commits_pass(worker->env);
    }
}

static void *run(void *argument)
{
    mv_worker *worker = argument;
    while (wait_for_work(worker))
        do_work(worker);
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
    if (log->merging || log->bytes - worker->tailed_bytes > TAIL_BYTES) {
        worker->tailed_bytes = log->bytes;
        worker->work = true;
        if (!worker->begun && !worker->stop)
            begin(worker);
        pthread_cond_signal(&worker->wake);
    }
    pthread_mutex_unlock(&worker->lock);
}

void mv_worker_help(mv_worker *worker)
{
    mv_err ignored;
    pthread_mutex_lock(&worker->lock);
    mv_log_status log = worker->log;
    uint64_t bearable = worker->refused ? log.limit : OVERDUE * log.limit;
    pthread_mutex_unlock(&worker->lock);
    if (log.merging && log.bytes > bearable)
        slice(worker, &ignored);
}
