#include "mvcc/mv_rows.h"

#include "base/mv_buf.h"

#define KEPT_BYTES ((size_t)4 << 20) /* of one column between two pages */

static void clear_column(mv_buf *column)
{
    if (column->cap > KEPT_BYTES)
        mv_buf_free(column);
    column->len = 0;
}

void mv_page_clear(mv_page *page)
{
    clear_column(&page->keys);
    clear_column(&page->key_ends);
    clear_column(&page->values);
    clear_column(&page->value_ends);
    clear_column(&page->timestamps);
    clear_column(&page->kinds);
    clear_column(&page->tables);
    clear_column(&page->resume_key);
    page->rows = 0;
    page->key_size = 0;
    page->value_size = 0;
    page->more = 0;
    page->resume_ts = 0;
    page->resume_seq = 0;
    page->until = 0;
}

void mv_page_free(mv_page *page)
{
    mv_buf_free(&page->keys);
    mv_buf_free(&page->key_ends);
    mv_buf_free(&page->values);
    mv_buf_free(&page->value_ends);
    mv_buf_free(&page->timestamps);
    mv_buf_free(&page->kinds);
    mv_buf_free(&page->tables);
    mv_buf_free(&page->resume_key);
}

static int add_u64(mv_buf *column, uint64_t value, mv_err *err)
{
    uint8_t *out;
    int rc = mv_buf_extend(column, sizeof value, &out, err);
    if (rc == MV_OK)
        memcpy(out, &value, sizeof value);
    return rc;
}

static int add_bytes(mv_buf *column, mv_buf *ends, mv_slice bytes, mv_err *err)
{
    uint8_t *out;
    int rc = mv_buf_extend(column, bytes.len, &out, err);
    if (rc == MV_OK && bytes.len > 0)
        memcpy(out, bytes.data, bytes.len);
    return rc == MV_OK ? add_u64(ends, column->len, err) : rc;
}

int mv_page_add(mv_page *page, mv_slice key, uint64_t ts, uint8_t kind, mv_slice value, mv_err *err)
{
    uint8_t *out;
    int rc = add_bytes(&page->keys, &page->key_ends, key, err);
    if (rc == MV_OK)
        rc = add_bytes(&page->values, &page->value_ends, value, err);
    if (rc == MV_OK)
        rc = add_u64(&page->timestamps, ts, err);
    if (rc == MV_OK)
        rc = mv_buf_extend(&page->kinds, 1, &out, err);
    if (rc != MV_OK)
        return rc;
    *out = kind;
    if (page->rows++ == 0) {
        page->key_size = (uint32_t)key.len;
        page->value_size = (uint32_t)value.len;
    }
    if (key.len != page->key_size)
        page->key_size = MV_MIXED;
    if (value.len != page->value_size)
        page->value_size = MV_MIXED;
    return MV_OK;
}

bool mv_page_full(const mv_page *page, uint64_t max_rows, uint64_t max_bytes, size_t row_bytes)
{
    if (page->rows == 0)
        return false;
    return (max_rows != 0 && page->rows >= max_rows) ||
           (max_bytes != 0 && page->keys.len + page->values.len + row_bytes > max_bytes);
}

int mv_page_resume(mv_page *page, mv_slice key, uint64_t ts, mv_err *err)
{
    page->more = 1;
    page->resume_ts = ts;
    return mv_buf_set(&page->resume_key, key.data, key.len, err);
}
