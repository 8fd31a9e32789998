/* The memtable where any one allocation fails: the row is not there, everything else is, and it can be added again.
 * Of many rows any may be missing until all are added again. */
#include <string.h>

#include "failing_alloc.h"
#include "mvcc/mv_memtable.h"

#define ROWS 12000
#define LARGE 300000
#define TOGETHER 100

static uint8_t large[LARGE]; /* a record over a block */

/* Row i, in an order that jumps; every 1000th record is a large one. */
static int add_row(mv_mem *mem, unsigned i, mv_err *err)
{
    uint8_t user[4], key[MV_VKEY_ROOM];
    mv_put_be32(user, i * 2654435761u);
    mv_slice vkey = mv_vkey_write(key, 7, (mv_slice){user, sizeof user}, 9);
    return mv_mem_add(mem, vkey, (mv_slice){large, i % 1000 == 999 ? LARGE : 50}, err);
}

static bool has_row(const mv_mem *mem, unsigned i)
{
    uint8_t user[4], key[MV_VKEY_ROOM];
    mv_slice found, record;
    mv_put_be32(user, i * 2654435761u);
    mv_slice vkey = mv_vkey_write(key, 7, (mv_slice){user, sizeof user}, 10);
    return mv_mem_find(mem, vkey, &found, &record);
}

/* Adds the rows, each once more where it could not be added: the memtable must be as if nothing had failed. */
static int add_all(mv_err *err)
{
    mv_mem *mem = NULL;
    int failed = mv_mem_new(&mem, err);
    if (failed != MV_OK)
        return failed;
    for (unsigned i = 0; i < ROWS; i++) {
        mv_err ignored;
        int rc = add_row(mem, i, err);
        if (rc == MV_OK)
            continue;
        failed = rc;
        CHECK(mv_mem_rows(mem) == i && !has_row(mem, i) && mv_mem_check(mem, &ignored) == MV_OK);
        CHECK(add_row(mem, i, &ignored) == MV_OK);
    }
    CHECK(mv_mem_rows(mem) == ROWS && mv_mem_check(mem, err) == MV_OK);
    for (unsigned i = 0; i < ROWS; i++)
        CHECK(has_row(mem, i));
    mv_mem_unref(mem);
    if (failed != MV_OK)
        err->code = failed;
    return failed;
}

/* As add_all, but so many at a time. */
static int add_many(mv_err *err)
{
    static uint8_t users[TOGETHER][4];
    mv_mem_row rows[TOGETHER];
    mv_mem *mem = NULL;
    int failed = mv_mem_new(&mem, err);
    if (failed != MV_OK)
        return failed;
    for (unsigned at = 0; at < ROWS; at += TOGETHER) {
        mv_err ignored;
        for (unsigned i = 0; i < TOGETHER; i++) {
            mv_put_be32(users[i], (at + i) * 2654435761u);
            rows[i] = (mv_mem_row){{7, {users[i], 4}, 9}, {large, (at + i) % 1000 == 999 ? LARGE : 50}};
        }
        int rc = mv_mem_add_many(mem, rows, TOGETHER, err);
        if (rc == MV_OK)
            continue;
        failed = rc;
        CHECK(mv_mem_rows(mem) < at + TOGETHER && mv_mem_check(mem, &ignored) == MV_OK);
        CHECK(mv_mem_add_many(mem, rows, TOGETHER, &ignored) == MV_OK);
    }
    CHECK(mv_mem_rows(mem) == ROWS && mv_mem_check(mem, err) == MV_OK);
    for (unsigned i = 0; i < ROWS; i++)
        CHECK(has_row(mem, i));
    mv_mem_unref(mem);
    if (failed != MV_OK)
        err->code = failed;
    return failed;
}

int main(void)
{
    CHECK(fail_each_allocation(add_all) > 10);
    CHECK(fail_each_allocation(add_many) > 10);
    return 0;
}
