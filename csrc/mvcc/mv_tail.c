#include "mvcc/mv_tail.h"

#include <pthread.h>

#include "base/mv_alloc.h"
#include "base/mv_buf.h"
#include "base/mv_plant.h"
#include "mvcc/mv_env.h"
#include "mvcc/mv_log.h"

enum {
    RANGES = 4,        /* the frozen one, the growing one, and room for a step between */
    CHUNK_ROWS = 32768 /* that go into a memtable at a time */
};

typedef struct range {
    uint64_t low, high;
    mv_mem *mem;
} range;

struct mv_tail {
    pthread_mutex_t fill; /* held by the one thread that tails; taken before `lock` */
    pthread_mutex_t lock; /* guards what follows, for moments */
    unsigned count;
    range list[RANGES];
    _Atomic uint64_t first_high; /* end of the oldest range; MV_TS_MAX where it has no rows */
};

int mv_tail_new(mv_tail **out, mv_err *err)
{
    mv_tail *tail = mv_calloc(1, sizeof *tail);
    if (tail == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "opening the store");
    pthread_mutex_init(&tail->fill, NULL);
    pthread_mutex_init(&tail->lock, NULL);
    atomic_init(&tail->first_high, MV_TS_MAX);
    *out = tail;
    return MV_OK;
}

void mv_tail_free(mv_tail *tail)
{
    if (tail == NULL)
        return;
    for (unsigned i = 0; i < tail->count; i++)
        mv_mem_unref(tail->list[i].mem);
    pthread_mutex_destroy(&tail->lock);
    pthread_mutex_destroy(&tail->fill);
    mv_free(tail);
}

void mv_tail_give(mv_mems *mems)
{
    for (unsigned i = 0; i < mems->count; i++)
        mv_mem_unref(mems->mem[i]);
    mems->count = 0;
}

/* ---- tailing: with `fill` held, so that nobody else changes the list ---- */

/* The list has changed. With `lock` held too. */
static void note_first(mv_tail *tail)
{
    bool rows = tail->count > 0 && mv_mem_rows(tail->list[0].mem) > 0;
    atomic_store_explicit(&tail->first_high, rows ? tail->list[0].high : MV_TS_MAX, memory_order_relaxed);
}

/* Drops the ranges whose rows have left the logs. */
static void prune(mv_tail *tail, uint64_t sorted)
{
    mv_mem *gone[RANGES];
    unsigned dropped = 0;
    pthread_mutex_lock(&tail->lock);
    while (dropped < tail->count && tail->list[dropped].high <= sorted) {
        gone[dropped] = tail->list[dropped].mem;
        dropped++;
    }
    tail->count -= dropped;
    memmove(tail->list, tail->list + dropped, tail->count * sizeof *tail->list);
    note_first(tail);
    pthread_mutex_unlock(&tail->lock);
    for (unsigned i = 0; i < dropped; i++)
        mv_mem_unref(gone[i]);
}

static int add_range(mv_tail *tail, uint64_t low, mv_err *err)
{
    range added = {.low = low, .high = low};
    if (tail->count == RANGES)
        return mv_fail(err, MV_E_CORRUPT_STORE, "the logs hold more ranges than two");
    int rc = mv_mem_new(&added.mem, err);
    if (rc != MV_OK)
        return rc;
    pthread_mutex_lock(&tail->lock);
    tail->list[tail->count++] = added;
    pthread_mutex_unlock(&tail->lock);
    return MV_OK;
}

static void publish(mv_tail *tail, uint64_t high)
{
    pthread_mutex_lock(&tail->lock);
    tail->list[tail->count - 1].high = high;
    note_first(tail);
    pthread_mutex_unlock(&tail->lock);
}

/* A damaged row of the log still has its key in `changes`. Under that key it gets into the memtable, so that reads of the key
 * raise and all others go on. MV_E_CORRUPT_STORE where `changes` does not know it. */
static int add_damaged(mv_env *env, mv_snap *snap, mv_mem *mem, mv_slice log_key, mv_err *err)
{
    static const uint8_t damaged[] = {0}; /* no record is that short */
    uint8_t room[MV_VKEY_ROOM];
    mv_cur cur;
    mv_change change;
    mv_err ignored;
    int rc = mv_cur_open(&snap->txn, env->changes, &cur, &ignored);
    if (rc == MV_OK)
        rc = mv_cur_seek(&cur, log_key, &ignored);
    if (rc == MV_OK && mv_slice_equal(cur.key, log_key))
        rc = mv_change_read(&cur, &change, &ignored);
    else
        rc = MV_NOT_FOUND;
    if (rc == MV_OK && change.kind <= MV_CHANGE_VALUE) {
        mv_slice vkey = mv_vkey_write(room, change.table, change.key, change.ts);
        rc = mv_mem_add(mem, vkey, (mv_slice){damaged, sizeof damaged}, err);
    } else {
        rc = err->code;
    }
    mv_cur_close(&cur);
    return rc;
}

/* Rows on their way from a log to a memtable, many at a time. */
typedef struct chunk {
    mv_mem *mem;
    mv_buf rows; /* of mv_mem_row, which point into the log */
} chunk;

static int flush(chunk *c, mv_err *err)
{
    size_t count = c->rows.len / sizeof(mv_mem_row);
    c->rows.len = 0;
    return count == 0 ? MV_OK : mv_mem_add_many(c->mem, (const void *)c->rows.data, count, err);
}

static int add_row(chunk *c, const mv_log_row *row, mv_err *err)
{
    mv_mem_row added = {.record = row->record};
    mv_vkey_parse(row->vkey, &added.key); /* mv_log_read has seen that it can be */
    int rc = mv_buf_append(&c->rows, &added, sizeof added, err);
    return rc == MV_OK && c->rows.len >= CHUNK_ROWS * sizeof added ? flush(c, err) : rc;
}

/* A range that holds nothing yet begins at the first row of its log: a seek would pass over a row whose damaged key is too
 * low, and over those before it. */
static int read_rows(mv_env *env, mv_snap *snap, mv_cur *log, chunk *c, const range *r, mv_err *err)
{
    mv_log_row row;
    int rc = r->high == r->low ? mv_cur_first(log, err) : mv_change_seek(log, r->high + 1, 0, err);
    for (; rc == MV_OK; rc = mv_cur_next(log, err)) {
        rc = mv_log_read(log, &row, err);
        if (rc == MV_OK)
            rc = add_row(c, &row, err);
        else if (rc == MV_E_CORRUPT_STORE)
            rc = add_damaged(env, snap, c->mem, log->key, err);
        if (rc != MV_OK)
            return rc;
    }
    return rc == MV_NOT_FOUND ? flush(c, err) : rc;
}

/* Reads a log from behind `high` of the last range into its memtable; up to `until`, which is published. What was read
 * before a failure stays, and is passed over the next time. */
static int read_log(mv_env *env, mv_snap *snap, mv_db log, uint64_t until, mv_err *err)
{
    const range *last = &env->tail->list[env->tail->count - 1];
    chunk c = {.mem = last->mem};
    mv_cur cur;
    int rc = mv_cur_open(&snap->txn, log, &cur, err);
    if (rc == MV_OK)
        rc = read_rows(env, snap, &cur, &c, last, err);
    mv_buf_free(&c.rows);
    mv_cur_close(&cur);
    if (rc == MV_OK)
        publish(env->tail, until);
    return rc;
}

/* Brings the list to what a snapshot shows, if it is not there already. */
static int fill(mv_env *env, mv_snap *snap, mv_err *err)
{
    mv_tail *tail = env->tail;
    const mv_state *s = &snap->state;
    int rc = MV_OK;
    if (tail->count > 0 && tail->list[tail->count - 1].high >= s->last_commit)
        return MV_OK;
    prune(tail, s->sorted);
    if (tail->count == 0)
        rc = add_range(tail, s->sorted, err);
    if (rc == MV_OK && s->frozen != 0 && tail->list[tail->count - 1].low < s->frozen) {
        rc = read_log(env, snap, mv_log_frozen(env, s), s->frozen, err);
        if (rc == MV_OK)
            rc = add_range(tail, s->frozen, err);
    }
    return rc == MV_OK ? read_log(env, snap, mv_log_active(env, s), s->last_commit, err) : rc;
}

/* ---- taking ---- */

/* Whether the list covers (sorted, last_commit] of a snapshot: MV_OK, MV_DONE where it must be filled first, or
 * MV_NOT_FOUND. With `lock` held. */
static int covers(const mv_tail *tail, const mv_state *s)
{
    if (tail->count == 0 || tail->list[tail->count - 1].high < s->last_commit)
        return MV_DONE;
    return tail->list[0].low > s->sorted && !mv_planted(BEGIN_AGAIN) ? MV_NOT_FOUND : MV_OK;
}

#ifdef MVCC_PLANT_UNLOCKED
/* References are taken without the lock: the thread sanitizer must report it. */
#define TAKING_LOCKS(call) ((void)0)
#else
#define TAKING_LOCKS(call) (call)
#endif

static int take_covering(mv_tail *tail, mv_snap *snap)
{
    mv_mems *mems = &snap->mems;
    TAKING_LOCKS(pthread_mutex_lock(&tail->lock));
    int rc = covers(tail, &snap->state);
    for (unsigned i = tail->count; rc == MV_OK && i-- > 0;) {
        const range *r = &tail->list[i];
        if (r->high <= snap->state.sorted || mv_mem_rows(r->mem) == 0)
            continue;
        if (mems->count == MV_MEMS) {
            rc = MV_NOT_FOUND; /* an old snapshot: a new one needs fewer */
            break;
        }
        mv_mem_ref(r->mem);
        mems->mem[mems->count++] = r->mem;
    }
    TAKING_LOCKS(pthread_mutex_unlock(&tail->lock));
    if (rc != MV_OK)
        mv_tail_give(mems);
    return rc;
}

static int fill_locked(mv_env *env, mv_snap *snap, mv_err *err)
{
    pthread_mutex_lock(&env->tail->fill);
    int rc = fill(env, snap, err);
    pthread_mutex_unlock(&env->tail->fill);
    return rc;
}

int mv_tail_take(mv_env *env, mv_snap *snap, mv_err *err)
{
    int rc = take_covering(env->tail, snap);
    if (rc != MV_DONE)
        return rc;
    rc = fill_locked(env, snap, err);
    if (rc != MV_OK)
        return rc;
    rc = take_covering(env->tail, snap);
    return rc == MV_DONE ? MV_NOT_FOUND : rc; /* what was filled in was dropped in between */
}

int mv_tail_frozen(mv_env *env, mv_snap *snap, mv_mem **out, mv_err *err)
{
    mv_tail *tail = env->tail;
    int rc = fill_locked(env, snap, err);
    if (rc != MV_OK)
        return rc;
    rc = MV_NOT_FOUND;
    pthread_mutex_lock(&tail->lock);
    for (unsigned i = 0; i < tail->count && rc == MV_NOT_FOUND; i++)
        if (tail->list[i].low == snap->state.sorted && tail->list[i].high == snap->state.frozen) {
            mv_mem_ref(tail->list[i].mem);
            *out = tail->list[i].mem;
            rc = MV_OK;
        }
    pthread_mutex_unlock(&tail->lock);
    return rc;
}

void mv_tail_drop(mv_tail *tail, uint64_t sorted)
{
    pthread_mutex_lock(&tail->fill);
    prune(tail, sorted);
    pthread_mutex_unlock(&tail->fill);
}

void mv_tail_shed(mv_tail *tail, uint64_t sorted)
{
    if (atomic_load_explicit(&tail->first_high, memory_order_relaxed) > sorted ||
        pthread_mutex_trylock(&tail->fill) != 0)
        return;
    prune(tail, sorted);
    pthread_mutex_unlock(&tail->fill);
}

void mv_tail_get_stats(mv_tail *tail, mv_tail_stats *out)
{
    *out = (mv_tail_stats){0};
    pthread_mutex_lock(&tail->lock);
    for (unsigned i = 0; i < tail->count; i++) {
        out->rows += mv_mem_rows(tail->list[i].mem);
        out->bytes += mv_mem_bytes(tail->list[i].mem);
        out->tailed = tail->list[i].high;
    }
    pthread_mutex_unlock(&tail->lock);
}
