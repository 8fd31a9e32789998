#include "mvcc/mv_key.h"

static mv_slice as_slice(const mv_val *v)
{
    return (mv_slice){v->mv_data, v->mv_size};
}

int mv_vkey_compare(const mv_val *a, const mv_val *b)
{
    if (a->mv_size < MV_KEY_TS || b->mv_size < MV_KEY_TS)
        return mv_slice_compare(as_slice(a), as_slice(b));
    mv_slice user_a = {a->mv_data, a->mv_size - MV_KEY_TS}, user_b = {b->mv_data, b->mv_size - MV_KEY_TS};
    int order = mv_slice_compare(user_a, user_b);
    if (order != 0)
        return order;
    uint64_t ts_a = mv_get_le64(user_a.data + user_a.len), ts_b = mv_get_le64(user_b.data + user_b.len);
    return (ts_a < ts_b) - (ts_a > ts_b);
}
