/* Blocks as they come from a file: read, bounds and checksum checked, unpacked. */
#ifndef MV_SST_BLOCK_H
#define MV_SST_BLOCK_H

#include "sst/mv_sst_checksum.h"
#include "sst/mv_sst_codec.h"

typedef struct sst_source { /* where a file's bytes are; borrowed */
    const uint8_t *memory;  /* or NULL, and then: */
    int fd;
    uint64_t size; /* of the whole file */
    uint64_t max_block_bytes;
    sst_checksum checksum; /* of the file's blocks */
} sst_source;

typedef struct sst_block { /* all zero to begin with; frees by sst_block_free */
    const uint8_t *data;   /* content: in one of the buffers, or in the source's memory */
    size_t len;
    uint64_t offset;
    mv_buf stored;
    mv_buf unpacked;
} sst_block;

/* Sets *out to len bytes of the file: in its memory, or read into buffer. MV_E_CORRUPT_SST: outside the file;
 * MV_E_IO, MV_E_NO_MEMORY. */
int sst_source_read(const sst_source *s, uint64_t offset, size_t len, mv_buf *buffer, const uint8_t **out,
                    mv_err *err);

/* Whether the checksum holds that stands behind a block's stored bytes, which are len and its trailer. */
bool sst_source_checks(const sst_source *s, uint64_t offset, const uint8_t *stored, size_t len);

/* Replaces the block by the one at handle as it is stored, its trailer behind its bytes, nothing of it checked but
 * that it has at most max_bytes and lies between the file's begin and its footer. Fails as sst_block_load. */
int sst_block_fetch(sst_block *b, const sst_source *s, sst_handle handle, uint64_t max_bytes, mv_err *err);

/* Turns a fetched block into its content, of at most max_bytes. Fails as sst_block_load. */
int sst_block_unpack(sst_block *b, uint64_t max_bytes, sst_decoder *decoder, mv_err *err);

/* Replaces the block by the one at handle, of at most max_bytes stored and unpacked. The checks: it lies between the
 * file's begin and its footer, its checksum holds, it unpacks to its size. On failure the block is unspecified:
 * MV_E_CORRUPT_SST, MV_E_UNSUPPORTED, MV_E_IO, MV_E_NO_MEMORY. */
int sst_block_load(sst_block *b, const sst_source *s, sst_handle handle, uint64_t max_bytes,
                   sst_decoder *decoder, mv_err *err);

void sst_block_free(sst_block *b);

#endif
