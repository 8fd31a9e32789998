#include "sst/mv_sst_footer.h"

#include "base/mv_buf.h"
#include "base/mv_error.h"

#define EXTENDED_MAGIC 0x007a003eu
#define CHECKSUM_AT 5u /* version 6: offset of the footer's own checksum */
#define UNREAD_BYTES 16u

static int corrupt(mv_err *err, uint64_t offset, const char *what)
{
    return mv_fail_ab(err, MV_E_CORRUPT_SST, offset, 0, what);
}

static bool checksum_holds(const sst_checksum *c, const uint8_t bytes[SST_FOOTER_BYTES], uint64_t offset)
{
    uint8_t copy[SST_FOOTER_BYTES];
    memcpy(copy, bytes, sizeof copy);
    mv_put_le32(copy + CHECKSUM_AT, 0);
    return mv_get_le32(bytes + CHECKSUM_AT) == sst_checksum_of(c, offset, copy, sizeof copy);
}

/* What stands between checksum type and format version from version 6 on. */
static int take_version_6(sst_footer *f, const uint8_t bytes[SST_FOOTER_BYTES], uint64_t offset, mv_err *err)
{
    mv_rd r = mv_rd_over(bytes + 1, SST_FOOTER_HANDLES_BYTES);
    const uint8_t *unread;
    uint32_t magic, checksum, size;
    uint64_t zeros;
    bool good = mv_rd_le32(&r, &magic) && mv_rd_le32(&r, &checksum) && mv_rd_le32(&r, &f->checksum.base) &&
                mv_rd_le32(&r, &size) && mv_rd_bytes(&r, UNREAD_BYTES, &unread) && mv_rd_le64(&r, &zeros);
    if (!good || magic != EXTENDED_MAGIC || zeros != 0)
        return corrupt(err, offset, "footer of version 6");
    if (!checksum_holds(&f->checksum, bytes, offset))
        return corrupt(err, offset, "checksum of the footer");
    if ((uint64_t)size + SST_TRAILER_BYTES > offset)
        return corrupt(err, offset, "size of the metaindex");
    f->metaindex = (sst_handle){offset - SST_TRAILER_BYTES - size, size};
    return MV_OK;
}

static int take_handles(sst_footer *f, const uint8_t bytes[SST_FOOTER_BYTES], uint64_t offset, mv_err *err)
{
    mv_rd r = mv_rd_over(bytes + 1, SST_FOOTER_HANDLES_BYTES);
    bool good = sst_rd_handle(&r, &f->metaindex) && sst_rd_handle(&r, &f->index);
    return good ? MV_OK : corrupt(err, offset, "handles in the footer");
}

static int take_footer(sst_footer *f, const uint8_t bytes[SST_FOOTER_BYTES], uint64_t offset, mv_err *err)
{
    *f = (sst_footer){.checksum.type = bytes[0],
                      .format_version = mv_get_le32(bytes + 1 + SST_FOOTER_HANDLES_BYTES)};
    if (mv_get_le64(bytes + SST_FOOTER_BYTES - 8) != SST_MAGIC)
        return corrupt(err, offset, "no SST: magic number");
    if (f->format_version < SST_FORMAT_VERSION_OLDEST || f->format_version > SST_FORMAT_VERSION_NEWEST)
        return mv_fail(err, MV_E_UNSUPPORTED, "format version %u", f->format_version);
    if (!sst_checksum_is_known(f->checksum.type))
        return mv_fail(err, MV_E_UNSUPPORTED, "checksum type %u", f->checksum.type);
    return f->format_version < SST_FORMAT_VERSION_CONTEXT ? take_handles(f, bytes, offset, err)
                                                          : take_version_6(f, bytes, offset, err);
}

int sst_footer_read(const sst_source *s, sst_footer *out, mv_err *err)
{
    if (s->size < SST_FOOTER_BYTES)
        return corrupt(err, 0, "file is shorter than a footer");
    const uint8_t *bytes;
    mv_buf buffer = {0};
    uint64_t offset = s->size - SST_FOOTER_BYTES;
    int rc = sst_source_read(s, offset, SST_FOOTER_BYTES, &buffer, &bytes, err);
    if (rc == MV_OK)
        rc = take_footer(out, bytes, offset, err);
    mv_buf_free(&buffer);
    return rc;
}
