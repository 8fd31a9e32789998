/* Order of keys, and the part that two keys share.
 *
 * Every key that a block holds is key bytes, ascending, and then a suffix of 8-byte little-endian numbers, each
 * descending: none (metaindex, properties), sequence and type (internal key of the order "bytes"), timestamp (user
 * key of the order u64ts), or timestamp and then sequence and type (its internal key).
 */
#ifndef MV_SST_KEY_H
#define MV_SST_KEY_H

#include "sst/mv_sst_format.h"

/* Length of the common prefix of two byte strings, of which at most max bytes are looked at. */
static inline size_t sst_common_prefix(const uint8_t *a, const uint8_t *b, size_t max)
{
    size_t n = 0;
    for (; n + 8 <= max; n += 8) {
        uint64_t x, y;
        memcpy(&x, a + n, 8);
        memcpy(&y, b + n, 8);
        if (x != y)
            break;
    }
    while (n < max && a[n] == b[n])
        n++;
    return n;
}

/* Compares suffixes of the same length: below 0 where a comes first. */
static inline int sst_compare_suffix(const uint8_t *a, const uint8_t *b, size_t suffix)
{
    for (size_t i = 0; i < suffix; i += 8) {
        uint64_t x = mv_get_le64(a + i), y = mv_get_le64(b + i);
        if (x != y)
            return x > y ? -1 : 1;
    }
    return 0;
}

/* Compares keys that end in suffix bytes of suffix: below 0 where a comes first.
 * REQUIRES: both are at least suffix bytes long. */
static inline int sst_compare(size_t suffix, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    size_t a_bytes = a_len - suffix, b_bytes = b_len - suffix;
    size_t shorter = a_bytes < b_bytes ? a_bytes : b_bytes;
    int order = shorter > 0 ? memcmp(a, b, shorter) : 0;
    if (order != 0)
        return order;
    if (a_bytes != b_bytes)
        return a_bytes < b_bytes ? -1 : 1;
    return sst_compare_suffix(a + a_bytes, b + b_bytes, suffix);
}

#endif
