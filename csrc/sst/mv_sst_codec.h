/* Compression of block contents. A stored block is
 *
 *     varint size of the content | compressed bytes: raw snappy or lz4 block, deflate without a header, zstd frame
 */
#ifndef MV_SST_CODEC_H
#define MV_SST_CODEC_H

#include "sst/mv_sst_format.h"

typedef struct sst_encoder { /* one per writer; all zero before sst_encoder_init */
    int compression;
    void *lz4;  /* state of LZ4 */
    void *zstd; /* ZSTD_CCtx */
} sst_encoder;

/* Prepares for a compression at a level. MV_E_INVALID, MV_E_NO_MEMORY: nothing is held. */
int sst_encoder_init(sst_encoder *e, int compression, int level, mv_err *err);

/* Appends content to out as it is to be stored, and sets *compression to the id that tells how: raw where
 * compressing gains less than an eighth. out is unchanged on failure: MV_E_NO_MEMORY. */
int sst_encode(sst_encoder *e, const uint8_t *content, size_t len, mv_buf *out, uint8_t *compression,
               mv_err *err);

void sst_encoder_free(sst_encoder *e);

typedef struct sst_decoder { /* one per iterator; all zero to begin with: contexts are made when needed */
    void *zstd;              /* ZSTD_DCtx */
} sst_decoder;

/* Replaces out's bytes by the content of a stored block (compression not MV_SST_NONE), at most max_bytes of it,
 * checked before memory is taken. MV_E_CORRUPT_SST with a = offset, MV_E_UNSUPPORTED, MV_E_NO_MEMORY: out is
 * unspecified. */
int sst_decode(sst_decoder *d, uint8_t compression, const uint8_t *stored, size_t len, uint64_t max_bytes,
               uint64_t offset, mv_buf *out, mv_err *err);

void sst_decoder_free(sst_decoder *d);

#endif
