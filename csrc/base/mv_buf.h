/* Growing byte buffers (mv_buf): the only dynamic strings of the core. */
#ifndef MV_BUF_H
#define MV_BUF_H

#include <string.h>

#include "mv_base.h"

/* Makes room for at least len bytes in all; MV_E_NO_MEMORY, with the buffer unchanged, where memory is out. */
int mv_buf_reserve(mv_buf *buf, size_t len, mv_err *err);

/* Appends len bytes (data may be NULL if len is 0); the buffer is unchanged on failure. */
int mv_buf_append(mv_buf *buf, const void *data, size_t len, mv_err *err);

/* Appends len bytes of unspecified content and sets *out to them; the buffer is unchanged on failure. */
static inline int mv_buf_extend(mv_buf *buf, size_t len, uint8_t **out, mv_err *err)
{
    if (buf->cap - buf->len < len) {
        int rc = mv_buf_reserve(buf, buf->len + len, err);
        if (rc != MV_OK)
            return rc;
    }
    *out = buf->data + buf->len;
    buf->len += len;
    return MV_OK;
}

/* Replaces the content; the buffer is unchanged on failure. */
int mv_buf_set(mv_buf *buf, const void *data, size_t len, mv_err *err);

#endif
