/* CRC-32C (Castagnoli), in hardware where there is one. MVCC_CRC_PORTABLE builds the table form alone. */
#include <string.h>

#include "mv_base.h"

#if !defined(MVCC_CRC_PORTABLE) && defined(__x86_64__)
#define HAVE_HARDWARE 1

__attribute__((target("sse4.2"))) static uint32_t crc_hardware(uint32_t crc, const uint8_t *at, size_t len)
{
    uint64_t wide = crc;
    for (; len >= 8; at += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    if (len >= 4) {
        uint32_t word;
        memcpy(&word, at, 4);
        crc = __builtin_ia32_crc32si(crc, word);
        at += 4;
        len -= 4;
    }
    for (; len > 0; at++, len--)
        crc = __builtin_ia32_crc32qi(crc, *at);
    return crc;
}

static int hardware_here(void)
{
    return __builtin_cpu_supports("sse4.2");
}
#elif !defined(MVCC_CRC_PORTABLE) && defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#define HAVE_HARDWARE 1
#include <arm_acle.h>

static uint32_t crc_hardware(uint32_t crc, const uint8_t *at, size_t len)
{
    for (; len >= 8; at += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        crc = __crc32cd(crc, word);
    }
    for (; len > 0; at++, len--)
        crc = __crc32cb(crc, *at);
    return crc;
}

static int hardware_here(void)
{
    return 1;
}
#endif

/* One byte at a time over a table of 16 entries a nibble: small, and no table to build at run time. */
static uint32_t crc_portable(uint32_t crc, const uint8_t *at, size_t len)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    for (; len > 0; at++, len--) {
        crc ^= *at;
        crc = nibble[crc & 15] ^ (crc >> 4);
        crc = nibble[crc & 15] ^ (crc >> 4);
    }
    return crc;
}

uint32_t mv_crc32c(uint32_t crc, const uint8_t *data, size_t len)
{
    crc = ~crc;
#ifdef HAVE_HARDWARE
    if (hardware_here())
        return ~crc_hardware(crc, data, len);
#endif
    return ~crc_portable(crc, data, len);
}
