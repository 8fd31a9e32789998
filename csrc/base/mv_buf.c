#include "base/mv_buf.h"

#include "base/mv_alloc.h"
#include "base/mv_error.h"

#define SMALLEST_CAPACITY 256

void mv_buf_free(mv_buf *buf)
{
    mv_free(buf->data);
    buf->data = NULL;
    buf->len = 0;
    buf->cap = 0;
}

int mv_buf_reserve(mv_buf *buf, size_t len, mv_err *err)
{
    if (len <= buf->cap)
        return MV_OK;
    size_t cap = buf->cap < SMALLEST_CAPACITY ? SMALLEST_CAPACITY : buf->cap;
    while (cap < len) {
        if (cap > SIZE_MAX / 2)
            return mv_fail_ab(err, MV_E_NO_MEMORY, len, 0, "buffer");
        cap *= 2;
    }
    uint8_t *data = mv_realloc(buf->data, cap);
    if (data == NULL)
        return mv_fail_ab(err, MV_E_NO_MEMORY, cap, 0, "buffer");
    buf->data = data;
    buf->cap = cap;
    return MV_OK;
}

int mv_buf_append(mv_buf *buf, const void *data, size_t len, mv_err *err)
{
    uint8_t *out;
    if (len > SIZE_MAX - buf->len)
        return mv_fail_ab(err, MV_E_NO_MEMORY, len, 0, "buffer");
    int rc = mv_buf_extend(buf, len, &out, err);
    if (rc == MV_OK && len > 0)
        memcpy(out, data, len);
    return rc;
}

int mv_buf_set(mv_buf *buf, const void *data, size_t len, mv_err *err)
{
    int rc = mv_buf_reserve(buf, len, err);
    if (rc != MV_OK)
        return rc;
    if (len > 0)
        memmove(buf->data, data, len);
    buf->len = len;
    return MV_OK;
}
