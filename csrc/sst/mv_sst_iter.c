/* Iteration over the rows of one file: an index cursor leads to the data block that a second cursor walks. */
#include "base/mv_alloc.h"
#include "base/mv_buf.h"
#include "base/mv_error.h"
#include "sst/mv_sst_key.h"
#include "sst/mv_sst_page.h"
#include "sst/mv_sst_reader.h"

typedef enum place {
    PLACE_NONE,
    PLACE_ROW,
    PLACE_END
} place;

struct mv_sst_iter {
    const mv_sst_reader *r;
    place place;
    sst_cursor index; /* at the entry of the current block */
    sst_cursor data;
    sst_block block;
    sst_decoder decoder;
    mv_buf lower; /* index key of the block before, which every key of this one is above */
    bool has_lower;
    bool at_start; /* the next entry is the first of its block */
};

int mv_sst_iter_new(const mv_sst_reader *r, mv_sst_iter **out, mv_err *err)
{
    mv_sst_iter *it = mv_calloc(1, sizeof *it);
    if (it == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "SST iterator");
    it->r = r;
    *out = it;
    return MV_OK;
}

void mv_sst_iter_free(mv_sst_iter *it)
{
    if (it == NULL)
        return;
    sst_cursor_free(&it->index);
    sst_cursor_free(&it->data);
    sst_block_free(&it->block);
    sst_decoder_free(&it->decoder);
    mv_buf_free(&it->lower);
    mv_free(it);
}

/* Compares the current data key with an index key, which may lack sequence and type. */
static int compare_with_index(const mv_sst_iter *it, const mv_buf *index_key)
{
    size_t dropped = it->r->index_user_key ? SST_KEY_TAIL_BYTES : 0;
    return sst_compare(it->r->index_form.suffix, it->data.key.data, it->data.key.len - dropped,
                       index_key->data, index_key->len);
}

static int open_index(mv_sst_iter *it, mv_err *err)
{
    const sst_block *b = &it->r->index;
    it->has_lower = false;
    return sst_cursor_open(&it->index, b->data, b->len, b->offset, it->r->index_form, err);
}

/* Moves to the next index entry, and keeps the key of the one it leaves as the bound that comes before. */
static int next_index_entry(mv_sst_iter *it, sst_handle *handle, mv_err *err)
{
    if (it->index.follows) {
        int rc = mv_buf_set(&it->lower, it->index.key.data, it->index.key.len, err);
        if (rc != MV_OK)
            return rc;
        it->has_lower = true;
    }
    return sst_index_next(&it->index, handle, err);
}

/* Reads the block at handle and places the data cursor before its first entry. */
static int load_block(mv_sst_iter *it, sst_handle handle, mv_err *err)
{
    const mv_sst_reader *r = it->r;
    int rc = sst_block_load(&it->block, &r->source, handle, r->source.max_block_bytes, &it->decoder, err);
    if (rc == MV_OK)
        rc = sst_cursor_open(&it->data, it->block.data, it->block.len, it->block.offset, r->data_form, err);
    it->at_start = true;
    return rc;
}

/* Moves to the next block and before its first entry; MV_DONE behind the last. */
static int load_next_block(mv_sst_iter *it, mv_err *err)
{
    sst_handle handle;
    int rc = next_index_entry(it, &handle, err);
    return rc == MV_OK ? load_block(it, handle, err) : rc;
}

/* The last key of a block must not be above its key in the index. */
static int check_block_end(const mv_sst_iter *it, mv_err *err)
{
    if (!it->data.follows)
        return mv_fail_ab(err, MV_E_CORRUPT_SST, it->data.offset, 0, "block without rows");
    if (it->data.form.ordered && compare_with_index(it, &it->index.key) > 0)
        return mv_fail_ab(err, MV_E_CORRUPT_SST, it->data.offset, 0,
                          "block goes beyond its key in the index");
    return MV_OK;
}

static int check_block_start(mv_sst_iter *it, mv_err *err)
{
    bool check = it->at_start && it->has_lower && it->data.form.ordered;
    it->at_start = false;
    if (check && compare_with_index(it, &it->lower) <= 0)
        return mv_fail_ab(err, MV_E_CORRUPT_SST, it->data.offset, 0,
                          "block begins before its place in the index");
    return MV_OK;
}

/* Moves the data cursor to the next row, over the ends of blocks. */
static int advance(mv_sst_iter *it, mv_err *err)
{
    int rc = sst_cursor_next(&it->data, err);
    while (rc == MV_DONE) {
        rc = check_block_end(it, err);
        if (rc == MV_OK)
            rc = load_next_block(it, err);
        if (rc != MV_OK)
            return rc;
        rc = sst_cursor_next(&it->data, err);
    }
    return rc == MV_OK ? check_block_start(it, err) : rc;
}

static bool type_is_known(int type)
{
    static const uint8_t known[] = {0x00, 0x01, 0x02, 0x07, 0x11, 0x14, 0x16, 0x18};
    return memchr(known, type, sizeof known) != NULL;
}

static int give_row(mv_sst_iter *it, mv_sst_row *row, mv_err *err)
{
    const sst_cursor *c = &it->data;
    size_t key_len = c->key.len - SST_KEY_TAIL_BYTES;
    uint64_t tail = mv_get_le64(c->key.data + key_len);
    row->type = (int)(tail & 0xff);
    if (!type_is_known(row->type))
        return mv_fail(err, MV_E_UNSUPPORTED, "row type %d", row->type);
    row->key = c->key.data;
    row->key_len = key_len;
    row->value = c->value;
    row->value_len = c->value_len;
    row->seq = it->r->global_seqno != 0 ? it->r->global_seqno : tail >> 8;
    row->ts = it->r->order == MV_SST_ORDER_U64TS ? mv_get_le64(row->key + key_len - SST_TS_BYTES) : 0;
    return MV_OK;
}

/* Ends a step: hands out the row that the data cursor stands on, or notes the end or the failure. */
static int settle(mv_sst_iter *it, int rc, mv_sst_row *row, mv_err *err)
{
    if (rc == MV_OK)
        rc = give_row(it, row, err);
    it->place = rc == MV_OK ? PLACE_ROW : rc == MV_DONE ? PLACE_END : PLACE_NONE;
    return rc;
}

int mv_sst_iter_first(mv_sst_iter *it, mv_sst_row *row, mv_err *err)
{
    int rc = open_index(it, err);
    if (rc == MV_OK)
        rc = load_next_block(it, err);
    if (rc == MV_OK)
        rc = advance(it, err);
    return settle(it, rc, row, err);
}

int mv_sst_iter_next(mv_sst_iter *it, mv_sst_row *row, mv_err *err)
{
    if (it->place == PLACE_END)
        return MV_DONE;
    if (it->place == PLACE_NONE)
        return mv_fail(err, MV_E_INVALID, "iterator is not placed");
    return settle(it, advance(it, err), row, err);
}

/* Loads the first block whose index key is not below the user key: it, or the next one, has the row. */
static int load_block_for(mv_sst_iter *it, const uint8_t *key, size_t key_len, mv_err *err)
{
    size_t dropped = it->r->index_user_key ? 0 : SST_KEY_TAIL_BYTES;
    size_t suffix = it->r->index_form.suffix - dropped;
    sst_handle handle;
    int rc = open_index(it, err);
    if (rc == MV_OK)
        rc = sst_cursor_seek(&it->index, key, key_len, dropped, err);
    while (rc == MV_OK && (rc = next_index_entry(it, &handle, err)) == MV_OK) {
        const mv_buf *found = &it->index.key;
        if (sst_compare(suffix, found->data, found->len - dropped, key, key_len) >= 0)
            return load_block(it, handle, err);
    }
    return rc;
}

int mv_sst_iter_seek(mv_sst_iter *it, const uint8_t *key, size_t key_len, mv_sst_row *row, mv_err *err)
{
    if (!it->r->data_form.ordered)
        return mv_fail(err, MV_E_UNSUPPORTED, "seek in a file of an unknown order");
    size_t suffix = it->r->data_form.suffix - SST_KEY_TAIL_BYTES;
    if (key_len < suffix)
        return mv_fail_ab(err, MV_E_INVALID, key_len, suffix, "user key without a timestamp");
    int rc = load_block_for(it, key, key_len, err);
    if (rc == MV_OK)
        rc = sst_cursor_seek(&it->data, key, key_len, SST_KEY_TAIL_BYTES, err);
    while (rc == MV_OK && (rc = advance(it, err)) == MV_OK) {
        const mv_buf *found = &it->data.key;
        if (sst_compare(suffix, found->data, found->len - SST_KEY_TAIL_BYTES, key, key_len) >= 0)
            break;
    }
    return settle(it, rc, row, err);
}

static int step(mv_sst_iter *it, mv_sst_row *row, mv_err *err)
{
    return it->place == PLACE_NONE ? mv_sst_iter_first(it, row, err) : mv_sst_iter_next(it, row, err);
}

int mv_sst_iter_page(mv_sst_iter *it, uint64_t max_rows, uint64_t max_bytes, mv_sst_page *page, mv_err *err)
{
    mv_sst_row row;
    size_t ts_len = it->r->order == MV_SST_ORDER_U64TS ? SST_TS_BYTES : 0;
    int rc = MV_OK;
    sst_page_clear(page);
    while (rc == MV_OK && !sst_page_is_full(page, max_rows, max_bytes)) {
        rc = step(it, &row, err);
        if (rc == MV_OK)
            rc = sst_page_add(page, &row, ts_len, err);
    }
    return rc == MV_DONE && page->rows > 0 ? MV_OK : rc;
}
