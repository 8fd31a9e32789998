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

static int check_checksum(const sst_source *s, sst_handle handle, const uint8_t *stored, mv_err *err)
{
    const uint8_t *trailer = stored + handle.size;
    uint32_t right = s->checksum == SST_CHECKSUM_NONE ? 0 : sst_block_crc(stored, handle.size, trailer[0]);
    if (mv_get_le32(trailer + 1) != right)
        return mv_fail_ab(err, MV_E_CORRUPT_SST, handle.offset, handle.size, "checksum of a block");
    return MV_OK;
}

int sst_block_load(sst_block *b, const sst_source *s, sst_handle handle, uint64_t max_bytes,
                   sst_decoder *decoder, mv_err *err)
{
    uint64_t end = s->size - SST_FOOTER_BYTES;
    if (handle.offset > end || handle.size > end - handle.offset ||
        end - handle.offset - handle.size < SST_TRAILER_BYTES)
        return mv_fail_ab(err, MV_E_CORRUPT_SST, handle.offset, handle.size, "block lies outside the file");
    if (handle.size > max_bytes)
        return mv_fail_ab(err, MV_E_CORRUPT_SST, handle.offset, handle.size, "block is above the size limit");
    const uint8_t *stored;
    int rc = sst_source_read(s, handle.offset, handle.size + SST_TRAILER_BYTES, &b->stored, &stored, err);
    if (rc == MV_OK)
        rc = check_checksum(s, handle, stored, err);
    if (rc != MV_OK)
        return rc;
    b->offset = handle.offset;
    b->data = stored;
    b->len = handle.size;
    uint8_t compression = stored[handle.size];
    if (compression == MV_SST_NONE)
        return MV_OK;
    rc = sst_decode(decoder, compression, stored, handle.size, max_bytes, handle.offset, &b->unpacked, err);
    b->data = b->unpacked.data;
    b->len = b->unpacked.len;
    return rc;
}

void sst_block_free(sst_block *b)
{
    mv_buf_free(&b->stored);
    mv_buf_free(&b->unpacked);
    *b = (sst_block){0};
}
