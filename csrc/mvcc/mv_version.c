#include "mvcc/mv_version.h"

int mv_version_put(mv_cur *cur, uint32_t table, mv_slice key, mv_slice value, uint8_t kind, uint64_t ts,
                   bool append, mv_err *err)
{
    uint8_t room[MV_VKEY_ROOM], *out;
    mv_slice vkey = mv_vkey_write(room, table, key, ts);
    int rc = mv_cur_reserve(cur, vkey, MV_RECORD_HEAD + value.len, true, append, &out, err);
    if (rc != MV_OK)
        return rc;
    if (value.len > 0)
        memcpy(out + MV_RECORD_HEAD, value.data, value.len);
    mv_record_seal(out, vkey, kind, value.len);
    return MV_OK;
}

int mv_version_sorts_last(mv_cur *cur, uint32_t table, mv_slice key, bool *last, mv_err *err)
{
    mv_vkey final;
    int rc = mv_cur_last(cur, err);
    *last = rc == MV_NOT_FOUND;
    if (rc != MV_OK)
        return *last ? MV_OK : rc;
    if (!mv_vkey_parse(cur->key, &final))
        return mv_fail(err, MV_E_CORRUPT_STORE, "a version key has no possible length");
    *last = final.table < table || (final.table == table && mv_slice_compare(final.key, key) < 0);
    return MV_OK;
}
