/* Checksums of blocks, of every type, against values that other implementations give. */
#include "check.h"
#include "sst/mv_sst_checksum.h"

static uint32_t checksum(uint8_t type, const char *bytes, size_t len)
{
    sst_checksum c = {.type = type};
    return sst_checksum_of(&c, 12345, (const uint8_t *)bytes, len);
}

static void every_type_gives_what_rocksdb_gives(void)
{
    CHECK(checksum(SST_CHECKSUM_NONE, "a\0", 2) == 0);
    CHECK(checksum(SST_CHECKSUM_CRC32C, "\0", 1) == 0x49258fd2);
    CHECK(checksum(SST_CHECKSUM_CRC32C, "123456789", 9) == 0xc78ab0e5);
    CHECK(checksum(SST_CHECKSUM_XXHASH, "abc", 3) == 0x32d153ff);
    CHECK(checksum(SST_CHECKSUM_XXHASH64, "a\0", 2) == 0x99167f96);
    CHECK(checksum(SST_CHECKSUM_XXH3, "a\0", 2) == 0x1e964e1f);
    CHECK(checksum(SST_CHECKSUM_XXH3, "a\7", 2) == 0xee65d4f0);
}

static void a_base_adds_the_place(void)
{
    sst_checksum c = {.type = SST_CHECKSUM_NONE, .base = 0xf0000001};
    CHECK(sst_checksum_of(&c, 0, (const uint8_t *)"", 1) == 0xf0000001);
    CHECK(sst_checksum_of(&c, 0x200000003, (const uint8_t *)"", 1) == (0xf0000001 ^ 5));
    c.type = SST_CHECKSUM_CRC32C;
    CHECK(sst_checksum_of(&c, 1, (const uint8_t *)"", 1) == 0x49258fd2 + 0xf0000000);
}

static void types_beyond_are_not_known(void)
{
    CHECK(sst_checksum_is_known(SST_CHECKSUM_XXH3));
    CHECK(!sst_checksum_is_known(SST_CHECKSUM_XXH3 + 1));
}

int main(void)
{
    every_type_gives_what_rocksdb_gives();
    a_base_adds_the_place();
    types_beyond_are_not_known();
    return 0;
}
