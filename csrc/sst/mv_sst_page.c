#include "sst/mv_sst_page.h"

#include "base/mv_buf.h"
#include "base/mv_error.h"

static void push_u64(mv_buf *column, uint64_t value)
{
    memcpy(column->data + column->len, &value, sizeof value);
    column->len += sizeof value;
}

void sst_page_clear(mv_sst_page *page)
{
    page->rows = 0;
    page->keys.len = page->values.len = 0;
    page->key_ends.len = page->value_ends.len = 0;
    page->timestamps.len = page->sequences.len = page->types.len = 0;
}

/* Makes room for one row in every column, so that adding it cannot fail half-way. */
static int reserve_row(mv_sst_page *page, size_t key_len, size_t value_len, mv_err *err)
{
    const struct {
        mv_buf *column;
        size_t more;
    } wanted[] = {
        {&page->keys, key_len},
        {&page->key_ends, sizeof(uint64_t)},
        {&page->values, value_len},
        {&page->value_ends, sizeof(uint64_t)},
        {&page->timestamps, sizeof(uint64_t)},
        {&page->sequences, sizeof(uint64_t)},
        {&page->types, 1},
    };
    int rc = MV_OK;
    for (size_t i = 0; rc == MV_OK && i < sizeof wanted / sizeof *wanted; i++)
        rc = mv_buf_reserve(wanted[i].column, wanted[i].column->len + wanted[i].more, err);
    return rc;
}

static void push_bytes(mv_buf *column, mv_buf *ends, const uint8_t *bytes, size_t len)
{
    if (len > 0)
        memcpy(column->data + column->len, bytes, len);
    column->len += len;
    push_u64(ends, column->len);
}

int sst_page_add(mv_sst_page *page, const mv_sst_row *row, size_t ts_len, mv_err *err)
{
    size_t key_len = row->key_len - ts_len;
    int rc = reserve_row(page, key_len, row->value_len, err);
    if (rc != MV_OK)
        return rc;
    push_bytes(&page->keys, &page->key_ends, row->key, key_len);
    push_bytes(&page->values, &page->value_ends, row->value, row->value_len);
    push_u64(&page->timestamps, row->ts);
    push_u64(&page->sequences, row->seq);
    page->types.data[page->types.len++] = (uint8_t)row->type;
    page->rows++;
    return MV_OK;
}

void mv_sst_page_free(mv_sst_page *page)
{
    mv_buf_free(&page->keys);
    mv_buf_free(&page->key_ends);
    mv_buf_free(&page->values);
    mv_buf_free(&page->value_ends);
    mv_buf_free(&page->timestamps);
    mv_buf_free(&page->sequences);
    mv_buf_free(&page->types);
    page->rows = 0;
}
