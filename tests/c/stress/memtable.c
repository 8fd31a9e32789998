/* One writer adds rows to a memtable by one and by many; readers find each row that was published before they looked, by
 * its key and in scans of both directions, and every row that they meet is whole and in its place. */
#include "mvcc/mv_memtable.h"
#include "stress.h"

enum {
    READERS = 4,
    MOST_ROWS = 20000, /* of a round */
    MOST_TOGETHER = 300,
    SHORT_SCAN = 100, /* rows */
    RECORD_ROOM = 80
};

typedef struct round {
    mv_mem *mem;
    uint64_t seed;
    uint64_t rows, keys;
    _Atomic uint64_t published; /* rows of the writer's order that are in */
} round;

typedef struct thread {
    round *r;
    uint64_t state; /* of its random numbers */
    bool writes;
    uint64_t reads;
} thread;

typedef struct row { /* all of it follows from its number */
    uint8_t key[16], vkey[MV_VKEY_ROOM], record[RECORD_ROOM];
    mv_mem_row parts;
    mv_slice raw; /* the version key */
} row;

/* Versions of a key come neither in the order of their timestamps nor against it. */
static uint64_t ts_of(uint64_t number)
{
    return (number ^ 5) + 1;
}

static uint64_t number_of(uint64_t ts)
{
    return (ts - 1) ^ 5;
}

static void make_row(const round *r, uint64_t number, row *out)
{
    uint64_t bits = stress_mix(r->seed ^ number), which = bits % r->keys;
    uint32_t table = 7 + (uint32_t)(which % 2);
    memset(out->key, 'k', sizeof out->key);
    mv_put_be32(out->key, (uint32_t)stress_mix(which));
    size_t record_len = 8 + bits / 7 % (RECORD_ROOM - 8);
    memset(out->record, (int)(number % 251), record_len);
    mv_put_le64(out->record, number);
    out->parts = (mv_mem_row){{table, {out->key, 4 + which % 9}, ts_of(number)}, {out->record, record_len}};
    out->raw = mv_vkey_write(out->vkey, out->parts.key.table, out->parts.key.key, out->parts.key.ts);
}

/* The number of a row that a reader met, after a check that it is whole. */
static uint64_t check_row(const round *r, mv_slice key, mv_slice record)
{
    row expected;
    mv_vkey parsed;
    CHECK(mv_vkey_parse(key, &parsed));
    uint64_t number = number_of(parsed.ts);
    CHECK(number < r->rows);
    make_row(r, number, &expected);
    CHECK(mv_slice_equal(key, expected.raw) && mv_slice_equal(record, expected.parts.record));
    return number;
}

static void *write_rows(thread *t)
{
    static row rows[MOST_TOGETHER]; /* there is one writer */
    mv_mem_row parts[MOST_TOGETHER];
    mv_err err;
    round *r = t->r;
    for (uint64_t at = 0, count; at < r->rows; at += count) {
        count = stress_any(&t->state, 2) == 0 ? 1 : 1 + stress_any(&t->state, MOST_TOGETHER);
        count = count < r->rows - at ? count : r->rows - at;
        for (uint64_t i = 0; i < count; i++) {
            make_row(r, at + i, &rows[i]);
            parts[i] = rows[i].parts;
        }
        if (count == 1)
            CHECK(mv_mem_add(r->mem, rows[0].raw, parts[0].record, &err) == MV_OK);
        else
            CHECK(mv_mem_add_many(r->mem, parts, count, &err) == MV_OK);
        atomic_store_explicit(&r->published, at + count, memory_order_release);
    }
    return NULL;
}

static void find_one(thread *t, uint64_t published)
{
    row wanted;
    mv_slice key, record;
    round *r = t->r;
    uint64_t number = stress_any(&t->state, published);
    make_row(r, number, &wanted);
    CHECK(mv_mem_find(r->mem, wanted.raw, &key, &record) && check_row(r, key, record) == number);
    wanted.raw = mv_vkey_write(wanted.vkey, wanted.parts.key.table, wanted.parts.key.key, UINT64_MAX);
    CHECK(mv_mem_find(r->mem, wanted.raw, &key, &record));
    CHECK(ts_of(check_row(r, key, record)) >= ts_of(number));
    wanted.raw = mv_vkey_write(wanted.vkey, 9, wanted.parts.key.key, UINT64_MAX);
    CHECK(!mv_mem_find(r->mem, wanted.raw, &key, &record));
}

/* Goes on from a row in one direction, for so many rows at most; returns how many of the published ones it met. */
static uint64_t scan(const round *r, mv_mem_cur *cur, bool forward, uint64_t most, uint64_t published)
{
    uint64_t met = 0;
    bool there = true;
    for (uint64_t i = 0; there && i < most; i++) {
        mv_slice last = cur->key;
        met += check_row(r, cur->key, cur->value) < published;
        there = forward ? mv_mem_next(cur) : mv_mem_prev(cur);
        if (there) {
            mv_val a = {last.len, (void *)last.data}, b = {cur->key.len, (void *)cur->key.data};
            CHECK(forward ? mv_vkey_compare(&a, &b) < 0 : mv_vkey_compare(&a, &b) > 0);
        }
    }
    return met;
}

static void scan_from_a_row(thread *t, uint64_t published)
{
    row wanted;
    mv_mem_cur cur = {.mem = t->r->mem};
    uint64_t number = stress_any(&t->state, published);
    make_row(t->r, number, &wanted);
    CHECK(mv_mem_seek(&cur, wanted.raw) && check_row(t->r, cur.key, cur.value) == number);
    scan(t->r, &cur, stress_any(&t->state, 2) == 0, SHORT_SCAN, published);
}

static void scan_all(thread *t, uint64_t published)
{
    mv_mem_cur cur = {.mem = t->r->mem};
    bool forward = stress_any(&t->state, 2) == 0;
    CHECK(forward ? mv_mem_first(&cur) : mv_mem_last(&cur));
    CHECK(scan(t->r, &cur, forward, UINT64_MAX, published) == published);
}

static void *read_rows(thread *t)
{
    uint64_t published = 0;
    while (published < t->r->rows) {
        published = atomic_load_explicit(&t->r->published, memory_order_acquire);
        uint64_t what = stress_any(&t->state, 100);
        if (published == 0)
            continue;
        if (what == 0)
            scan_all(t, published);
        else if (what < 20)
            scan_from_a_row(t, published);
        else
            find_one(t, published);
        t->reads++;
    }
    return NULL;
}

static void *work(void *argument)
{
    thread *t = argument;
    mv_mem *mem = t->r->mem;
    if (t->writes)
        write_rows(t);
    else
        read_rows(t);
    mv_mem_unref(mem);
    return NULL;
}

void stress_run(const stress *s)
{
    uint64_t rounds = 0, rows = 0, reads = 0, state = s->seed;
    for (; stress_goes_on(s); rounds++) {
        mv_err err;
        thread threads[1 + READERS];
        round r = {.seed = stress_mix(s->seed + rounds), .rows = 1 + stress_any(&state, MOST_ROWS)};
        r.keys = 1 + stress_any(&state, stress_any(&state, 2) == 0 ? 20 : r.rows);
        CHECK(mv_mem_new(&r.mem, &err) == MV_OK);
        for (unsigned i = 0; i <= READERS; i++) {
            mv_mem_ref(r.mem);
            threads[i] = (thread){&r, stress_mix(r.seed + i), i == 0, 0};
        }
        stress_threads(work, threads, sizeof *threads, 1 + READERS);
        CHECK(mv_mem_rows(r.mem) == r.rows && mv_mem_check(r.mem, &err) == MV_OK);
        mv_mem_unref(r.mem);
        rows += r.rows;
        for (unsigned i = 0; i <= READERS; i++)
            reads += threads[i].reads;
    }
    printf("%llu rounds, %llu rows, %llu reads\n", (unsigned long long)rounds, (unsigned long long)rows,
           (unsigned long long)reads);
}
