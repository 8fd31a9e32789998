#include "sst/mv_sst_tail.h"

#define UNKNOWN_COLUMN_FAMILY 0x7fffffff
#define EXTERNAL_VERSION                                                                                     \
    2 /* all sequence numbers are 0, and RocksDB sets one for the file as it ingests it */

static const char *compression_name(int compression)
{
    switch (compression) {
    case MV_SST_LZ4:
        return "LZ4";
    case MV_SST_ZSTD:
        return "ZSTD";
    default:
        return "NoCompression";
    }
}

static int add_numbers(const mv_sst_options *o, const mv_sst_stats *s, uint64_t data_end, sst_handle index,
                       sst_props *props, mv_err *err)
{
    const struct {
        const char *name;
        sst_number form;
        uint64_t value;
    } numbers[] = {
        {SST_PROP_INDEX_TYPE, SST_LE32, 0},
        {SST_PROP_INDEX_USER_KEY, SST_VARINT, 1},
        {SST_PROP_INDEX_DELTA, SST_VARINT, 1},
        {"rocksdb.external_sst_file.version", SST_LE32, EXTERNAL_VERSION},
        {SST_PROP_GLOBAL_SEQNO, SST_LE64, 0},
        {"rocksdb.original.file.number", SST_VARINT, o->file_number},
        {"rocksdb.creation.time", SST_VARINT, o->creation_time},
        {"rocksdb.column.family.id", SST_VARINT, UNKNOWN_COLUMN_FAMILY},
        {SST_PROP_ENTRIES, SST_VARINT, s->rows},
        {SST_PROP_DELETED, SST_VARINT, s->tombstones},
        {SST_PROP_RAW_KEY, SST_VARINT, s->raw_key_bytes},
        {SST_PROP_RAW_VALUE, SST_VARINT, s->raw_value_bytes},
        {SST_PROP_DATA_BLOCKS, SST_VARINT, s->data_blocks},
        {"rocksdb.data.size", SST_VARINT, data_end},
        {"rocksdb.index.size", SST_VARINT, index.size + SST_TRAILER_BYTES},
        {"rocksdb.filter.size", SST_VARINT, 0},
        {"rocksdb.tail.start.offset", SST_VARINT, data_end},
        {SST_OWN_ROWS, SST_DECIMAL, s->rows},
        {SST_OWN_MIN_TS, SST_DECIMAL, s->min_ts},
        {SST_OWN_MAX_TS, SST_DECIMAL, s->max_ts},
    };
    int rc = MV_OK;
    for (size_t i = 0; rc == MV_OK && i < sizeof numbers / sizeof *numbers; i++)
        rc = sst_props_number(props, numbers[i].name, numbers[i].form, numbers[i].value, err);
    return rc;
}

static int add_texts(const mv_sst_options *o, sst_props *props, mv_err *err)
{
    const char *texts[][2] = {
        {SST_PROP_COMPARATOR, SST_COMPARATOR_U64TS},
        {"rocksdb.compression", compression_name(o->compression)},
        {"rocksdb.block.based.table.whole.key.filtering", "1"},
        {"rocksdb.block.based.table.prefix.filtering", "0"},
        {"rocksdb.creating.db.identity", "SST Writer"},
        {"rocksdb.creating.session.identity", o->session},
    };
    int rc = MV_OK;
    for (size_t i = 0; rc == MV_OK && i < sizeof texts / sizeof *texts; i++)
        rc = sst_props_add(props, texts[i][0], texts[i][1], strlen(texts[i][1]), err);
    return rc;
}

int sst_tail_properties(const mv_sst_options *options, const mv_sst_stats *stats, uint64_t data_end,
                        sst_handle index, sst_props *props, sst_builder *block, mv_err *err)
{
    int rc = add_numbers(options, stats, data_end, index, props, err);
    if (rc == MV_OK)
        rc = add_texts(options, props, err);
    if (rc == MV_OK)
        rc = sst_props_build(props, block, err);
    return rc == MV_OK ? sst_builder_finish(block, err) : rc;
}

int sst_tail_metaindex(sst_handle properties, sst_builder *block, mv_err *err)
{
    uint8_t handle[SST_HANDLE_MAX_BYTES];
    size_t len = sst_put_handle(handle, properties);
    int rc = sst_builder_add_whole(block, SST_META_PROPERTIES, strlen(SST_META_PROPERTIES), handle, len,
                                   false, err);
    return rc == MV_OK ? sst_builder_finish(block, err) : rc;
}

void sst_tail_footer(sst_handle metaindex, sst_handle index, uint8_t out[SST_FOOTER_BYTES])
{
    memset(out, 0, SST_FOOTER_BYTES);
    out[0] = SST_CHECKSUM_CRC32C;
    size_t n = sst_put_handle(out + 1, metaindex);
    sst_put_handle(out + 1 + n, index);
    mv_put_le32(out + 1 + SST_FOOTER_HANDLES_BYTES, SST_FORMAT_VERSION);
    mv_put_le64(out + SST_FOOTER_BYTES - 8, SST_MAGIC);
}
