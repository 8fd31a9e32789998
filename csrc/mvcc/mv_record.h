/* Checked records: every row of the store carries a CRC-32C over its key and its content, since LMDB has none.
 *
 *   +--------+------------+--------------+
 *   | kind   | crc32c     | payload      |
 *   | u8     | u32 LE     |              |
 *   +--------+------------+--------------+
 *
 * The CRC covers the row's key, the kind and the payload. DO NOT CHANGE: stores hold these bytes.
 */
#ifndef MV_RECORD_H
#define MV_RECORD_H

#include "base/mv_error.h"
#include "lmdb/mv_substrate.h"

enum {
    MV_RECORD_HEAD = 5
};

enum mv_kind { /* of rows of `data` */
    MV_KIND_TOMBSTONE = 0,
    MV_KIND_VALUE = 1
};

/* Writes the head in front of a payload that stands at out + MV_RECORD_HEAD already. */
void mv_record_seal(uint8_t *out, mv_slice key, uint8_t kind, size_t payload_len);

/* Checks and takes apart; false where the bytes are not what was sealed. payload points into raw. */
bool mv_record_open(mv_slice key, mv_slice raw, uint8_t *kind, mv_slice *payload);

/* As mv_record_open, without the comparison of the checksum: for lengths. */
static inline bool mv_record_peek(mv_slice raw, uint8_t *kind, mv_slice *payload)
{
    if (raw.len < MV_RECORD_HEAD)
        return false;
    *kind = raw.data[0];
    *payload = (mv_slice){raw.data + MV_RECORD_HEAD, raw.len - MV_RECORD_HEAD};
    return true;
}

#endif
