/* Looking up the properties of an open file. */
#include "base/mv_buf.h"
#include "base/mv_error.h"
#include "sst/mv_sst_page.h"
#include "sst/mv_sst_reader.h"

/* The bytes of row i in a column. */
static const uint8_t *cell(const mv_buf *column, const mv_buf *ends, uint64_t i, size_t *len)
{
    uint64_t begin = 0, end;
    memcpy(&end, ends->data + i * sizeof end, sizeof end);
    if (i > 0)
        memcpy(&begin, ends->data + (i - 1) * sizeof begin, sizeof begin);
    *len = (size_t)(end - begin);
    return column->data + begin;
}

int mv_sst_reader_property(const mv_sst_reader *r, const char *name, const uint8_t **value, size_t *value_len)
{
    const mv_sst_page *p = &r->properties;
    size_t name_len = strlen(name), len;
    for (uint64_t i = 0; i < p->rows; i++) {
        const uint8_t *found = cell(&p->keys, &p->key_ends, i, &len);
        if (len == name_len && memcmp(found, name, len) == 0) {
            *value = cell(&p->values, &p->value_ends, i, value_len);
            return MV_OK;
        }
    }
    return MV_NOT_FOUND;
}

bool sst_reader_number(const mv_sst_reader *r, const char *name, uint64_t *out)
{
    const uint8_t *value;
    size_t len;
    if (mv_sst_reader_property(r, name, &value, &len) != MV_OK)
        return false;
    mv_rd bytes = mv_rd_over(value, len);
    return mv_rd_varint(&bytes, out);
}

int mv_sst_reader_properties(const mv_sst_reader *r, mv_sst_page *page, mv_err *err)
{
    const mv_sst_page *p = &r->properties;
    int rc = MV_OK;
    sst_page_clear(page);
    for (uint64_t i = 0; rc == MV_OK && i < p->rows; i++) {
        mv_sst_row row = {0};
        row.key = cell(&p->keys, &p->key_ends, i, &row.key_len);
        row.value = cell(&p->values, &p->value_ends, i, &row.value_len);
        rc = sst_page_add(page, &row, 0, err);
    }
    return rc;
}
