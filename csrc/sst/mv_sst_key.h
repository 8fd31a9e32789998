/* Order of user keys and of internal keys, and the part that two keys share. */
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

static inline int sst_compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

/* User keys of the order u64ts: key bytes ascending, then timestamp descending.
 * REQUIRES: both have at least SST_TS_BYTES bytes. */
static inline int sst_compare_u64ts(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    int order = sst_compare_bytes(a, a_len - SST_TS_BYTES, b, b_len - SST_TS_BYTES);
    if (order != 0)
        return order;
    uint64_t a_ts = mv_get_le64(a + a_len - SST_TS_BYTES), b_ts = mv_get_le64(b + b_len - SST_TS_BYTES);
    return (a_ts < b_ts) - (a_ts > b_ts);
}

/* User keys in an mv_sst_order other than MV_SST_ORDER_UNKNOWN. */
static inline int sst_compare_user(int order, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    return order == MV_SST_ORDER_U64TS ? sst_compare_u64ts(a, a_len, b, b_len)
                                       : sst_compare_bytes(a, a_len, b, b_len);
}

#endif
