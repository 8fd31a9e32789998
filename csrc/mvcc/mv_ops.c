#include "mvcc/mv_ops.h"

#include "base/mv_error.h"
#include "mvcc/mv_key.h"

int mv_ops_check(const mv_ops *ops, bool deletes, mv_err *err)
{
    const uint8_t *key = ops->keys;
    for (uint64_t i = 0; i < ops->count; i++) {
        int rc = MV_OK;
        bool deleted = deletes && ops->value_lens[i] == MV_TOMBSTONE;
        if (ops->key_lens[i] > MV_MAX_KEY)
            rc = mv_fail_ab(err, MV_E_KEY_TOO_LONG, ops->key_lens[i], MV_MAX_KEY, "the key is too long");
        else if (!deleted && ops->value_lens[i] > MV_MAX_VALUE)
            rc = mv_fail_ab(err, MV_E_VALUE_TOO_LARGE, ops->value_lens[i], MV_MAX_VALUE,
                            "the value is too large");
        if (rc != MV_OK)
            return mv_fail_at(err, mv_ops_table(ops, i), key, ops->key_lens[i], 0);
        key += ops->key_lens[i];
    }
    if (ops->count + 1 >= UINT32_MAX)
        return mv_fail_ab(err, MV_E_TOO_BIG, ops->count, UINT32_MAX, "too many writes in one commit");
    return MV_OK;
}

bool mv_ops_ascend(const mv_ops *parts, uint64_t count)
{
    mv_ops_walk walk = mv_ops_walk_over(parts, count);
    mv_slice last = {NULL, 0};
    for (bool first = true; mv_ops_next(&walk); first = false) {
        if (!first && mv_slice_compare(last, walk.key) >= 0)
            return false;
        last = walk.key;
    }
    return true;
}
