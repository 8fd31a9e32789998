#include "sst/mv_sst_meta.h"

#include "base/mv_buf.h"
#include "base/mv_error.h"
#include "sst/mv_sst_page.h"

#define META_MAX_BYTES (UINT64_C(4) << 20) /* of metaindex and properties, and of all names in them */
#define SEQNO_BYTES 8u                     /* of the property SST_PROP_GLOBAL_SEQNO */

typedef struct meta { /* what the metaindex leads to */
    sst_handle index;
    sst_handle properties;
    bool has_index;
    bool has_properties;
} meta;

static const sst_form META_FORM = {.ordered = true};

static int corrupt(mv_err *err, uint64_t offset, const char *what)
{
    return mv_fail_ab(err, MV_E_CORRUPT_SST, offset, 0, what);
}

static uint64_t meta_max(const mv_sst_reader *r)
{
    return r->source.max_block_bytes < META_MAX_BYTES ? r->source.max_block_bytes : META_MAX_BYTES;
}

static bool name_is(const mv_buf *name, const char *text)
{
    return name->len == strlen(text) && memcmp(name->data, text, name->len) == 0;
}

/* Takes what we need of a metaindex entry; what would change the meaning of the rows is refused. */
static int take_entry(const sst_cursor *c, meta *m, mv_err *err)
{
    if (name_is(&c->key, SST_META_RANGE_DEL) || name_is(&c->key, SST_META_DICTIONARY))
        return mv_fail(err, MV_E_UNSUPPORTED, "block %.*s", (int)c->key.len, (const char *)c->key.data);
    bool properties = name_is(&c->key, SST_META_PROPERTIES);
    if (!properties && !name_is(&c->key, SST_META_INDEX))
        return MV_OK;
    mv_rd value = mv_rd_over(c->value, c->value_len);
    if (!sst_rd_handle(&value, properties ? &m->properties : &m->index))
        return corrupt(err, c->offset, "handle in the metaindex");
    *(properties ? &m->has_properties : &m->has_index) = true;
    return MV_OK;
}

static int read_metaindex(const mv_sst_reader *r, sst_handle handle, meta *m, mv_err *err)
{
    sst_block block = {0};
    sst_decoder decoder = {0};
    sst_cursor c = {0};
    int rc = sst_block_load(&block, &r->source, handle, meta_max(r), &decoder, err);
    if (rc == MV_OK)
        rc = sst_cursor_open(&c, block.data, block.len, block.offset, META_FORM, err);
    while (rc == MV_OK && (rc = sst_cursor_next(&c, err)) == MV_OK)
        rc = take_entry(&c, m, err);
    sst_cursor_free(&c);
    sst_decoder_free(&decoder);
    sst_block_free(&block);
    return rc == MV_DONE ? MV_OK : rc;
}

/* Sets *at to where the global sequence number stands in a block of properties that was not checked; MV_DONE where it
 * does not. */
static int find_seqno(const sst_block *b, size_t *at, mv_err *err)
{
    sst_cursor c = {0};
    int rc = sst_cursor_open(&c, b->data, b->len, b->offset, META_FORM, err);
    while (rc == MV_OK && (rc = sst_cursor_next(&c, err)) == MV_OK)
        if (name_is(&c.key, SST_PROP_GLOBAL_SEQNO) && c.value_len == SEQNO_BYTES)
            break;
    *at = rc == MV_OK ? (size_t)(c.value - b->data) : 0;
    sst_cursor_free(&c);
    return rc;
}

/* RocksDB may write the global sequence number over the zeros in a file that it ingests where it lies, and leaves the
 * checksum as it was: what must hold is the checksum of the block with zeros there. */
static int check_overwritten(const mv_sst_reader *r, const sst_block *b, mv_err *err)
{
    mv_buf copy = {0};
    size_t at;
    int rc = b->data[b->len] == MV_SST_NONE ? find_seqno(b, &at, err) : MV_DONE;
    if (rc == MV_OK)
        rc = mv_buf_set(&copy, b->data, b->len + SST_TRAILER_BYTES, err);
    if (rc == MV_OK) {
        memset(copy.data + at, 0, SEQNO_BYTES);
        rc = sst_source_checks(&r->source, b->offset, copy.data, b->len) ? MV_OK : MV_DONE;
    }
    mv_buf_free(&copy);
    return rc == MV_OK || rc == MV_E_NO_MEMORY ? rc : corrupt(err, b->offset, "checksum of the properties");
}

static int load_properties(const mv_sst_reader *r, sst_handle handle, sst_block *b, sst_decoder *d,
                           mv_err *err)
{
    int rc = sst_block_fetch(b, &r->source, handle, meta_max(r), err);
    if (rc == MV_OK && !sst_source_checks(&r->source, b->offset, b->data, b->len))
        rc = check_overwritten(r, b, err);
    return rc == MV_OK ? sst_block_unpack(b, meta_max(r), d, err) : rc;
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
    int rc = load_properties(r, handle, &block, &decoder, err);
    if (rc == MV_OK)
        rc = sst_cursor_open(&c, block.data, block.len, block.offset, META_FORM, err);
    while (rc == MV_OK && (rc = sst_cursor_next(&c, err)) == MV_OK)
        rc = take_property(r, &c, err);
    sst_cursor_free(&c);
    sst_decoder_free(&decoder);
    sst_block_free(&block);
    return rc == MV_DONE ? MV_OK : rc;
}

/* Whether an entry leads to a block that opening the file did not check. */
static bool is_other_block(const sst_cursor *c, sst_handle *handle)
{
    mv_rd value = mv_rd_over(c->value, c->value_len);
    return !name_is(&c->key, SST_META_PROPERTIES) && !name_is(&c->key, SST_META_INDEX) &&
           sst_rd_handle(&value, handle);
}

static int check_block(const mv_sst_reader *r, sst_block *b, sst_handle handle, mv_err *err)
{
    int rc = sst_block_fetch(b, &r->source, handle, r->source.max_block_bytes, err);
    if (rc == MV_OK && !sst_source_checks(&r->source, b->offset, b->data, b->len))
        rc = corrupt(err, b->offset, "checksum of a block");
    return rc;
}

int sst_meta_check_others(const mv_sst_reader *r, mv_err *err)
{
    sst_block block = {0}, other = {0};
    sst_decoder decoder = {0};
    sst_cursor c = {0};
    sst_handle handle;
    int rc = sst_block_load(&block, &r->source, r->metaindex, meta_max(r), &decoder, err);
    if (rc == MV_OK)
        rc = sst_cursor_open(&c, block.data, block.len, block.offset, META_FORM, err);
    while (rc == MV_OK && (rc = sst_cursor_next(&c, err)) == MV_OK)
        if (is_other_block(&c, &handle))
            rc = check_block(r, &other, handle, err);
    sst_cursor_free(&c);
    sst_decoder_free(&decoder);
    sst_block_free(&other);
    sst_block_free(&block);
    return rc == MV_DONE ? MV_OK : rc;
}

int sst_meta_read(mv_sst_reader *r, const sst_footer *footer, sst_handle *index, mv_err *err)
{
    meta m = {0};
    bool listed = footer->format_version >= SST_FORMAT_VERSION_CONTEXT;
    int rc = read_metaindex(r, footer->metaindex, &m, err);
    if (rc != MV_OK)
        return rc;
    if (!m.has_properties || (listed && !m.has_index))
        return corrupt(err, footer->metaindex.offset, m.has_properties ? "no index" : "no properties");
    *index = listed ? m.index : footer->index;
    return read_properties(r, m.properties, err);
}
