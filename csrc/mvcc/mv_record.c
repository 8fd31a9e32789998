#include "mvcc/mv_record.h"

#include "base/mv_bytes.h"

static uint32_t checksum(mv_slice key, uint8_t kind, const uint8_t *payload, size_t len)
{
    uint32_t crc = mv_crc32c(0, key.data, key.len);
    crc = mv_crc32c(crc, &kind, 1);
    return mv_crc32c(crc, payload, len);
}

void mv_record_seal(uint8_t *out, mv_slice key, uint8_t kind, size_t payload_len)
{
    out[0] = kind;
    mv_put_le32(out + 1, checksum(key, kind, out + MV_RECORD_HEAD, payload_len));
}

bool mv_record_open(mv_slice key, mv_slice raw, uint8_t *kind, mv_slice *payload)
{
    mv_rd r = mv_rd_over(raw.data, raw.len);
    uint32_t crc;
    if (!mv_rd_u8(&r, kind) || !mv_rd_le32(&r, &crc))
        return false;
    *payload = (mv_slice){r.at, mv_rd_left(&r)};
    return crc == checksum(key, *kind, payload->data, payload->len);
}
