#include "sst/mv_sst_codec.h"

#include <lz4.h>
#include <zstd.h>

#include "base/mv_alloc.h"
#include "base/mv_buf.h"
#include "base/mv_error.h"

#define VARINT32_MAX_BYTES 5

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
