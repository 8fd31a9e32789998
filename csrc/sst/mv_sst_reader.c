/* Opening a file: footer, metaindex, properties, index, each checked before the next is looked for. */
#include "sst/mv_sst_reader.h"

#include "base/mv_alloc.h"
#include "base/mv_buf.h"
#include "base/mv_error.h"
#include "sst/mv_sst_page.h"

#define DEFAULT_MAX_BLOCK_BYTES (UINT64_C(64) << 20)
#define META_MAX_BYTES (UINT64_C(4) << 20) /* of metaindex and properties, and of all names in them */

typedef struct tail { /* what leads from the footer to the rest */
    sst_handle metaindex;
    sst_handle index;
    sst_handle properties;
    bool has_properties;
} tail;

static const sst_form META_FORM = {.ordered = true};

static int corrupt(mv_err *err, uint64_t offset, const char *what)
{
    return mv_fail_ab(err, MV_E_CORRUPT_SST, offset, 0, what);
}

static uint64_t meta_max(const mv_sst_reader *r)
{
    return r->source.max_block_bytes < META_MAX_BYTES ? r->source.max_block_bytes : META_MAX_BYTES;
}

static int read_footer(mv_sst_reader *r, tail *t, mv_err *err)
{
    sst_source *s = &r->source;
    if (s->size < SST_FOOTER_BYTES)
        return corrupt(err, 0, "file is shorter than a footer");
    const uint8_t *footer;
    mv_buf buffer = {0};
    uint64_t offset = s->size - SST_FOOTER_BYTES;
    int rc = sst_source_read(s, offset, SST_FOOTER_BYTES, &buffer, &footer, err);
    if (rc != MV_OK)
        goto done;
    s->checksum = footer[0];
    r->format_version = mv_get_le32(footer + 1 + SST_FOOTER_HANDLES_BYTES);
    mv_rd handles = mv_rd_over(footer + 1, SST_FOOTER_HANDLES_BYTES);
    if (mv_get_le64(footer + SST_FOOTER_BYTES - 8) != SST_MAGIC)
        rc = corrupt(err, offset, "no SST: magic number");
    else if (r->format_version < SST_FORMAT_VERSION_OLDEST || r->format_version > SST_FORMAT_VERSION)
        rc = mv_fail(err, MV_E_UNSUPPORTED, "format version %u", r->format_version);
    else if (s->checksum != SST_CHECKSUM_NONE && s->checksum != SST_CHECKSUM_CRC32C)
        rc = mv_fail(err, MV_E_UNSUPPORTED, "checksum type %u", s->checksum);
    else if (!sst_rd_handle(&handles, &t->metaindex) || !sst_rd_handle(&handles, &t->index))
        rc = corrupt(err, offset, "handles in the footer");
done:
    mv_buf_free(&buffer);
    return rc;
}

static bool name_is(const mv_buf *name, const char *text)
{
    return name->len == strlen(text) && memcmp(name->data, text, name->len) == 0;
}

/* Takes what we need of a metaindex entry; what would change the meaning of the rows is refused. */
static int take_meta(const sst_cursor *c, tail *t, mv_err *err)
{
    if (name_is(&c->key, SST_META_RANGE_DEL) || name_is(&c->key, SST_META_DICTIONARY))
        return mv_fail(err, MV_E_UNSUPPORTED, "block %.*s", (int)c->key.len, (const char *)c->key.data);
    if (!name_is(&c->key, SST_META_PROPERTIES))
        return MV_OK;
    mv_rd value = mv_rd_over(c->value, c->value_len);
    t->has_properties = sst_rd_handle(&value, &t->properties);
    return t->has_properties ? MV_OK : corrupt(err, c->offset, "handle of the properties");
}

static int read_metaindex(const mv_sst_reader *r, tail *t, mv_err *err)
{
    sst_block block = {0};
    sst_decoder decoder = {0};
    sst_cursor c = {0};
    int rc = sst_block_load(&block, &r->source, t->metaindex, meta_max(r), &decoder, err);
    if (rc == MV_OK)
        rc = sst_cursor_open(&c, block.data, block.len, block.offset, META_FORM, err);
    while (rc == MV_OK && (rc = sst_cursor_next(&c, err)) == MV_OK)
        rc = take_meta(&c, t, err);
    if (rc == MV_DONE)
        rc = t->has_properties ? MV_OK : corrupt(err, t->metaindex.offset, "no properties");
    sst_cursor_free(&c);
    sst_decoder_free(&decoder);
    sst_block_free(&block);
    return rc;
}

static int take_property(mv_sst_reader *r, const sst_cursor *c, mv_err *err)
{
    mv_sst_row row = {
        .key = c->key.data, .key_len = c->key.len, .value = c->value, .value_len = c->value_len};
    if (r->properties.keys.len + c->key.len > meta_max(r))
        return corrupt(err, c->offset, "properties are above the size limit");
    return sst_page_add(&r->properties, &row, 0, err);
}

static int read_properties(mv_sst_reader *r, sst_handle handle, mv_err *err)
{
    sst_block block = {0};
    sst_decoder decoder = {0};
    sst_cursor c = {0};
    int rc = sst_block_load(&block, &r->source, handle, meta_max(r), &decoder, err);
    if (rc == MV_OK)
        rc = sst_cursor_open(&c, block.data, block.len, block.offset, META_FORM, err);
    while (rc == MV_OK && (rc = sst_cursor_next(&c, err)) == MV_OK)
        rc = take_property(r, &c, err);
    sst_cursor_free(&c);
    sst_decoder_free(&decoder);
    sst_block_free(&block);
    return rc == MV_DONE ? MV_OK : rc;
}

static bool property_is(const mv_sst_reader *r, const char *name, const char *text)
{
    const uint8_t *value;
    size_t len;
    return mv_sst_reader_property(r, name, &value, &len) == MV_OK && len == strlen(text) &&
           memcmp(value, text, len) == 0;
}

/* What the properties say of the form of data and index blocks. */
static int take_forms(mv_sst_reader *r, mv_err *err)
{
    const uint8_t *type;
    size_t len;
    if (mv_sst_reader_property(r, SST_PROP_INDEX_TYPE, &type, &len) == MV_OK &&
        (len != 4 || mv_get_le32(type) != 0))
        return mv_fail(err, MV_E_UNSUPPORTED, "index type");
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
    return MV_OK;
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

static int read_file(mv_sst_reader *r, mv_err *err)
{
    tail t = {0};
    sst_decoder decoder = {0};
    int rc = read_footer(r, &t, err);
    if (rc == MV_OK)
        rc = read_metaindex(r, &t, err);
    if (rc == MV_OK)
        rc = read_properties(r, t.properties, err);
    if (rc == MV_OK)
        rc = take_forms(r, err);
    if (rc == MV_OK)
        rc = sst_block_load(&r->index, &r->source, t.index, r->source.max_block_bytes, &decoder, err);
    if (rc == MV_OK)
        rc = check_index(r, err);
    sst_decoder_free(&decoder);
    return rc;
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
