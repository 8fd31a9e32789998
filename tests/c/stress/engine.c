/* Every call of the engine beside every other, on a bank: commits alone and in groups, reads at the last commit and in
 * the past, changes, merges, collections, and a close in the midst of them. Then the store is opened again, and so on.
 *
 * MVCC_LIBLMDB names the lmdb wheel's extension module, MVCC_STRESS_FOLDER the folder that is to become the store. */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "bank.h"

enum {
    MOVERS = 4,
    READERS = 3,
    THREADS = MOVERS + READERS + 3,
    REMEMBERED = 4,
    LOG_LIMIT = 32 << 10, /* at least; up to 32 times as much */
    LIMITS = 6,
    MAP_SIZE = 1 << 30,
    SHORTEST_ROUND_MS = 300,
    LONGEST_ROUND_MS = 3000,
    GC_WORK = 3000
};

typedef struct counts {
    uint64_t commits, conflicts, reads, past, followed, merges, collections;
    uint64_t runs; /* reads of all ways, while there was a run */
} counts;

typedef struct thread {
    mv_env *env;
    int (*step)(struct thread *t); /* MV_OK: again */
    _Atomic uint64_t *newest;      /* the newest commit that has returned */
    uint64_t random;
    bank_state *remembered; /* READERS: REMEMBERED of them, none yet where ts is 0; the follower: one */
    counts counts;
} thread;

static void nap(uint64_t us)
{
    struct timespec ts = {.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
    nanosleep(&ts, NULL);
}

/* ---- steps: MV_OK or MV_E_CLOSED ---- */

static int move(thread *t)
{
    uint64_t ts, before = atomic_load(t->newest);
    int rc = bank_move(t->env, &t->random, &ts);
    if (rc == MV_E_CONFLICT) {
        t->counts.conflicts++;
        return MV_OK;
    }
    if (rc != MV_OK)
        return rc;
    CHECK(ts > before);
    while (before < ts && !atomic_compare_exchange_weak(t->newest, &before, ts))
        ;
    t->counts.commits++;
    return MV_OK;
}

static bool same(const bank_state *a, const bank_state *b)
{
    return memcmp(a->amounts, b->amounts, sizeof a->amounts) == 0;
}

static int note_runs(thread *t)
{
    mv_err err;
    mv_info info;
    int rc = bank_result(mv_env_info(t->env, &info, &err), &err, MV_OK);
    if (rc == MV_OK)
        t->counts.runs += info.runs > 0;
    return rc;
}

/* All ways to read a view agree. */
static int read_view(thread *t, const mv_view *view, bank_state *out)
{
    bank_state other;
    bool reverse = stress_any(&t->random, 2) == 0;
    int rc = bank_scan(t->env, view, reverse, &t->random, out);
    if (rc == MV_OK) {
        bank_check(out);
        rc = stress_any(&t->random, 2) == 0 ? bank_look(t->env, view, &other)
                                            : bank_scan(t->env, view, !reverse, &t->random, &other);
    }
    if (rc == MV_OK)
        CHECK(same(out, &other));
    return rc == MV_OK ? note_runs(t) : rc;
}

static int read_now(thread *t)
{
    mv_err err;
    mv_view *view;
    uint64_t before = atomic_load(t->newest);
    int rc = bank_result(mv_view_open(t->env, MV_TS_MAX, 0, &view, &err), &err, MV_OK);
    if (rc != MV_OK)
        return rc;
    CHECK(mv_view_timestamp(view) >= before);
    rc = read_view(t, view, &t->remembered[stress_any(&t->random, REMEMBERED)]);
    mv_view_free(view);
    t->counts.reads++;
    return rc;
}

/* What was read once is read again, unless it has been collected. */
static int read_again(thread *t)
{
    mv_err err;
    mv_view *view;
    bank_state now, *then = &t->remembered[stress_any(&t->random, REMEMBERED)];
    if (then->ts == 0)
        return MV_OK;
    int rc = bank_result(mv_view_open(t->env, then->ts, 0, &view, &err), &err, MV_E_BELOW_GC);
    if (rc == MV_E_BELOW_GC) {
        then->ts = 0;
        return MV_OK;
    }
    if (rc != MV_OK)
        return rc;
    rc = read_view(t, view, &now);
    if (rc == MV_OK)
        CHECK(same(&now, then));
    mv_view_free(view);
    t->counts.past++;
    return rc;
}

static int read_any(thread *t)
{
    return stress_any(&t->random, 3) == 0 ? read_again(t) : read_now(t);
}

/* Where the changes lead to is what a view shows. */
static int follow(thread *t)
{
    mv_err err;
    mv_view *view;
    bank_state seen, *state = t->remembered;
    int rc = bank_result(mv_view_open(t->env, MV_TS_MAX, 0, &view, &err), &err, MV_OK);
    if (rc != MV_OK)
        return rc;
    rc = read_view(t, view, &seen);
    if (rc == MV_OK && state->ts != 0 && state->ts < seen.ts) {
        rc = bank_follow(t->env, state, seen.ts, &t->counts.followed);
        if (rc == MV_OK)
            CHECK(same(state, &seen));
    }
    *state = seen;
    mv_view_free(view);
    nap(stress_any(&t->random, 5000));
    return rc == MV_E_BELOW_GC ? MV_OK : rc;
}

static int merge(thread *t)
{
    mv_err err;
    mv_info info;
    uint64_t ts;
    int rc = bank_result(mv_last_commit(t->env, &ts, &err), &err, MV_OK);
    for (bool more = true; rc == MV_OK && more;) {
        rc = bank_result(mv_merge(t->env, ts, stress_any(&t->random, 2) * 100, &err), &err, MV_DONE);
        more = rc == MV_OK;
        rc = rc == MV_DONE ? MV_OK : rc;
    }
    if (rc == MV_OK)
        rc = bank_result(mv_env_info(t->env, &info, &err), &err, MV_OK);
    if (rc == MV_OK)
        CHECK(info.merged >= ts && info.last_commit >= ts);
    t->counts.merges++;
    nap(stress_any(&t->random, 400000));
    return rc;
}

static int collect(thread *t)
{
    mv_err err;
    mv_buf cursor = {0};
    mv_gc_stats stats = {0};
    uint64_t ts, threshold;
    int rc =
        stress_any(&t->random, 2) == 0 ? mv_last_commit(t->env, &ts, &err) : mv_now(t->env, 0, &ts, &err);
    rc = bank_result(rc, &err, MV_OK);
    nap(stress_any(&t->random, 100000));
    if (rc == MV_OK)
        rc = bank_result(mv_gc_publish(t->env, ts, &threshold, &err), &err, MV_OK);
    for (bool more = true; rc == MV_OK && more;) {
        rc = bank_result(mv_gc_slice(t->env, GC_WORK, &cursor, &stats, &err), &err, MV_DONE);
        more = rc == MV_OK;
        rc = rc == MV_DONE ? MV_OK : rc;
    }
    mv_buf_free(&cursor);
    t->counts.collections++;
    return rc;
}

/* ---- rounds ---- */

static void *work(void *argument)
{
    thread *t = argument;
    while (t->step(t) == MV_OK)
        ;
    return NULL;
}

static void load_lmdb(void)
{
    mv_err err;
    const char *file = getenv("MVCC_LIBLMDB");
    CHECK(file != NULL);
    if (mv_lmdb_load(file, "mdb09_", &err) != MV_OK)
        bank_result(mv_lmdb_load(file, "mdb_", &err), &err, MV_OK);
}

static mv_env *open_store(uint64_t seed)
{
    mv_err err;
    mv_env *env;
    mv_open_args args = {.path = getenv("MVCC_STRESS_FOLDER"),
                         .flags = MV_OPEN_CREATE,
                         .map_size = MAP_SIZE,
                         .log_limit = (uint64_t)LOG_LIMIT << seed % LIMITS};
    CHECK(args.path != NULL);
    CHECK(bank_result(mv_env_open(&args, &env, &err), &err, MV_OK) == MV_OK);
    return env;
}

static void verify(mv_env *env)
{
    mv_err err;
    mv_buf cursor = {0};
    mv_verify_stats stats = {0};
    for (int part = 0; part < MV_VERIFY_PARTS; part++) {
        int rc = MV_OK;
        cursor.len = 0;
        while (rc == MV_OK)
            rc = bank_result(mv_verify(env, part, 10000, &cursor, &stats, &err), &err, MV_DONE);
        CHECK(rc == MV_DONE);
    }
    mv_buf_free(&cursor);
}

static void *close_store(void *env)
{
    mv_env_close(env);
    return NULL;
}

/* Threads begin, and the store is closed under them by two at once. */
static void run_threads(thread *threads, mv_env *env, uint64_t ms)
{
    pthread_t running[THREADS], closer;
    for (unsigned i = 0; i < THREADS; i++)
        CHECK(pthread_create(&running[i], NULL, work, &threads[i]) == 0);
    nap(ms * 1000);
    CHECK(pthread_create(&closer, NULL, close_store, env) == 0);
    mv_env_close(env);
    CHECK(pthread_join(closer, NULL) == 0);
    for (unsigned i = 0; i < THREADS; i++)
        CHECK(pthread_join(running[i], NULL) == 0);
    mv_env_free(env);
}

static int (*step_of(unsigned thread_number))(thread *)
{
    static int (*const others[])(thread *) = {follow, merge, collect};
    if (thread_number < MOVERS)
        return move;
    return thread_number < MOVERS + READERS ? read_any : others[thread_number - MOVERS - READERS];
}

static void add_counts(counts *sum, const counts *more)
{
    sum->commits += more->commits;
    sum->conflicts += more->conflicts;
    sum->reads += more->reads;
    sum->past += more->past;
    sum->followed += more->followed;
    sum->merges += more->merges;
    sum->collections += more->collections;
    sum->runs += more->runs;
}

static void run_round(uint64_t seed, counts *sum)
{
    thread threads[THREADS];
    bank_state *remembered = calloc((size_t)THREADS * REMEMBERED, sizeof *remembered);
    CHECK(remembered != NULL);
    mv_env *env = open_store(seed);
    _Atomic uint64_t newest = 0;
    verify(env);
    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = (thread){.env = env,
                              .step = step_of(i),
                              .newest = &newest,
                              .random = stress_mix(seed + i),
                              .remembered = remembered + (size_t)i * REMEMBERED};
    run_threads(threads, env, SHORTEST_ROUND_MS + seed % (LONGEST_ROUND_MS - SHORTEST_ROUND_MS));
    for (unsigned i = 0; i < THREADS; i++)
        add_counts(sum, &threads[i].counts);
    free(remembered);
}

void stress_run(const stress *s)
{
    counts sum = {0};
    uint64_t rounds = 0;
    load_lmdb();
    mv_env *env = open_store(s->seed);
    bank_open(env);
    mv_env_free(env);
    for (; stress_goes_on(s); rounds++)
        run_round(stress_mix(s->seed + rounds * THREADS), &sum);
    printf("%llu closes, %llu commits, %llu conflicts, %llu reads, %llu in the past, %llu followed, "
           "%llu merges, %llu collections, %llu views over runs\n",
           (unsigned long long)rounds, (unsigned long long)sum.commits, (unsigned long long)sum.conflicts,
           (unsigned long long)sum.reads, (unsigned long long)sum.past, (unsigned long long)sum.followed,
           (unsigned long long)sum.merges, (unsigned long long)sum.collections, (unsigned long long)sum.runs);
}
