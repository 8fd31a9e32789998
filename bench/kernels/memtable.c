/* The memtable: rows in an order that jumps go in, are found, and come out in order. */
#include "kernels.h"
#include "mvcc/mv_memtable.h"
#include "mvcc/mv_record.h"

enum {
    TABLE = 100,
    STRIDE = 7919 /* from a row to the next one that is added or found */
};

typedef struct mem_data {
    mv_mem *mem; /* holds the rows */
    mv_mem_row rows[ROWS];
    uint8_t users[ROWS][KEY_BYTES];
    uint8_t vkeys[ROWS][KEY_BYTES + MV_KEY_OVERHEAD]; /* of the rows, at the highest timestamp */
    uint8_t records[ROWS][MV_RECORD_HEAD + VALUE_BYTES];
    uint64_t sum; /* of the results, so that none is left out */
    mv_err err;
} mem_data;

static mv_slice vkey_of(const mem_data *d, size_t i)
{
    return (mv_slice){d->vkeys[i], sizeof d->vkeys[i]};
}

static void add_one_by_one(void *data)
{
    mem_data *d = data;
    mv_mem *mem;
    CHECK(mv_mem_new(&mem, &d->err) == MV_OK);
    for (size_t i = 0; i < ROWS; i++)
        CHECK(mv_mem_add(mem, vkey_of(d, i), d->rows[i].record, &d->err) == MV_OK);
    d->sum += mv_mem_rows(mem);
    mv_mem_unref(mem);
}

static void add_many(void *data)
{
    mem_data *d = data;
    mv_mem *mem;
    CHECK(mv_mem_new(&mem, &d->err) == MV_OK);
    CHECK(mv_mem_add_many(mem, d->rows, ROWS, &d->err) == MV_OK);
    d->sum += mv_mem_rows(mem);
    mv_mem_unref(mem);
}

static void find_present(void *data)
{
    mem_data *d = data;
    mv_slice key, record;
    for (size_t i = 0; i < ROWS; i++)
        CHECK(mv_mem_find(d->mem, vkey_of(d, i), &key, &record));
}

static void find_absent(void *data)
{
    mem_data *d = data;
    mv_slice key, record;
    for (uint64_t i = 0; i < ROWS; i++) {
        uint8_t vkey[KEY_BYTES + MV_KEY_OVERHEAD];
        memcpy(vkey, d->vkeys[i], sizeof vkey);
        vkey[MV_KEY_TABLE] = 'R';
        CHECK(!mv_mem_find(d->mem, (mv_slice){vkey, sizeof vkey}, &key, &record));
    }
}

static void seek(void *data)
{
    mem_data *d = data;
    mv_mem_cur cur = {.mem = d->mem};
    for (size_t i = 0; i < ROWS; i++)
        CHECK(mv_mem_seek(&cur, vkey_of(d, i)));
}

static void scan(void *data)
{
    mem_data *d = data;
    mv_mem_cur cur = {.mem = d->mem};
    for (bool there = mv_mem_first(&cur); there; there = mv_mem_next(&cur))
        d->sum += cur.value.len;
}

static void scan_back(void *data)
{
    mem_data *d = data;
    mv_mem_cur cur = {.mem = d->mem};
    for (bool there = mv_mem_last(&cur); there; there = mv_mem_prev(&cur))
        d->sum += cur.value.len;
}

static void make_rows(mem_data *d)
{
    for (uint64_t i = 0; i < ROWS; i++) {
        row_key(i * STRIDE % ROWS, d->users[i]);
        row_value(i, d->records[i] + MV_RECORD_HEAD);
        mv_slice user = {d->users[i], KEY_BYTES};
        mv_vkey_write(d->vkeys[i], TABLE, user, UINT64_MAX);
        d->rows[i] = (mv_mem_row){{TABLE, user, 1 + i / 10}, {d->records[i], sizeof d->records[i]}};
    }
}

void memtable_kernels(void)
{
    mem_data *d = calloc(1, sizeof *d);
    CHECK(d != NULL);
    make_rows(d);
    CHECK(mv_mem_new(&d->mem, &d->err) == MV_OK);
    CHECK(mv_mem_add_many(d->mem, d->rows, ROWS, &d->err) == MV_OK);
    measure(&(kernel){"memtable-add", "row", ROWS, add_one_by_one}, d);
    measure(&(kernel){"memtable-add-many", "row", ROWS, add_many}, d);
    measure(&(kernel){"memtable-find", "row", ROWS, find_present}, d);
    measure(&(kernel){"memtable-find-absent", "key", ROWS, find_absent}, d);
    measure(&(kernel){"memtable-seek", "row", ROWS, seek}, d);
    measure(&(kernel){"memtable-scan", "row", ROWS, scan}, d);
    measure(&(kernel){"memtable-scan-back", "row", ROWS, scan_back}, d);
    CHECK(d->sum > 0);
    mv_mem_unref(d->mem);
    free(d);
}
