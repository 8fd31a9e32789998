/* Builds the content of one block: entries with shared prefixes, then the restart offsets. */
#ifndef MV_SST_BUILDER_H
#define MV_SST_BUILDER_H

#include "base/mv_buf.h"
#include "sst/mv_sst_format.h"

typedef struct sst_builder { /* all zero is an empty block; frees by sst_builder_free */
    mv_buf content;          /* entries */
    mv_buf restarts;         /* their offsets, 4 B each */
    uint32_t entries;
} sst_builder;

/* Bytes of the block if it were finished now. */
static inline uint64_t sst_builder_size(const sst_builder *b)
{
    return (uint64_t)b->content.len + b->restarts.len + 4;
}

/* Notes a restart at the end of the entries, if the next entry is the interval's first; says whether it is. The
 * next entry must then share nothing. */
static inline int sst_builder_restart(sst_builder *b, uint32_t interval, bool *restart, mv_err *err)
{
    uint8_t *at;
    *restart = b->entries % interval == 0;
    if (!*restart)
        return MV_OK;
    int rc = mv_buf_extend(&b->restarts, 4, &at, err);
    if (rc == MV_OK)
        mv_put_le32(at, (uint32_t)b->content.len);
    return rc;
}

/* Adds an entry of a block with restart interval 1; with bare, without the length of its value (index entries).
 * Unchanged on failure: MV_E_NO_MEMORY. */
int sst_builder_add_whole(sst_builder *b, const void *key, size_t key_len, const void *value,
                          size_t value_len, bool bare, mv_err *err);

/* Appends the restarts to content, which is then the block; a block without entries gets the one restart that the
 * format asks for. MV_E_NO_MEMORY: unchanged. */
int sst_builder_finish(sst_builder *b, mv_err *err);

void sst_builder_clear(sst_builder *b); /* empty again, memory kept */
void sst_builder_free(sst_builder *b);

#endif
