#include "sst/mv_sst_checksum.h"

#define XXH_INLINE_ALL /* the functions are compiled in: no library is linked */
#include <xxhash.h>

#define XXH3_LAST_BYTE_FACTOR 0x6b9083d9u

static uint32_t of_bytes(uint8_t type, const uint8_t *bytes, size_t len)
{
    uint8_t last = bytes[len - 1];
    switch (type) {
    case SST_CHECKSUM_CRC32C:
        return sst_block_crc(bytes, len - 1, last);
    case SST_CHECKSUM_XXHASH:
        return XXH32(bytes, len, 0);
    case SST_CHECKSUM_XXHASH64:
        return (uint32_t)XXH64(bytes, len, 0);
    case SST_CHECKSUM_XXH3:
        return (uint32_t)XXH3_64bits(bytes, len - 1) ^ last * XXH3_LAST_BYTE_FACTOR;
    default:
        return 0;
    }
}

uint32_t sst_checksum_of(const sst_checksum *c, uint64_t offset, const uint8_t *bytes, size_t len)
{
    uint32_t place = c->base == 0 ? 0 : c->base ^ ((uint32_t)offset + (uint32_t)(offset >> 32));
    return of_bytes(c->type, bytes, len) + place;
}
