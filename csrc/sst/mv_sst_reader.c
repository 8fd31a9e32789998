/* Opening a file: footer, metaindex, properties, index, each checked before the next is looked for. */
#include "sst/mv_sst_reader.h"

#include "base/mv_alloc.h"
#include "base/mv_error.h"
#include "sst/mv_sst_meta.h"
#include "sst/mv_sst_page.h"

#define DEFAULT_MAX_BLOCK_BYTES (UINT64_C(64) << 20)

static int corrupt(mv_err *err, uint64_t offset, const char *what)
{
    return mv_fail_ab(err, MV_E_CORRUPT_SST, offset, 0, what);
}

static bool property_is(const mv_sst_reader *r, const char *name, const char *text)
{
    const uint8_t *value;
    size_t len;
    return mv_sst_reader_property(r, name, &value, &len) == MV_OK && len == strlen(text) &&
           memcmp(value, text, len) == 0;
}

static int check_index_type(const mv_sst_reader *r, mv_err *err)
{
    const char *const names[] = {"binary search", "hash", "partitioned", "with first keys"};
    const uint8_t *value;
    size_t len;
    if (mv_sst_reader_property(r, SST_PROP_INDEX_TYPE, &value, &len) != MV_OK)
        return MV_OK;
    mv_rd bytes = mv_rd_over(value, len);
    uint32_t type;
    if (!mv_rd_le32(&bytes, &type))
        return corrupt(err, r->source.size, "index type");
    bool named = type < sizeof names / sizeof *names;
    return type == 0
               ? MV_OK
               : mv_fail(err, MV_E_UNSUPPORTED, "index type %u (%s)", type, named ? names[type] : "unknown");
}

/* The number that RocksDB gave to all rows of a file at its ingest. */
static int take_global_seqno(mv_sst_reader *r, mv_err *err)
{
    const uint8_t *value;
    size_t len;
    if (mv_sst_reader_property(r, SST_PROP_GLOBAL_SEQNO, &value, &len) != MV_OK)
        return MV_OK;
    mv_rd bytes = mv_rd_over(value, len);
    bool good = mv_rd_le64(&bytes, &r->global_seqno) && r->global_seqno <= SST_SEQNO_MAX;
    return good ? MV_OK : corrupt(err, r->source.size, "global sequence number");
}

/* What the properties say of the form of data and index blocks. */
static void take_forms(mv_sst_reader *r)
{
    r->order = property_is(r, SST_PROP_COMPARATOR, SST_COMPARATOR_U64TS)   ? MV_SST_ORDER_U64TS
               : property_is(r, SST_PROP_COMPARATOR, SST_COMPARATOR_BYTES) ? MV_SST_ORDER_BYTES
                                                                           : MV_SST_ORDER_UNKNOWN;
    uint64_t user_key = 0, delta = 0;
    sst_reader_number(r, SST_PROP_INDEX_USER_KEY, &user_key);
    sst_reader_number(r, SST_PROP_INDEX_DELTA, &delta);
    r->index_user_key = user_key != 0;
    r->data_form.ordered = r->index_form.ordered = r->order != MV_SST_ORDER_UNKNOWN;
    r->data_form.suffix = SST_KEY_TAIL_BYTES + (r->order == MV_SST_ORDER_U64TS ? SST_TS_BYTES : 0);
    r->index_form.suffix = r->data_form.suffix - (r->index_user_key ? SST_KEY_TAIL_BYTES : 0);
    r->index_form.bare = delta != 0;
}

int sst_index_next(sst_cursor *c, sst_handle *handle, mv_err *err)
{
    int rc = sst_cursor_next(c, err);
    if (rc != MV_OK)
        return rc;
    if (c->form.bare) {
        *handle = c->handle;
        return MV_OK;
    }
    mv_rd value = mv_rd_over(c->value, c->value_len);
    bool good = sst_rd_handle(&value, handle) && mv_rd_left(&value) == 0;
    return good ? MV_OK : corrupt(err, c->offset, "handle in the index");
}

/* Walks the whole index: keys in order, and each block behind the one before, so that no block is read twice. */
static int check_index(const mv_sst_reader *r, mv_err *err)
{
    sst_cursor c = {0};
    sst_handle handle;
    uint64_t end = 0, limit = r->source.size - SST_FOOTER_BYTES;
    int rc = sst_cursor_open(&c, r->index.data, r->index.len, r->index.offset, r->index_form, err);
    while (rc == MV_OK && (rc = sst_index_next(&c, &handle, err)) == MV_OK) {
        if (handle.offset < end || handle.offset > limit || handle.size > limit - handle.offset)
            rc = corrupt(err, c.offset, "place of a block in the index");
        end = handle.offset + handle.size + SST_TRAILER_BYTES;
    }
    sst_cursor_free(&c);
    return rc == MV_DONE ? MV_OK : rc;
}

static int read_index(mv_sst_reader *r, sst_handle handle, mv_err *err)
{
    sst_decoder decoder = {0};
    int rc = sst_block_load(&r->index, &r->source, handle, r->source.max_block_bytes, &decoder, err);
    sst_decoder_free(&decoder);
    return rc == MV_OK ? check_index(r, err) : rc;
}

static int read_file(mv_sst_reader *r, mv_err *err)
{
    sst_footer footer;
    sst_handle index;
    int rc = sst_footer_read(&r->source, &footer, err);
    if (rc != MV_OK)
        return rc;
    r->format_version = footer.format_version;
    r->source.checksum = footer.checksum;
    r->metaindex = footer.metaindex;
    rc = sst_meta_read(r, &footer, &index, err);
    if (rc == MV_OK)
        rc = check_index_type(r, err);
    if (rc == MV_OK)
        rc = take_global_seqno(r, err);
    if (rc != MV_OK)
        return rc;
    take_forms(r);
    return read_index(r, index, err);
}

static int open_source(sst_source source, mv_sst_reader **out, mv_err *err)
{
    mv_sst_reader *r = mv_calloc(1, sizeof *r);
    if (r == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "SST reader");
    r->source = source;
    if (source.max_block_bytes == 0)
        r->source.max_block_bytes = DEFAULT_MAX_BLOCK_BYTES;
    int rc = read_file(r, err);
    if (rc == MV_OK)
        *out = r;
    else
        mv_sst_reader_free(r);
    return rc;
}

int mv_sst_reader_open_fd(int fd, uint64_t size, uint64_t max_block_bytes, mv_sst_reader **out, mv_err *err)
{
    return open_source((sst_source){.fd = fd, .size = size, .max_block_bytes = max_block_bytes}, out, err);
}

int mv_sst_reader_open_memory(const uint8_t *data, size_t size, uint64_t max_block_bytes, mv_sst_reader **out,
                              mv_err *err)
{
    return open_source((sst_source){.memory = data, .size = size, .max_block_bytes = max_block_bytes}, out,
                       err);
}

void mv_sst_reader_free(mv_sst_reader *r)
{
    if (r == NULL)
        return;
    mv_sst_page_free(&r->properties);
    sst_block_free(&r->index);
    mv_free(r);
}

int mv_sst_reader_order(const mv_sst_reader *r)
{
    return r->order;
}

int mv_sst_reader_format_version(const mv_sst_reader *r)
{
    return (int)r->format_version;
}

uint64_t mv_sst_reader_global_seqno(const mv_sst_reader *r)
{
    return r->global_seqno;
}
