#include "mvcc/mv_gap.h"

#include "base/mv_error.h"
#include "mvcc/mv_changelog.h"
#include "mvcc/mv_ops.h"
#include "mvcc/mv_version.h"

#define FEWEST_ROWS 500 /* fewer fill too few pages, and are better told apart by who reads `changes` */

bool mv_gap_suits(const mv_ops *ops)
{
    if (ops->count < FEWEST_ROWS || ops->tables != NULL || ops->table == MV_TABLE_CATALOG)
        return false;
    for (uint64_t i = 0; i < ops->count; i++)
        if (ops->value_lens[i] == MV_TOMBSTONE)
            return false;
    return mv_ops_ascend(ops, 1);
}

static mv_slice first_key(const mv_ops *ops)
{
    return (mv_slice){ops->keys, ops->key_lens[0]};
}

static mv_slice last_key(const mv_ops *ops)
{
    mv_slice key = {ops->keys, 0};
    for (uint64_t i = 0; i < ops->count; i++) {
        key.data += key.len;
        key.len = ops->key_lens[i];
    }
    return key;
}

int mv_gap_fits(mv_cur *data, const mv_ops *ops, bool *fits, bool *append, mv_err *err)
{
    uint8_t room[MV_VKEY_ROOM];
    mv_vkey next;
    *append = false;
    *fits = false;
    int rc = mv_cur_seek(data, mv_vkey_write(room, ops->table, first_key(ops), MV_TS_MAX), err);
    if (rc == MV_NOT_FOUND) {
        *append = *fits = true;
        return MV_OK;
    }
    if (rc != MV_OK)
        return rc;
    if (!mv_vkey_parse(data->key, &next))
        return mv_fail(err, MV_E_CORRUPT_STORE, "a version key has no possible length");
    *fits = next.table > ops->table || mv_slice_compare(next.key, last_key(ops)) > 0;
    return MV_OK;
}

int mv_gap_write(mv_cur *data, mv_cur *changes, const mv_ops *ops, uint64_t ts, bool append, mv_err *err)
{
    mv_ops_walk walk = mv_ops_walk_over(ops, 1);
    int rc = MV_OK;
    while (rc == MV_OK && mv_ops_next(&walk))
        rc = mv_version_put(data, ops->table, walk.key, walk.value, MV_KIND_VALUE, ts, append, err);
    return rc == MV_OK ? mv_change_add_load(changes, ts, ops->table, first_key(ops), last_key(ops), err) : rc;
}
