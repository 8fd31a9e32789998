/* Version keys: what `data` is ordered by, and byte for byte RocksDB's user key under
 * leveldb.BytewiseComparator.u64ts.
 *
 *   +-----------+------------------+---------------+
 *   | table id  | user key         | timestamp     |
 *   | u32 BE    | 0 to 490 bytes   | u64 LE        |
 *   +-----------+------------------+---------------+
 *
 * Order: table id and user key bytewise ascending, then timestamp descending: newest first. DO NOT CHANGE: stores and
 * backups hold these bytes.
 */
#ifndef MV_KEY_H
#define MV_KEY_H

#include "base/mv_bytes.h"
#include "lmdb/mv_substrate.h"
#include "mv_engine.h"

enum {
    MV_KEY_TABLE = 4,
    MV_KEY_TS = 8,
    MV_KEY_OVERHEAD = MV_KEY_TABLE + MV_KEY_TS
};

/* Room for a version key, also of a bound that is one byte longer than a key may be. */
enum {
    MV_VKEY_ROOM = MV_MAX_KEY + 1 + MV_KEY_OVERHEAD
};

typedef struct mv_vkey { /* a version key taken apart; key points into the raw bytes */
    uint32_t table;
    mv_slice key;
    uint64_t ts;
} mv_vkey;

/* Writes to out, which has MV_VKEY_ROOM bytes (key_len <= MV_MAX_KEY + 1); returns the slice written. */
static inline mv_slice mv_vkey_write(uint8_t *out, uint32_t table, mv_slice key, uint64_t ts)
{
    mv_put_be32(out, table);
    if (key.len > 0)
        memcpy(out + MV_KEY_TABLE, key.data, key.len);
    mv_put_le64(out + MV_KEY_TABLE + key.len, ts);
    return (mv_slice){out, key.len + MV_KEY_OVERHEAD};
}

/* False where no version key has this length: what passes fits MV_VKEY_ROOM when it is written again. */
static inline bool mv_vkey_parse(mv_slice raw, mv_vkey *out)
{
    if (raw.len < MV_KEY_OVERHEAD || raw.len > MV_MAX_KEY + MV_KEY_OVERHEAD)
        return false;
    out->table = mv_get_be32(raw.data);
    out->key = (mv_slice){raw.data + MV_KEY_TABLE, raw.len - MV_KEY_OVERHEAD};
    out->ts = mv_get_le64(raw.data + raw.len - MV_KEY_TS);
    return true;
}

static inline bool mv_slice_equal(mv_slice a, mv_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Bytewise: negative, zero, positive. */
static inline int mv_slice_compare(mv_slice a, mv_slice b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared > 0 ? memcmp(a.data, b.data, shared) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* The comparator of `data`. Any bytes are accepted: short ones sort bytewise before what is longer. */
int mv_vkey_compare(const mv_val *a, const mv_val *b);

#endif
