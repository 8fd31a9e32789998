#include "sst/mv_sst_builder.h"

int sst_builder_add_whole(sst_builder *b, const void *key, size_t key_len, const void *value,
                          size_t value_len, bool bare, mv_err *err)
{
    int rc =
        mv_buf_reserve(&b->content, b->content.len + SST_ENTRY_HEAD_MAX_BYTES + key_len + value_len, err);
    if (rc != MV_OK)
        return rc;
    bool restart;
    rc = sst_builder_restart(b, 1, &restart, err);
    if (rc != MV_OK)
        return rc;
    uint8_t *at = b->content.data + b->content.len;
    *at++ = 0;
    at += mv_put_varint(at, key_len);
    if (!bare)
        at += mv_put_varint(at, value_len);
    memcpy(at, key, key_len);
    at += key_len;
    if (value_len > 0)
        memcpy(at, value, value_len);
    b->content.len = (size_t)(at - b->content.data) + value_len;
    b->entries++;
    return MV_OK;
}

int sst_builder_finish(sst_builder *b, mv_err *err)
{
    uint8_t *at;
    size_t restarts = b->entries == 0 ? 4 : b->restarts.len;
    int rc = mv_buf_extend(&b->content, restarts + 4, &at, err);
    if (rc != MV_OK)
        return rc;
    if (b->entries == 0)
        mv_put_le32(at, 0);
    else
        memcpy(at, b->restarts.data, restarts);
    mv_put_le32(at + restarts, (uint32_t)(restarts / 4));
    return MV_OK;
}

void sst_builder_clear(sst_builder *b)
{
    b->content.len = 0;
    b->restarts.len = 0;
    b->entries = 0;
}

void sst_builder_free(sst_builder *b)
{
    mv_buf_free(&b->content);
    mv_buf_free(&b->restarts);
    b->entries = 0;
}
