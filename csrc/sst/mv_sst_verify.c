/* Verification of a whole file: every row is walked, and what was counted is compared with the properties. */
#include "base/mv_error.h"
#include "sst/mv_sst_meta.h"

#define TYPE_DELETION 0x00
#define TYPE_SINGLE_DELETION 0x07

typedef struct counts {
    mv_sst_stats stats;
    uint64_t timed; /* of the tombstones: those with a timestamp, no deletions to RocksDB 7.8 */
} counts;

static void count_row(counts *c, const mv_sst_row *row)
{
    mv_sst_stats *s = &c->stats;
    c->timed += row->type == MV_SST_TOMBSTONE;
    s->min_ts = s->rows == 0 || row->ts < s->min_ts ? row->ts : s->min_ts;
    s->max_ts = row->ts > s->max_ts ? row->ts : s->max_ts;
    s->rows++;
    s->tombstones +=
        row->type == TYPE_DELETION || row->type == TYPE_SINGLE_DELETION || row->type == MV_SST_TOMBSTONE;
    s->raw_key_bytes += row->key_len + SST_KEY_TAIL_BYTES;
    s->raw_value_bytes += row->value_len;
}

static int count_blocks(const mv_sst_reader *r, uint64_t *blocks, mv_err *err)
{
    sst_cursor c = {0};
    sst_handle handle;
    int rc = sst_cursor_open(&c, r->index.data, r->index.len, r->index.offset, r->index_form, err);
    while (rc == MV_OK && (rc = sst_index_next(&c, &handle, err)) == MV_OK)
        ++*blocks;
    sst_cursor_free(&c);
    return rc == MV_DONE ? MV_OK : rc;
}

static int count_rows(const mv_sst_reader *r, counts *c, mv_err *err)
{
    mv_sst_iter *it;
    mv_sst_row row;
    int rc = mv_sst_iter_new(r, &it, err);
    if (rc != MV_OK)
        return rc;
    for (rc = mv_sst_iter_first(it, &row, err); rc == MV_OK; rc = mv_sst_iter_next(it, &row, err))
        count_row(c, &row);
    mv_sst_iter_free(it);
    return rc == MV_DONE ? MV_OK : rc;
}

/* A property that the file may lack, but that must not lie. */
static int compare_properties(const mv_sst_reader *r, const counts *c, mv_err *err)
{
    const mv_sst_stats *s = &c->stats;
    const struct {
        const char *name;
        uint64_t counted, also;
    } known[] = {
        {SST_PROP_ENTRIES, s->rows, s->rows},
        {SST_PROP_DELETED, s->tombstones, s->tombstones - c->timed},
        {SST_PROP_RAW_KEY, s->raw_key_bytes, s->raw_key_bytes},
        {SST_PROP_RAW_VALUE, s->raw_value_bytes, s->raw_value_bytes},
        {SST_PROP_DATA_BLOCKS, s->data_blocks, s->data_blocks},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint64_t stated;
        if (!sst_reader_number(r, known[i].name, &stated) || stated == known[i].counted ||
            stated == known[i].also)
            continue;
        mv_fail(err, MV_E_CORRUPT_SST, "%s is not what the file holds", known[i].name);
        err->a = r->source.size;
        return err->code;
    }
    return MV_OK;
}

int mv_sst_verify(const mv_sst_reader *r, mv_sst_stats *out, mv_err *err)
{
    counts c = {.stats.file_bytes = r->source.size};
    int rc = count_blocks(r, &c.stats.data_blocks, err);
    if (rc == MV_OK)
        rc = count_rows(r, &c, err);
    if (rc == MV_OK)
        rc = sst_meta_check_others(r, err);
    if (rc == MV_OK)
        rc = compare_properties(r, &c, err);
    if (rc == MV_OK)
        *out = c.stats;
    return rc;
}
