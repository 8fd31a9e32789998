#include "sst/mv_sst_codec.h"

#include <lz4.h>
#include <zstd.h>

#include "base/mv_alloc.h"
#include "base/mv_buf.h"
#include "base/mv_error.h"

#define VARINT32_MAX_BYTES 5
#define LZ4_MAX_RATIO 256 /* one byte of an lz4 block makes at most 255 */

static int init_zstd(sst_encoder *e, int level, mv_err *err)
{
    if (level < 0 || level > ZSTD_maxCLevel())
        return mv_fail_ab(err, MV_E_INVALID, (uint64_t)level, (uint64_t)ZSTD_maxCLevel(), "zstd level");
    e->zstd = ZSTD_createCCtx();
    if (e->zstd == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "zstd context");
    ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_compressionLevel, level == 0 ? 1 : level);
    return MV_OK;
}

int sst_encoder_init(sst_encoder *e, int compression, int level, mv_err *err)
{
    e->compression = compression;
    switch (compression) {
    case MV_SST_NONE:
        return MV_OK;
    case MV_SST_LZ4:
        e->lz4 = mv_malloc((size_t)LZ4_sizeofState());
        return e->lz4 != NULL ? MV_OK : mv_fail(err, MV_E_NO_MEMORY, "lz4 state");
    case MV_SST_ZSTD:
        return init_zstd(e, level, err);
    default:
        return mv_fail_ab(err, MV_E_INVALID, (uint64_t)compression, 0, "compression");
    }
}

void sst_encoder_free(sst_encoder *e)
{
    mv_free(e->lz4);
    ZSTD_freeCCtx(e->zstd);
    *e = (sst_encoder){0};
}

static size_t compress_bound(const sst_encoder *e, size_t len)
{
    if (e->compression == MV_SST_ZSTD)
        return ZSTD_compressBound(len);
    return len <= LZ4_MAX_INPUT_SIZE ? (size_t)LZ4_compressBound((int)len) : 0;
}

/* Compresses into out; 0 where that fails, so that the block is stored raw. */
static size_t compress(sst_encoder *e, const uint8_t *content, size_t len, uint8_t *out, size_t room)
{
    if (e->compression == MV_SST_ZSTD) {
        size_t made = ZSTD_compress2(e->zstd, out, room, content, len);
        return ZSTD_isError(made) ? 0 : made;
    }
    int made = LZ4_compress_fast_extState(e->lz4, (const char *)content, (char *)out, (int)len, (int)room, 1);
    return made > 0 ? (size_t)made : 0;
}

int sst_encode(sst_encoder *e, const uint8_t *content, size_t len, mv_buf *out, uint8_t *compression,
               mv_err *err)
{
    size_t bound = e->compression == MV_SST_NONE ? 0 : compress_bound(e, len);
    size_t room = VARINT32_MAX_BYTES + (bound > len ? bound : len);
    int rc = mv_buf_reserve(out, out->len + room, err);
    if (rc != MV_OK)
        return rc;
    if (bound > 0) {
        uint8_t *at = out->data + out->len;
        size_t head = mv_put_varint(at, len);
        size_t made = compress(e, content, len, at + head, bound);
        if (made > 0 && head + made <= len - len / 8) {
            out->len += head + made;
            *compression = (uint8_t)e->compression;
            return MV_OK;
        }
    }
    *compression = MV_SST_NONE;
    return mv_buf_append(out, content, len, err);
}

static int corrupt(mv_err *err, uint64_t offset, const char *what)
{
    return mv_fail_ab(err, MV_E_CORRUPT_SST, offset, 0, what);
}

static int decode_zstd(sst_decoder *d, mv_rd in, uint64_t size, uint64_t offset, mv_buf *out, mv_err *err)
{
    unsigned long long declared = ZSTD_getFrameContentSize(in.at, mv_rd_left(&in));
    if (declared != ZSTD_CONTENTSIZE_UNKNOWN && declared != size)
        return corrupt(err, offset, "zstd frame has another size than its block");
    if (d->zstd == NULL && (d->zstd = ZSTD_createDCtx()) == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "zstd context");
    int rc = mv_buf_reserve(out, size, err);
    if (rc != MV_OK)
        return rc;
    size_t made = ZSTD_decompressDCtx(d->zstd, out->data, size, in.at, mv_rd_left(&in));
    return made == size ? MV_OK : corrupt(err, offset, "zstd block");
}

static int decode_lz4(mv_rd in, uint64_t size, uint64_t offset, mv_buf *out, mv_err *err)
{
    size_t left = mv_rd_left(&in);
    if (left > INT32_MAX || size > INT32_MAX || size / LZ4_MAX_RATIO > left)
        return corrupt(err, offset, "lz4 block cannot have its size");
    int rc = mv_buf_reserve(out, size, err);
    if (rc != MV_OK)
        return rc;
    int made = LZ4_decompress_safe((const char *)in.at, (char *)out->data, (int)left, (int)size);
    return made >= 0 && (uint64_t)made == size ? MV_OK : corrupt(err, offset, "lz4 block");
}

int sst_decode(sst_decoder *d, uint8_t compression, const uint8_t *stored, size_t len, uint64_t max_bytes,
               uint64_t offset, mv_buf *out, mv_err *err)
{
    bool lz4 = compression == MV_SST_LZ4 || compression == SST_COMPRESSION_LZ4HC;
    if (!lz4 && compression != MV_SST_ZSTD)
        return mv_fail(err, MV_E_UNSUPPORTED, "compression %u", compression);
    mv_rd in = mv_rd_over(stored, len);
    uint32_t size;
    if (!mv_rd_varint32(&in, &size))
        return corrupt(err, offset, "size of a compressed block");
    if (size > max_bytes)
        return mv_fail_ab(err, MV_E_CORRUPT_SST, offset, size, "compressed block is above the size limit");
    int rc = lz4 ? decode_lz4(in, size, offset, out, err) : decode_zstd(d, in, size, offset, out, err);
    out->len = rc == MV_OK ? size : 0;
    return rc;
}

void sst_decoder_free(sst_decoder *d)
{
    ZSTD_freeDCtx(d->zstd);
    *d = (sst_decoder){0};
}
