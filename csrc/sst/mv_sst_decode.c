#include "sst/mv_sst_codec.h"

#include <lz4.h>
#include <snappy-c.h>
#include <zstd.h>
#define ZLIB_CONST /* input is const */
#include <zlib.h>

#include "base/mv_alloc.h"
#include "base/mv_buf.h"
#include "base/mv_error.h"

/* What one stored byte makes at most, so that a size that cannot be is seen before memory is taken. */
#define LZ4_MAX_RATIO 256
#define SNAPPY_MAX_RATIO 22 /* a copy of 64 bytes takes 3 */
#define ZLIB_MAX_RATIO 1032 /* a copy of 258 bytes takes 2 bits */

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

/* Snappy reads the size itself: whole begins with it. */
static int decode_snappy(mv_rd whole, uint64_t size, uint64_t offset, mv_buf *out, mv_err *err)
{
    size_t left = mv_rd_left(&whole), made = size;
    if (size / SNAPPY_MAX_RATIO > left)
        return corrupt(err, offset, "snappy block cannot have its size");
    int rc = mv_buf_reserve(out, size, err);
    if (rc != MV_OK)
        return rc;
    snappy_status status = snappy_uncompress((const char *)whole.at, left, (char *)out->data, &made);
    return status == SNAPPY_OK && made == size ? MV_OK : corrupt(err, offset, "snappy block");
}

static voidpf zlib_alloc(voidpf unused, uInt items, uInt size)
{
    (void)unused;
    return mv_calloc(items, size);
}

static void zlib_free(voidpf unused, voidpf memory)
{
    (void)unused;
    mv_free(memory);
}

static int decode_zlib(mv_rd in, uint64_t size, uint64_t offset, mv_buf *out, mv_err *err)
{
    size_t left = mv_rd_left(&in);
    if (left > UINT32_MAX || size / ZLIB_MAX_RATIO > left)
        return corrupt(err, offset, "zlib block cannot have its size");
    int rc = mv_buf_reserve(out, size, err);
    if (rc != MV_OK)
        return rc;
    z_stream z = {.zalloc = zlib_alloc, .zfree = zlib_free, .next_in = in.at, .avail_in = (uInt)left};
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK) /* below 0: without zlib's header */
        return mv_fail(err, MV_E_NO_MEMORY, "zlib state");
    z.next_out = out->data;
    z.avail_out = (uInt)size;
    int status = inflate(&z, Z_FINISH);
    bool whole = status == Z_STREAM_END && z.avail_in == 0 && z.avail_out == 0;
    inflateEnd(&z);
    if (status == Z_MEM_ERROR)
        return mv_fail(err, MV_E_NO_MEMORY, "zlib window");
    return whole ? MV_OK : corrupt(err, offset, "zlib block");
}

static bool is_read(uint8_t compression)
{
    static const uint8_t known[] = {SST_COMPRESSION_SNAPPY, SST_COMPRESSION_ZLIB, MV_SST_LZ4,
                                    SST_COMPRESSION_LZ4HC, MV_SST_ZSTD};
    return memchr(known, compression, sizeof known) != NULL;
}

static int unsupported(uint8_t compression, mv_err *err)
{
    const char *name = compression == 3 ? "bzip2" : compression == 6 ? "xpress" : "unknown";
    return mv_fail(err, MV_E_UNSUPPORTED, "compression %u (%s)", compression, name);
}

static int decode(sst_decoder *d, uint8_t compression, mv_rd whole, mv_rd in, uint64_t size, uint64_t offset,
                  mv_buf *out, mv_err *err)
{
    switch (compression) {
    case SST_COMPRESSION_SNAPPY:
        return decode_snappy(whole, size, offset, out, err);
    case SST_COMPRESSION_ZLIB:
        return decode_zlib(in, size, offset, out, err);
    case MV_SST_ZSTD:
        return decode_zstd(d, in, size, offset, out, err);
    default:
        return decode_lz4(in, size, offset, out, err);
    }
}

int sst_decode(sst_decoder *d, uint8_t compression, const uint8_t *stored, size_t len, uint64_t max_bytes,
               uint64_t offset, mv_buf *out, mv_err *err)
{
    mv_rd whole = mv_rd_over(stored, len), in = whole;
    uint32_t size;
    if (!is_read(compression))
        return unsupported(compression, err);
    if (!mv_rd_varint32(&in, &size))
        return corrupt(err, offset, "size of a compressed block");
    if (size > max_bytes)
        return mv_fail_ab(err, MV_E_CORRUPT_SST, offset, size, "compressed block is above the size limit");
    int rc = decode(d, compression, whole, in, size, offset, out, err);
    out->len = rc == MV_OK ? size : 0;
    return rc;
}

void sst_decoder_free(sst_decoder *d)
{
    ZSTD_freeDCtx(d->zstd);
    *d = (sst_decoder){0};
}
