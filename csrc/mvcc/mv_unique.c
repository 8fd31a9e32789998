#include "mvcc/mv_unique.h"

#include <stdlib.h>

#include "base/mv_alloc.h"
#include "base/mv_error.h"
#include "mvcc/mv_key.h"
#include "mvcc/mv_ops.h"

#define LONGEST_PROBE 32 /* slots to look at: keys made to collide cost no more than a sort */

typedef struct entry { /* a key of the batch, in a slot of a hash table or in order */
    const uint8_t *key;
    uint32_t len, table, hash;
    bool used; /* the slot is not free */
} entry;

static mv_slice key_of(const entry *e)
{
    return (mv_slice){e->key, e->len};
}

static int compare(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    return mv_slice_compare(key_of(x), key_of(y));
}

static int refuse(const entry *e, mv_err *err)
{
    mv_fail(err, MV_E_DUPLICATE_KEY, "the key stands twice in one batch");
    return mv_fail_at(err, e->table, e->key, e->len, 0);
}

/* Enters a key into slots, which has mask + 1 of them: MV_OK, MV_E_DUPLICATE_KEY, or MV_DONE where too many had to be looked
 * at. */
static int enter(entry *slots, uint64_t mask, const entry *e, mv_err *err)
{
    for (uint64_t probe = 0; probe < LONGEST_PROBE; probe++) {
        entry *slot = &slots[(e->hash + probe) & mask];
        if (!slot->used) {
            *slot = *e;
            return MV_OK;
        }
        if (slot->hash == e->hash && compare(slot, e) == 0)
            return refuse(e, err);
    }
    return MV_DONE;
}

static entry entry_of(const mv_ops *ops, uint64_t row, const uint8_t *key)
{
    uint32_t table = mv_ops_table(ops, row), len = ops->key_lens[row];
    return (entry){key, len, table, mv_crc32c(table, key, len), true};
}

static int by_hash(const mv_ops *ops, entry *slots, uint64_t mask, mv_err *err)
{
    const uint8_t *key = ops->keys;
    int rc = MV_OK;
    for (uint64_t i = 0; i < ops->count && rc == MV_OK; i++) {
        entry e = entry_of(ops, i, key);
        rc = enter(slots, mask, &e, err);
        key += e.len;
    }
    return rc;
}

static int by_sort(const mv_ops *ops, entry *entries, mv_err *err)
{
    const uint8_t *key = ops->keys;
    for (uint64_t i = 0; i < ops->count; i++) {
        entries[i] = entry_of(ops, i, key);
        key += entries[i].len;
    }
    qsort(entries, ops->count, sizeof *entries, compare);
    for (uint64_t i = 1; i < ops->count; i++)
        if (compare(&entries[i - 1], &entries[i]) == 0)
            return refuse(&entries[i], err);
    return MV_OK;
}

int mv_check_unique(const mv_ops *ops, mv_err *err)
{
    uint64_t size = 4;
    if (ops->count < 2 || (ops->tables == NULL && mv_ops_ascend(ops, 1)))
        return MV_OK;
    while (size < 2 * ops->count)
        size *= 2;
    entry *entries = mv_calloc(size, sizeof *entries);
    if (entries == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "looking for keys that stand twice");
    int rc = by_hash(ops, entries, size - 1, err);
    if (rc == MV_DONE)
        rc = by_sort(ops, entries, err);
    mv_free(entries);
    return rc;
}
