/* Fixed-width and variable-width integers in bytes, and the one bounds-checked reader of untrusted bytes. */
#ifndef MV_BYTES_H
#define MV_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void mv_put_le16(uint8_t *out, uint16_t v)
{
    out[0] = (uint8_t)v;
    out[1] = (uint8_t)(v >> 8);
}

static inline void mv_put_le32(uint8_t *out, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(v >> (8 * i));
}

static inline void mv_put_le64(uint8_t *out, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(v >> (8 * i));
}

static inline void mv_put_be32(uint8_t *out, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(v >> (24 - 8 * i));
}

static inline void mv_put_be64(uint8_t *out, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(v >> (56 - 8 * i));
}

static inline uint32_t mv_get_le32(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

static inline uint64_t mv_get_le64(const uint8_t *in)
{
    return (uint64_t)mv_get_le32(in) | (uint64_t)mv_get_le32(in + 4) << 32;
}

static inline uint32_t mv_get_be32(const uint8_t *in)
{
    return (uint32_t)in[3] | (uint32_t)in[2] << 8 | (uint32_t)in[1] << 16 | (uint32_t)in[0] << 24;
}

static inline uint64_t mv_get_be64(const uint8_t *in)
{
    return (uint64_t)mv_get_be32(in + 4) | (uint64_t)mv_get_be32(in) << 32;
}

/* Writes v as LEB128 to out (room for 10 bytes); returns the bytes written. */
static inline size_t mv_put_varint(uint8_t *out, uint64_t v)
{
    size_t n = 0;
    while (v >= 0x80) {
        out[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    out[n++] = (uint8_t)v;
    return n;
}

/* A reader over [at, end). Every mv_rd_* returns false, and moves nothing, where the bytes do not suffice. */
typedef struct mv_rd {
    const uint8_t *at;
    const uint8_t *end;
} mv_rd;

static inline mv_rd mv_rd_over(const void *data, size_t len)
{
    const uint8_t *at = data;
    return (mv_rd){at, at + len};
}

static inline size_t mv_rd_left(const mv_rd *r)
{
    return (size_t)(r->end - r->at);
}

/* Sets *out to the next len bytes, which stay owned by the reader's buffer. */
static inline bool mv_rd_bytes(mv_rd *r, size_t len, const uint8_t **out)
{
    if (mv_rd_left(r) < len)
        return false;
    *out = r->at;
    r->at += len;
    return true;
}

static inline bool mv_rd_u8(mv_rd *r, uint8_t *out)
{
    if (r->at == r->end)
        return false;
    *out = *r->at++;
    return true;
}

static inline bool mv_rd_le16(mv_rd *r, uint16_t *out)
{
    const uint8_t *p;
    if (!mv_rd_bytes(r, 2, &p))
        return false;
    *out = (uint16_t)(p[0] | p[1] << 8);
    return true;
}

static inline bool mv_rd_le32(mv_rd *r, uint32_t *out)
{
    const uint8_t *p;
    if (!mv_rd_bytes(r, 4, &p))
        return false;
    *out = mv_get_le32(p);
    return true;
}

static inline bool mv_rd_le64(mv_rd *r, uint64_t *out)
{
    const uint8_t *p;
    if (!mv_rd_bytes(r, 8, &p))
        return false;
    *out = mv_get_le64(p);
    return true;
}

static inline bool mv_rd_be32(mv_rd *r, uint32_t *out)
{
    const uint8_t *p;
    if (!mv_rd_bytes(r, 4, &p))
        return false;
    *out = mv_get_be32(p);
    return true;
}

static inline bool mv_rd_be64(mv_rd *r, uint64_t *out)
{
    const uint8_t *p;
    if (!mv_rd_bytes(r, 8, &p))
        return false;
    *out = mv_get_be64(p);
    return true;
}

/* LEB128 of at most 10 bytes that fits 64 bits. */
static inline bool mv_rd_varint(mv_rd *r, uint64_t *out)
{
    uint64_t value = 0;
    const uint8_t *p = r->at;
    for (unsigned shift = 0; shift < 70 && p < r->end; shift += 7) {
        uint8_t byte = *p++;
        if (shift == 63 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            r->at = p;
            *out = value;
            return true;
        }
    }
    return false;
}

static inline bool mv_rd_varint32(mv_rd *r, uint32_t *out)
{
    uint64_t value;
    mv_rd before = *r;
    if (!mv_rd_varint(r, &value))
        return false;
    if (value > UINT32_MAX) {
        *r = before;
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

#endif
