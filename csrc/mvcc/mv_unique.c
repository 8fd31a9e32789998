#include "mvcc/mv_unique.h"

#include <stdbool.h>

#include "base/mv_alloc.h"
#include "base/mv_error.h"
#include "mvcc/mv_key.h"
#include "mvcc/mv_ops.h"

typedef struct place { /* of a hash table with open addressing */
    uint32_t hash;
    uint32_t number; /* of the write, counted from 1; 0: free */
    uint64_t offset; /* of its key */
} place;

static uint32_t hash_of(uint32_t table, mv_slice key)
{
    return mv_crc32c(table, key.data, key.len) * 0x9e3779b1u; /* spreads the low bits over all */
}

static bool same(const mv_ops *ops, const place *p, uint64_t i, mv_slice key)
{
    uint64_t other = p->number - 1;
    mv_slice known = {ops->keys + p->offset, ops->key_lens[other]};
    return mv_ops_table(ops, other) == mv_ops_table(ops, i) && mv_slice_equal(known, key);
}

/* Enters every key of the batch into places, which has mask + 1 of them, more than the batch has keys. */
static int enter_all(const mv_ops *ops, place *places, uint32_t mask, mv_err *err)
{
    uint64_t offset = 0;
    for (uint64_t i = 0; i < ops->count; i++) {
        mv_slice key = {ops->keys + offset, ops->key_lens[i]};
        uint32_t hash = hash_of(mv_ops_table(ops, i), key), at = hash & mask;
        for (; places[at].number != 0; at = (at + 1) & mask)
            if (places[at].hash == hash && same(ops, &places[at], i, key)) {
                mv_fail(err, MV_E_DUPLICATE_KEY, "the key stands twice in one batch");
                return mv_fail_at(err, mv_ops_table(ops, i), key.data, key.len, 0);
            }
        places[at] = (place){hash, (uint32_t)i + 1, offset};
        offset += key.len;
    }
    return MV_OK;
}

int mv_check_unique(const mv_ops *ops, mv_err *err)
{
    uint64_t size = 4;
    if (ops->count < 2)
        return MV_OK;
    while (size < 2 * ops->count)
        size *= 2;
    place *places = mv_calloc(size, sizeof *places);
    if (places == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "checking a batch");
    int rc = enter_all(ops, places, (uint32_t)(size - 1), err);
    mv_free(places);
    return rc;
}
