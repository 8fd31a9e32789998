#include "sst/mv_sst_block.h"

#include <errno.h>
#include <unistd.h>

#include "base/mv_buf.h"
#include "base/mv_error.h"

static int read_fully(int fd, uint64_t offset, uint8_t *out, size_t len, mv_err *err)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(fd, out + done, len - done, (off_t)(offset + done));
        if (n > 0)
            done += (size_t)n;
        else if (n == 0)
            return mv_fail_ab(err, MV_E_CORRUPT_SST, offset + done, 0, "file is shorter than its size");
        else if (errno != EINTR)
            return mv_fail_os(err, errno, "read of an SST");
    }
    return MV_OK;
}

int sst_source_read(const sst_source *s, uint64_t offset, size_t len, mv_buf *buffer, const uint8_t **out,
                    mv_err *err)
{
    if (offset > s->size || len > s->size - offset)
        return mv_fail_ab(err, MV_E_CORRUPT_SST, offset, len, "block lies outside the file");
    if (s->memory != NULL) {
        *out = s->memory + offset;
        return MV_OK;
    }
    int rc = mv_buf_reserve(buffer, len, err);
    if (rc == MV_OK)
        rc = read_fully(s->fd, offset, buffer->data, len, err);
    if (rc != MV_OK)
        return rc;
    buffer->len = len;
    *out = buffer->data;
    return MV_OK;
}

bool sst_source_checks(const sst_source *s, uint64_t offset, const uint8_t *stored, size_t len)
{
    return mv_get_le32(stored + len + 1) == sst_checksum_of(&s->checksum, offset, stored, len + 1);
}

int sst_block_fetch(sst_block *b, const sst_source *s, sst_handle handle, uint64_t max_bytes, mv_err *err)
{
    uint64_t end = s->size - SST_FOOTER_BYTES;
    if (handle.offset > end || handle.size > end - handle.offset ||
        end - handle.offset - handle.size < SST_TRAILER_BYTES)
        return mv_fail_ab(err, MV_E_CORRUPT_SST, handle.offset, handle.size, "block lies outside the file");
    if (handle.size > max_bytes)
        return mv_fail_ab(err, MV_E_CORRUPT_SST, handle.offset, handle.size, "block is above the size limit");
    b->offset = handle.offset;
    b->len = handle.size;
    return sst_source_read(s, handle.offset, handle.size + SST_TRAILER_BYTES, &b->stored, &b->data, err);
}

int sst_block_unpack(sst_block *b, uint64_t max_bytes, sst_decoder *decoder, mv_err *err)
{
    uint8_t compression = b->data[b->len];
    if (compression == MV_SST_NONE)
        return MV_OK;
    int rc = sst_decode(decoder, compression, b->data, b->len, max_bytes, b->offset, &b->unpacked, err);
    b->data = b->unpacked.data;
    b->len = b->unpacked.len;
    return rc;
}

int sst_block_load(sst_block *b, const sst_source *s, sst_handle handle, uint64_t max_bytes,
                   sst_decoder *decoder, mv_err *err)
{
    int rc = sst_block_fetch(b, s, handle, max_bytes, err);
    if (rc != MV_OK)
        return rc;
    if (!sst_source_checks(s, b->offset, b->data, b->len))
        return mv_fail_ab(err, MV_E_CORRUPT_SST, b->offset, b->len, "checksum of a block");
    return sst_block_unpack(b, max_bytes, decoder, err);
}

void sst_block_free(sst_block *b)
{
    mv_buf_free(&b->stored);
    mv_buf_free(&b->unpacked);
    *b = (sst_block){0};
}
