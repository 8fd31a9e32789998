/* A batch where any one allocation fails: nothing is left behind, and the caller's columns are as they were. */
#include <string.h>

#include "base/mv_alloc.h"
#include "failing_alloc.h"
#include "mvcc/mv_batch.h"

#define ROWS 500

static uint8_t keys[ROWS * 4], values[ROWS * 4];
static uint32_t lens[ROWS];

/* Keys in an order that jumps, of which the last is the first again. */
static mv_ops columns(void)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        uint32_t key = i + 1 < ROWS ? i * 2654435761u : 0;
        memcpy(keys + 4 * (size_t)i, &key, 4);
        memcpy(values + 4 * (size_t)i, &i, 4);
        lens[i] = 4;
    }
    return (mv_ops){
        .count = ROWS, .table = 7, .keys = keys, .key_lens = lens, .values = values, .value_lens = lens};
}

static int make_unique(mv_err *err)
{
    mv_batch batch;
    mv_ops ops = columns();
    int rc = mv_batch_unique(&ops, &batch, err);
    if (rc != MV_OK)
        return rc;
    uint32_t first;
    memcpy(&first, batch.ops.values, 4);
    CHECK(batch.ops.count == ROWS - 1 && first == ROWS - 1);
    mv_batch_free(&batch);
    return MV_OK;
}

static int sort(mv_err *err)
{
    mv_batch_row *rows;
    size_t count;
    mv_ops ops = columns();
    int rc = mv_batch_sort(&ops, 1, &rows, &count, err);
    if (rc != MV_OK)
        return rc;
    CHECK(count == ROWS - 1);
    mv_free(rows);
    return MV_OK;
}

int main(void)
{
    CHECK(fail_each_allocation(make_unique) > 5);
    CHECK(fail_each_allocation(sort) == 1);
    return 0;
}
