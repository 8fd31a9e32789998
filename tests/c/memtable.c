/* usage: memtable [SEED ROWS]
 * The memtable against a sorted array: random rows in random, rising and falling order, from several families of keys. */
#include <string.h>

#include "check.h"
#include "mvcc/mv_mem.h"

enum {
    KEY_ROOM = MV_KEY_OVERHEAD + MV_MAX_KEY,
    FAMILIES = 6,
    ORDERS = 3,
    PROBES = 300,
    MOST_TOGETHER = 400,
    PIECES = 150000 /* rows: more than are ordered at a time */
};

typedef struct row { /* what was added, in the order in which it was */
    uint8_t key[KEY_ROOM];
    size_t key_len, record_len;
    unsigned added;
    uint8_t mark; /* fills the record */
} row;

static uint64_t state; /* of the random numbers */

static uint64_t any(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state * 0x2545f4914f6cdd1du >> 11) % below;
}

static size_t user_key(unsigned family, uint8_t *out)
{
    size_t len = any(5);
    switch (family) {
    case 0: /* random bytes */
        for (size_t i = 0; i < 16; i++)
            out[i] = (uint8_t)any(256);
        return 16;
    case 1: /* what differs stands behind a long common beginning */
        return (size_t)sprintf((char *)out, "user/profile/%010u", (unsigned)any(100000));
    case 2: /* short ones, of few letters, where a NUL counts */
        for (size_t i = 0; i < len; i++)
            out[i] = (uint8_t)any(3);
        return len;
    case 3: /* few keys, many versions */
        return (size_t)sprintf((char *)out, "hot%u", (unsigned)any(3));
    case 4: /* every length there is */
        len = any(MV_MAX_KEY + 1);
        memset(out, 'x', len);
        return len;
    default: /* one beginning in many lengths */
        len = any(40);
        memset(out, 0, len);
        if (len > 0)
            out[len - 1] = (uint8_t)any(2);
        return len;
    }
}

static row random_row(unsigned family)
{
    uint8_t user[MV_MAX_KEY + 1];
    row r = {.mark = (uint8_t)any(256), .record_len = any(1000) == 0 ? any(200000) : any(60)};
    static const uint32_t tables[] = {0, 7, 0x01000000, UINT32_MAX};
    size_t len = user_key(family, user);
    uint64_t ts = any(2) ? any(20) : UINT64_MAX - any(3) * any(1u << 31);
    r.key_len = mv_vkey_write(r.key, tables[any(4)], (mv_slice){user, len}, ts).len;
    return r;
}

/* The order in its simplest form, written apart from the core's. */
static int compare_keys(const row *a, const row *b)
{
    for (size_t i = 0; i + 8 < a->key_len || i + 8 < b->key_len; i++) {
        if (i + 8 >= a->key_len || i + 8 >= b->key_len)
            return a->key_len < b->key_len ? -1 : 1;
        if (a->key[i] != b->key[i])
            return a->key[i] < b->key[i] ? -1 : 1;
    }
    for (size_t i = 1; i <= 8; i++) {
        uint8_t x = a->key[a->key_len - i], y = b->key[b->key_len - i];
        if (x != y)
            return x > y ? -1 : 1;
    }
    return 0;
}

static int compare_rows(const void *a, const void *b)
{
    const row *x = a, *y = b;
    int order = compare_keys(x, y);
    return order != 0 ? order : (x->added > y->added) - (x->added < y->added);
}

static int compare_falling(const void *a, const void *b)
{
    return compare_rows(b, a);
}

static mv_slice key_of(const row *r)
{
    return (mv_slice){r->key, r->key_len};
}

static void add(mv_mem *mem, const row *r)
{
    mv_err err;
    uint8_t *record = malloc(r->record_len + 1);
    CHECK(record != NULL);
    memset(record, r->mark, r->record_len);
    CHECK(mv_mem_add(mem, key_of(r), (mv_slice){record, r->record_len}, &err) == MV_OK);
    free(record);
}

/* Adds rows at once, and sometimes once more, which changes nothing. */
static void add_many(mv_mem *mem, const row *rows, size_t count)
{
    mv_err err;
    mv_mem_row *all = calloc(count, sizeof *all);
    CHECK(all != NULL);
    for (size_t i = 0; i < count; i++) {
        uint8_t *record = malloc(rows[i].record_len + 1);
        CHECK(record != NULL && mv_vkey_parse(key_of(&rows[i]), &all[i].key));
        memset(record, rows[i].mark, rows[i].record_len);
        all[i].record = (mv_slice){record, rows[i].record_len};
    }
    for (uint64_t times = any(3); times < 3; times += 2)
        CHECK(mv_mem_add_many(mem, all, count, &err) == MV_OK);
    for (size_t i = 0; i < count; i++)
        free((void *)all[i].record.data);
    free(all);
}

/* Adds rows in turn, by one and by many. */
static void add_all(mv_mem *mem, const row *rows, size_t count)
{
    for (size_t at = 0, together; at < count; at += together) {
        together = any(3) == 0 ? 1 : 1 + any(count - at < MOST_TOGETHER ? count - at : MOST_TOGETHER);
        if (together == 1)
            add(mem, &rows[at]);
        else
            add_many(mem, rows + at, together);
    }
}

static bool same(const row *r, mv_slice key, mv_slice value)
{
    if (!mv_slice_equal(key_of(r), key) || value.len != r->record_len)
        return false;
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] != r->mark)
            return false;
    return true;
}

/* Sorts and keeps the first that was added of each version key; returns how many are left. */
static size_t settle(row *rows, size_t count)
{
    size_t kept = 0;
    qsort(rows, count, sizeof *rows, compare_rows);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare_keys(&rows[kept - 1], &rows[i]) != 0)
            rows[kept++] = rows[i];
    return kept;
}

static void scan_both_ways(const mv_mem *mem, const row *rows, size_t count)
{
    mv_mem_cur cur = {.mem = mem};
    bool there = mv_mem_first(&cur);
    for (size_t i = 0; i < count; i++, there = mv_mem_next(&cur))
        CHECK(there && same(&rows[i], cur.key, cur.value));
    CHECK(!there);
    there = mv_mem_last(&cur);
    for (size_t i = count; i-- > 0; there = mv_mem_prev(&cur))
        CHECK(there && same(&rows[i], cur.key, cur.value));
    CHECK(!there);
}

/* The place of the first row at or after a key. */
static size_t place_of(const row *rows, size_t count, const row *wanted)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_keys(&rows[middle], wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void probe(const mv_mem *mem, const row *rows, size_t count, const row *wanted)
{
    mv_mem_cur cur = {.mem = mem};
    mv_slice key = {NULL, 0}, record = {NULL, 0};
    size_t at = place_of(rows, count, wanted);
    CHECK(mv_mem_seek(&cur, key_of(wanted)) == (at < count));
    if (at < count) {
        CHECK(same(&rows[at], cur.key, cur.value));
        mv_mem_cur next = cur, prev = cur;
        CHECK(mv_mem_next(&next) == (at + 1 < count));
        CHECK(at + 1 >= count || same(&rows[at + 1], next.key, next.value));
        CHECK(mv_mem_prev(&prev) == (at > 0));
        CHECK(at == 0 || same(&rows[at - 1], prev.key, prev.value));
    }
    bool hit = at < count && rows[at].key_len == wanted->key_len &&
               memcmp(rows[at].key, wanted->key, wanted->key_len - 8) == 0;
    CHECK(mv_mem_find(mem, key_of(wanted), &key, &record) == hit);
    CHECK(hit ? same(&rows[at], key, record) : key.data == NULL && record.data == NULL);
}

static void compare_all(const mv_mem *mem, const row *rows, size_t count, unsigned family)
{
    mv_err err;
    CHECK(mv_mem_check(mem, &err) == MV_OK);
    CHECK(mv_mem_rows(mem) == count);
    scan_both_ways(mem, rows, count);
    for (unsigned i = 0; i < PROBES; i++) {
        row wanted = random_row(any(4) == 0 ? (unsigned)any(FAMILIES) : family);
        if (count > 0 && any(2) == 0)
            wanted = rows[any(count)];
        if (any(2) == 0)
            mv_put_le64(wanted.key + wanted.key_len - 8, any(2) ? any(22) : any(UINT64_MAX));
        probe(mem, rows, count, &wanted);
    }
}

static void rows_come_back_in_order(unsigned family, unsigned order, size_t count)
{
    mv_err err;
    mv_mem *mem = NULL;
    row *rows = calloc(count, sizeof *rows);
    CHECK(rows != NULL && mv_mem_new(&mem, &err) == MV_OK);
    for (size_t i = 0; i < count; i++) {
        rows[i] = random_row(any(10) == 0 ? (unsigned)any(FAMILIES) : family);
        rows[i].added = (unsigned)i;
    }
    if (order > 0)
        qsort(rows, count, sizeof *rows, order == 1 ? compare_rows : compare_falling);
    size_t added = 0, held = 0;
    compare_all(mem, rows, 0, family);
    for (unsigned part = 1; part <= 4; part++) {
        size_t until = count * part / 4;
        size_t begin = held;
        for (; added < until; added++) {
            rows[added].added = (unsigned)added;
            rows[held++] = rows[added];
        }
        add_all(mem, rows + begin, held - begin);
        held = settle(rows, held);
        compare_all(mem, rows, held, family);
    }
    CHECK(mv_mem_bytes(mem) > held);
    mv_mem_unref(mem);
    free(rows);
}

static void the_last_holder_frees(void)
{
    mv_err err;
    mv_mem *mem = NULL;
    CHECK(mv_mem_new(&mem, &err) == MV_OK);
    mv_mem_ref(mem);
    mv_mem_unref(mem);
    CHECK(mv_mem_rows(mem) == 0);
    mv_mem_unref(mem);
    mv_mem_unref(NULL);
}

static void more_rows_than_are_ordered_at_a_time(void)
{
    static uint8_t users[PIECES][5];
    static mv_mem_row rows[PIECES];
    mv_err err;
    mv_mem *mem = NULL;
    CHECK(mv_mem_new(&mem, &err) == MV_OK);
    for (uint32_t i = 0; i < PIECES; i++) {
        mv_put_be32(users[i], i * 2654435761u);
        rows[i] = (mv_mem_row){{7, {users[i], sizeof users[i]}, i}, {users[i], 4}};
    }
    CHECK(mv_mem_add_many(mem, rows, 0, &err) == MV_OK && mv_mem_rows(mem) == 0);
    CHECK(mv_mem_add_many(mem, rows, PIECES, &err) == MV_OK);
    CHECK(mv_mem_rows(mem) == PIECES && mv_mem_check(mem, &err) == MV_OK);
    for (uint32_t i = 0; i < PIECES; i++) {
        uint8_t vkey[MV_VKEY_ROOM];
        mv_slice key, record;
        CHECK(mv_mem_find(mem, mv_vkey_write(vkey, 7, rows[i].key.key, UINT64_MAX), &key, &record));
        CHECK(mv_mem_ts(key) == i && mv_slice_equal(record, rows[i].record));
    }
    mv_mem_unref(mem);
}

/* Makes a memtable of ten rows that is whole, for damage. */
static mv_mem *ten_rows(void)
{
    mv_err err;
    mv_mem *mem = NULL;
    CHECK(mv_mem_new(&mem, &err) == MV_OK);
    for (uint8_t i = 0; i < 10; i++) {
        uint8_t vkey[MV_VKEY_ROOM], user = i / 2;
        CHECK(mv_mem_add(mem, mv_vkey_write(vkey, 7, (mv_slice){&user, 1}, i), (mv_slice){&i, 1}, &err) ==
              MV_OK);
    }
    CHECK(mv_mem_check(mem, &err) == MV_OK);
    return mem;
}

static void damage_is_found(void)
{
    mv_err err;
    for (unsigned kind = 0; kind < 7; kind++) {
        mv_mem *mem = ten_rows();
        mv_mem_node *first = mv_mem_load(&mem->list.heads[MV_MEM_HEIGHT - 1]);
        mv_mem_node *second = mv_mem_load(mv_mem_next_ptr(first, 0));
        if (kind == 0)
            mem->rows++;
        else if (kind == 1)
            mem->index.keys++;
        else if (kind == 2)
            mem->index.slots = NULL;
        else if (kind == 3)
            mem->list.last = first;
        else if (kind == 4)
            second->prev = NULL;
        else if (kind == 5)
            second->bytes[5]++;
        else
            mv_mem_index_put(&mem->index, mv_mem_hash(mv_mem_key(first)), second, first);
        CHECK(mv_mem_check(mem, &err) == MV_E_INVALID);
        mv_mem_unref(mem);
    }
}

static void what_no_log_holds_is_refused(void)
{
    static const uint8_t bytes[KEY_ROOM + 1];
    mv_err err;
    mv_mem *mem = NULL;
    mv_mem_cur cur;
    mv_slice key, record;
    CHECK(mv_mem_new(&mem, &err) == MV_OK);
    CHECK(mv_mem_add(mem, (mv_slice){bytes, MV_KEY_OVERHEAD - 1}, (mv_slice){bytes, 5}, &err) ==
          MV_E_INVALID);
    CHECK(mv_mem_add(mem, (mv_slice){bytes, KEY_ROOM + 1}, (mv_slice){bytes, 5}, &err) == MV_E_INVALID);
    CHECK(mv_mem_add(mem, (mv_slice){bytes, 12}, (mv_slice){bytes, (size_t)1 << 32}, &err) == MV_E_INVALID);
    mv_mem_row two[] = {{{1, {bytes, 3}, 5}, {bytes, 5}}, {{1, {bytes, MV_MAX_KEY + 1}, 5}, {bytes, 5}}};
    CHECK(mv_mem_add_many(mem, two, 2, &err) == MV_E_INVALID);
    two[1] = (mv_mem_row){{1, {bytes, 4}, 5}, {bytes, (size_t)1 << 32}};
    CHECK(mv_mem_add_many(mem, two, 2, &err) == MV_E_INVALID);
    cur = (mv_mem_cur){.mem = mem};
    CHECK(mv_mem_rows(mem) == 0 && !mv_mem_first(&cur) && !mv_mem_last(&cur));
    CHECK(mv_mem_add(mem, (mv_slice){bytes, 12}, (mv_slice){NULL, 0}, &err) == MV_OK);
    CHECK(!mv_mem_find(mem, (mv_slice){bytes, 7}, &key, &record));
    CHECK(mv_mem_seek(&cur, (mv_slice){NULL, 0}) && cur.key.len == 12 && cur.value.len == 0);
    CHECK(mv_mem_seek(&cur, (mv_slice){bytes, 7}) && cur.key.len == 12);
    mv_mem_unref(mem);
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    size_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 2000;
    state = seed * 0x9e3779b97f4a7c15u + 1;
    fprintf(stderr, "again: memtable %llu %zu\n", (unsigned long long)seed, count);
    for (unsigned family = 0; family < FAMILIES; family++)
        for (unsigned order = 0; order < ORDERS; order++)
            rows_come_back_in_order(family, order, count);
    more_rows_than_are_ordered_at_a_time();
    the_last_holder_frees();
    damage_is_found();
    what_no_log_holds_is_refused();
    return 0;
}
