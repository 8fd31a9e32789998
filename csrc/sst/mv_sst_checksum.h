/* The checksum behind a block, of each type that the format has.
 *
 *     0 none      0
 *     1 crc32c    CRC-32C of content and compression, masked
 *     2 xxHash    XXH32 of content and compression
 *     3 xxHash64  low half of XXH64 of content and compression
 *     4 XXH3      low half of XXH3 of the content alone, XOR compression * 0x6b9083d9
 *
 * Version 6 adds a number that the file's base and the block's offset make, so that a block which lies elsewhere,
 * or in another file, does not check.
 */
#ifndef MV_SST_CHECKSUM_H
#define MV_SST_CHECKSUM_H

#include "sst/mv_sst_format.h"

typedef struct sst_checksum { /* how a file checks its blocks */
    uint8_t type;             /* SST_CHECKSUM_* */
    uint32_t base;            /* 0: checksums do not depend on the place */
} sst_checksum;

static inline bool sst_checksum_is_known(uint8_t type)
{
    return type <= SST_CHECKSUM_XXH3;
}

/* The checksum of a block at offset: its content and then its compression, 1 B, are the len bytes.
 * REQUIRES: the type is known, len is at least 1. */
uint32_t sst_checksum_of(const sst_checksum *c, uint64_t offset, const uint8_t *bytes, size_t len);

#endif
