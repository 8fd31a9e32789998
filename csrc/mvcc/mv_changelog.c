#include "mvcc/mv_changelog.h"

#define TABLE_LEN 4

int mv_change_add(mv_cur *cur, uint64_t ts, uint32_t seq, uint8_t kind, uint32_t table, mv_slice key,
                  mv_err *err)
{
    uint8_t raw_key[MV_CHANGE_KEY], *out;
    mv_slice row = mv_change_key(raw_key, ts, seq);
    size_t payload = TABLE_LEN + key.len;
    int rc = mv_cur_reserve(cur, row, MV_RECORD_HEAD + payload, false, true, &out, err);
    if (rc != MV_OK)
        return rc;
    mv_put_be32(out + MV_RECORD_HEAD, table);
    if (key.len > 0)
        memcpy(out + MV_RECORD_HEAD + TABLE_LEN, key.data, key.len);
    mv_record_seal(out, row, kind, payload);
    return MV_OK;
}

static size_t bound_len(mv_bound bound)
{
    return 4 + (bound.open ? 0 : bound.key.len);
}

static uint8_t *put_bound(uint8_t *out, mv_bound bound)
{
    mv_put_le32(out, bound.open ? MV_UNBOUNDED : (uint32_t)bound.key.len);
    if (!bound.open && bound.key.len > 0)
        memcpy(out + 4, bound.key.data, bound.key.len);
    return out + bound_len(bound);
}

int mv_change_add_span(mv_cur *cur, uint64_t ts, uint32_t seq, uint8_t kind, uint32_t table, mv_bound start,
                       mv_bound end, mv_err *err)
{
    uint8_t raw_key[MV_CHANGE_KEY], *out;
    mv_slice row = mv_change_key(raw_key, ts, seq);
    size_t payload = TABLE_LEN + bound_len(start) + bound_len(end);
    int rc = mv_cur_reserve(cur, row, MV_RECORD_HEAD + payload, false, true, &out, err);
    if (rc != MV_OK)
        return rc;
    uint8_t *at = out + MV_RECORD_HEAD;
    mv_put_be32(at, table);
    put_bound(put_bound(at + TABLE_LEN, start), end);
    mv_record_seal(out, row, kind, payload);
    return MV_OK;
}

int mv_change_add_load(mv_cur *cur, uint64_t ts, uint32_t table, mv_slice first, mv_slice last, mv_err *err)
{
    uint8_t behind[MV_MAX_KEY + 1] = {0};
    if (last.len > 0)
        memcpy(behind, last.data, last.len);
    mv_bound start = {first, false}, end = {{behind, last.len + 1}, false};
    return mv_change_add_span(cur, ts, 0, MV_CHANGE_LOAD, table, start, end, err);
}

static bool read_bound(mv_rd *r, mv_bound *out)
{
    uint32_t len;
    if (!mv_rd_le32(r, &len))
        return false;
    out->open = len == MV_UNBOUNDED;
    out->key = (mv_slice){r->at, out->open ? 0 : len};
    return mv_rd_bytes(r, out->key.len, &out->key.data);
}

static bool parse(const mv_cur *cur, mv_change *out)
{
    mv_slice payload;
    mv_rd key = mv_rd_over(cur->key.data, cur->key.len);
    *out = (mv_change){0}; /* a span has no key, and a conflict with it names none */
    if (!mv_record_open(cur->key, cur->value, &out->kind, &payload) || !mv_rd_be64(&key, &out->ts) ||
        !mv_rd_be32(&key, &out->seq) || mv_rd_left(&key) != 0)
        return false;
    mv_rd r = mv_rd_over(payload.data, payload.len);
    if (!mv_rd_be32(&r, &out->table))
        return false;
    if (mv_change_is_span(out))
        return read_bound(&r, &out->start) && read_bound(&r, &out->end) && mv_rd_left(&r) == 0;
    out->key = (mv_slice){r.at, mv_rd_left(&r)};
    return out->kind <= MV_CHANGE_VALUE && out->key.len <= MV_MAX_KEY;
}

int mv_change_read(const mv_cur *cur, mv_change *out, mv_err *err)
{
    if (parse(cur, out))
        return MV_OK;
    return mv_fail(err, MV_E_CORRUPT_STORE, "a row of changes is damaged");
}

int mv_change_seek(mv_cur *cur, uint64_t ts, uint32_t seq, mv_err *err)
{
    uint8_t raw_key[MV_CHANGE_KEY];
    return mv_cur_seek(cur, mv_change_key(raw_key, ts, seq), err);
}
