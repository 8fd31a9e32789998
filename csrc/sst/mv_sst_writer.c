/* The writer: one pass over rows in order, blocks appended to the output as they fill. */
#include "base/mv_alloc.h"
#include "base/mv_error.h"
#include "sst/mv_sst_builder.h"
#include "sst/mv_sst_codec.h"
#include "sst/mv_sst_key.h"
#include "sst/mv_sst_tail.h"

#define SESSION_CHARACTERS 20
#define KEPT_BLOCK_FACTOR                                                                                    \
    4 /* a block buffer that one large row made bigger than this many blocks is let go */

struct mv_sst_writer {
    mv_sst_options options;
    sst_encoder encoder;
    sst_builder data;  /* the open block */
    sst_builder index; /* last user key of each block, and its handle */
    sst_props props;   /* the caller's properties; from finish on, all */
    mv_buf last_key;   /* user key of the last row */
    mv_buf out;
    uint64_t file_end; /* bytes of the file that were made: offset of the next block */
    mv_sst_stats stats;
    bool finished;
};

static bool session_is_valid(const char *session)
{
    size_t len = 0;
    for (; len < SESSION_CHARACTERS; len++) {
        char c = session[len];
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
            return false;
    }
    return session[len] == '\0';
}

int mv_sst_writer_new(const mv_sst_options *options, mv_sst_writer **out, mv_err *err)
{
    if (!session_is_valid(options->session))
        return mv_fail(err, MV_E_INVALID, "session is not 20 characters A-Z 0-9");
    mv_sst_writer *w = mv_calloc(1, sizeof *w);
    if (w == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "SST writer");
    w->options = *options;
    if (w->options.block_bytes == 0)
        w->options.block_bytes = SST_DEFAULT_BLOCK_BYTES;
    int rc = sst_encoder_init(&w->encoder, options->compression, options->level, err);
    if (rc != MV_OK) {
        mv_sst_writer_free(w);
        return rc;
    }
    *out = w;
    return MV_OK;
}

void mv_sst_writer_free(mv_sst_writer *w)
{
    if (w == NULL)
        return;
    sst_encoder_free(&w->encoder);
    sst_builder_free(&w->data);
    sst_builder_free(&w->index);
    sst_props_free(&w->props);
    mv_buf_free(&w->last_key);
    mv_buf_free(&w->out);
    mv_free(w);
}

int mv_sst_writer_property(mv_sst_writer *w, const char *name, const uint8_t *value, size_t value_len,
                           mv_err *err)
{
    if (w->finished)
        return mv_fail(err, MV_E_INVALID, "the SST is finished");
    if (strncmp(name, SST_OWN_PREFIX, strlen(SST_OWN_PREFIX)) != 0)
        return mv_fail(err, MV_E_INVALID, "property %s does not begin with " SST_OWN_PREFIX, name);
    if (strcmp(name, SST_OWN_ROWS) == 0 || strcmp(name, SST_OWN_MIN_TS) == 0 ||
        strcmp(name, SST_OWN_MAX_TS) == 0)
        return mv_fail(err, MV_E_INVALID, "property %s is the writer's own", name);
    return sst_props_add(&w->props, name, value, value_len, err);
}

/* Appends content as one block to the output and sets *handle. MV_E_NO_MEMORY: the output is unchanged. */
static int append_block(mv_sst_writer *w, sst_encoder *encoder, const mv_buf *content, sst_handle *handle,
                        mv_err *err)
{
    uint8_t compression, *trailer;
    size_t before = w->out.len;
    int rc = sst_encode(encoder, content->data, content->len, &w->out, &compression, err);
    if (rc == MV_OK)
        rc = mv_buf_extend(&w->out, SST_TRAILER_BYTES, &trailer, err);
    if (rc != MV_OK) {
        w->out.len = before;
        return rc;
    }
    size_t stored = w->out.len - before - SST_TRAILER_BYTES;
    trailer[0] = compression;
    mv_put_le32(trailer + 1, sst_block_crc(w->out.data + before, stored, compression));
    *handle = (sst_handle){w->file_end, stored};
    w->file_end += stored + SST_TRAILER_BYTES;
    return MV_OK;
}

static int add_to_index(mv_sst_writer *w, sst_handle handle, mv_err *err)
{
    uint8_t bytes[SST_HANDLE_MAX_BYTES];
    size_t len = sst_put_handle(bytes, handle);
    return sst_builder_add_whole(&w->index, w->last_key.data, w->last_key.len, bytes, len, true, err);
}

/* Moves the open block to the output. MV_E_NO_MEMORY: it stays open. */
static int flush_block(mv_sst_writer *w, mv_err *err)
{
    sst_handle handle;
    size_t entries_end = w->data.content.len, out_before = w->out.len;
    uint64_t end_before = w->file_end;
    int rc = sst_builder_finish(&w->data, err);
    if (rc == MV_OK)
        rc = append_block(w, &w->encoder, &w->data.content, &handle, err);
    if (rc == MV_OK)
        rc = add_to_index(w, handle, err);
    if (rc != MV_OK) {
        w->data.content.len = entries_end;
        w->out.len = out_before;
        w->file_end = end_before;
        return rc;
    }
    w->stats.data_blocks++;
    sst_builder_clear(&w->data);
    if (w->data.content.cap / KEPT_BLOCK_FACTOR > w->options.block_bytes)
        mv_buf_free(&w->data.content);
    return MV_OK;
}

/* Compares the new user key with the last row's: *shared is the length of the prefix they have in common. */
static int check_order(const mv_sst_writer *w, const uint8_t *key, size_t key_len, size_t *shared,
                       mv_err *err)
{
    *shared = 0;
    if (w->stats.rows == 0)
        return MV_OK;
    const uint8_t *last = w->last_key.data;
    size_t new_bytes = key_len - SST_TS_BYTES, last_bytes = w->last_key.len - SST_TS_BYTES;
    size_t shorter = new_bytes < last_bytes ? new_bytes : last_bytes;
    size_t same = sst_common_prefix(last, key, shorter);
    bool above;
    if (same < shorter)
        above = key[same] > last[same];
    else if (new_bytes != last_bytes)
        above = new_bytes > last_bytes;
    else {
        above = mv_get_le64(key + new_bytes) < mv_get_le64(last + last_bytes);
        same += sst_common_prefix(last + same, key + same, SST_TS_BYTES);
    }
    *shared = same;
    return above ? MV_OK : mv_fail(err, MV_E_INVALID, "SST rows are not in order");
}

static int check_row(const mv_sst_writer *w, size_t key_len, int type, size_t value_len, mv_err *err)
{
    if (w->finished)
        return mv_fail(err, MV_E_INVALID, "the SST is finished");
    if (key_len < SST_TS_BYTES)
        return mv_fail_ab(err, MV_E_INVALID, key_len, SST_TS_BYTES, "user key without a timestamp");
    if (type != MV_SST_VALUE && type != MV_SST_TOMBSTONE)
        return mv_fail_ab(err, MV_E_INVALID, (uint64_t)type, 0, "SST row type");
    if (type == MV_SST_TOMBSTONE && value_len > 0)
        return mv_fail_ab(err, MV_E_INVALID, value_len, 0, "tombstone with a value");
    uint64_t room = UINT32_MAX - w->options.block_bytes - 64;
    if (key_len > room || value_len > room - key_len)
        return mv_fail_ab(err, MV_E_TOO_BIG, (uint64_t)key_len + value_len, room, "SST row");
    return MV_OK;
}

/* Encodes the row behind the open block's entries; MV_E_NO_MEMORY: the block is unchanged. */
static int append_row(mv_sst_writer *w, const uint8_t *key, size_t key_len, size_t shared, int type,
                      const uint8_t *value, size_t value_len, mv_err *err)
{
    bool restart;
    mv_buf *content = &w->data.content;
    size_t room = content->len + SST_ENTRY_HEAD_MAX_BYTES + key_len + SST_KEY_TAIL_BYTES + value_len;
    int rc = mv_buf_reserve(content, room, err);
    if (rc == MV_OK)
        rc = sst_builder_restart(&w->data, SST_RESTART_INTERVAL, &restart, err);
    if (rc != MV_OK)
        return rc;
    if (restart)
        shared = 0;
    uint8_t *at = content->data + content->len;
    size_t rest = key_len - shared;
    at += mv_put_varint(at, shared);
    at += mv_put_varint(at, rest + SST_KEY_TAIL_BYTES);
    at += mv_put_varint(at, value_len);
    memcpy(at, key + shared, rest);
    at += rest;
    mv_put_le64(at, (uint64_t)type);
    at += SST_KEY_TAIL_BYTES;
    if (value_len > 0)
        memcpy(at, value, value_len);
    content->len = (size_t)(at - content->data) + value_len;
    w->data.entries++;
    return MV_OK;
}

static void count_row(mv_sst_writer *w, size_t key_len, int type, size_t value_len, uint64_t ts)
{
    mv_sst_stats *s = &w->stats;
    s->min_ts = s->rows == 0 || ts < s->min_ts ? ts : s->min_ts;
    s->max_ts = ts > s->max_ts ? ts : s->max_ts;
    s->rows++;
    s->tombstones += type == MV_SST_TOMBSTONE;
    s->raw_key_bytes += key_len + SST_KEY_TAIL_BYTES;
    s->raw_value_bytes += value_len;
}

int mv_sst_writer_add(mv_sst_writer *w, const uint8_t *key, size_t key_len, int type, const uint8_t *value,
                      size_t value_len, mv_err *err)
{
    size_t shared;
    int rc = check_row(w, key_len, type, value_len, err);
    if (rc == MV_OK)
        rc = check_order(w, key, key_len, &shared, err);
    if (rc != MV_OK)
        return rc;
    uint64_t after =
        sst_builder_size(&w->data) + SST_ENTRY_HEAD_MAX_BYTES + key_len + SST_KEY_TAIL_BYTES + value_len;
    if (w->data.entries > 0 && after > w->options.block_bytes)
        rc = flush_block(w, err);
    if (rc == MV_OK)
        rc = mv_buf_reserve(&w->last_key, key_len, err);
    if (rc == MV_OK)
        rc = append_row(w, key, key_len, shared, type, value, value_len, err);
    if (rc != MV_OK)
        return rc;
    memcpy(w->last_key.data + shared, key + shared, key_len - shared);
    w->last_key.len = key_len;
    count_row(w, key_len, type, value_len, mv_get_le64(key + key_len - SST_TS_BYTES));
    return MV_OK;
}

static int append_index(mv_sst_writer *w, sst_handle *handle, mv_err *err)
{
    sst_encoder raw = {.compression = MV_SST_NONE};
    int rc = sst_builder_finish(&w->index, err);
    return rc == MV_OK ? append_block(w, &raw, &w->index.content, handle, err) : rc;
}

/* Appends properties, metaindex and footer, all of which are stored raw. */
static int append_tail(mv_sst_writer *w, uint64_t data_end, sst_handle index, mv_err *err)
{
    sst_encoder raw = {.compression = MV_SST_NONE};
    sst_builder block = {0};
    sst_handle properties, metaindex;
    uint8_t footer[SST_FOOTER_BYTES];
    int rc = sst_tail_properties(&w->options, &w->stats, data_end, index, &w->props, &block, err);
    if (rc == MV_OK)
        rc = append_block(w, &raw, &block.content, &properties, err);
    sst_builder_clear(&block);
    if (rc == MV_OK)
        rc = sst_tail_metaindex(properties, &block, err);
    if (rc == MV_OK)
        rc = append_block(w, &raw, &block.content, &metaindex, err);
    if (rc == MV_OK) {
        sst_tail_footer(metaindex, index, footer);
        rc = mv_buf_append(&w->out, footer, sizeof footer, err);
    }
    sst_builder_free(&block);
    return rc;
}

int mv_sst_writer_finish(mv_sst_writer *w, mv_err *err)
{
    sst_handle index;
    if (w->finished)
        return mv_fail(err, MV_E_INVALID, "the SST is finished");
    int rc = w->data.entries > 0 ? flush_block(w, err) : MV_OK;
    if (rc != MV_OK)
        return rc;
    w->finished = true;
    uint64_t data_end = w->file_end;
    rc = append_index(w, &index, err);
    if (rc == MV_OK)
        rc = append_tail(w, data_end, index, err);
    if (rc == MV_OK)
        w->file_end += SST_FOOTER_BYTES;
    return rc;
}

mv_buf *mv_sst_writer_out(mv_sst_writer *w)
{
    return &w->out;
}

uint64_t mv_sst_writer_size(const mv_sst_writer *w)
{
    if (w->finished)
        return w->file_end;
    return w->file_end + sst_builder_size(&w->data) + sst_builder_size(&w->index);
}

void mv_sst_writer_stats(const mv_sst_writer *w, mv_sst_stats *out)
{
    *out = w->stats;
    out->file_bytes = mv_sst_writer_size(w);
}
