/* SST files: blocks and their compression, a file written, verified, read and looked into, layers merged. */
#include "kernels.h"
#include "mvcc/mv_key.h"
#include "sst/mv_sst_builder.h"
#include "sst/mv_sst_codec.h"

enum {
    BLOCK_KIB = 32,
    LAYERS = 4,
    SEEKS = 100,
    PAGE_BYTES = 1 << 20
};

static const int COMPRESSIONS[] = {MV_SST_LZ4, MV_SST_ZSTD};

typedef struct sst_data {
    mv_buf files[LAYERS]; /* of the same keys, newest first */
    mv_sst_reader *readers[LAYERS];
    sst_encoder encoder; /* of the compression that is measured */
    uint8_t block[BLOCK_KIB * 1024];
    mv_buf stored; /* the block, compressed */
    mv_err err;
} sst_data;

static size_t vkey_of(uint64_t i, uint64_t ts, uint8_t *out)
{
    uint8_t key[KEY_BYTES];
    row_key(i, key);
    return mv_vkey_write(out, 100, (mv_slice){key, sizeof key}, ts).len;
}

/* Writes the rows at one timestamp into the file, whose earlier bytes are freed. */
static void write_file(sst_data *d, mv_buf *file, uint64_t ts)
{
    mv_sst_writer *w;
    mv_sst_options options = {.session = "ABCDEFGHIJ0123456789"};
    uint8_t key[MV_VKEY_ROOM], value[VALUE_BYTES];
    row_value(0, value);
    CHECK(mv_sst_writer_new(&options, &w, &d->err) == MV_OK);
    for (uint64_t i = 0; i < ROWS; i++) {
        size_t len = vkey_of(i, ts, key);
        CHECK(mv_sst_writer_add(w, key, len, MV_SST_VALUE, value, sizeof value, &d->err) == MV_OK);
    }
    CHECK(mv_sst_writer_finish(w, &d->err) == MV_OK);
    mv_buf_free(file);
    *file = *mv_sst_writer_out(w);
    *mv_sst_writer_out(w) = (mv_buf){0};
    mv_sst_writer_free(w);
}

static void write_first(void *data)
{
    sst_data *d = data;
    write_file(d, &d->files[0], LAYERS);
}

static void build_block(void *data)
{
    sst_data *d = data;
    sst_builder builder = {0};
    uint8_t key[MV_VKEY_ROOM];
    for (uint64_t i = 0; i < ROWS; i++) {
        size_t len = vkey_of(i, 1, key);
        CHECK(sst_builder_add_whole(&builder, key, len, d->block, VALUE_BYTES, false, &d->err) == MV_OK);
    }
    CHECK(sst_builder_finish(&builder, &d->err) == MV_OK);
    sst_builder_free(&builder);
}

static void compress(void *data)
{
    sst_data *d = data;
    uint8_t used;
    d->stored.len = 0;
    CHECK(sst_encode(&d->encoder, d->block, sizeof d->block, &d->stored, &used, &d->err) == MV_OK);
    CHECK(used == d->encoder.compression);
}

static void decompress(void *data)
{
    sst_data *d = data;
    sst_decoder decoder = {0};
    mv_buf content = {0};
    uint8_t how = (uint8_t)d->encoder.compression;
    CHECK(sst_decode(&decoder, how, d->stored.data, d->stored.len, sizeof d->block, 0, &content, &d->err) ==
          MV_OK);
    mv_buf_free(&content);
    sst_decoder_free(&decoder);
}

static void verify(void *data)
{
    sst_data *d = data;
    mv_sst_stats stats;
    CHECK(mv_sst_verify(d->readers[0], &stats, &d->err) == MV_OK && stats.rows == ROWS);
}

static void read_page(void *data)
{
    sst_data *d = data;
    mv_sst_iter *it;
    mv_sst_page page = {0};
    CHECK(mv_sst_iter_new(d->readers[0], &it, &d->err) == MV_OK);
    CHECK(mv_sst_iter_page(it, ROWS, PAGE_BYTES, &page, &d->err) == MV_OK && page.rows == ROWS);
    mv_sst_page_free(&page);
    mv_sst_iter_free(it);
}

static void seek(void *data)
{
    sst_data *d = data;
    mv_sst_iter *it;
    mv_sst_row row;
    uint8_t key[MV_VKEY_ROOM];
    CHECK(mv_sst_iter_new(d->readers[0], &it, &d->err) == MV_OK);
    for (uint64_t i = 0; i < SEEKS; i++) {
        size_t len = vkey_of(i * 7919 % ROWS, UINT64_MAX, key);
        CHECK(mv_sst_iter_seek(it, key, len, &row, &d->err) == MV_OK);
    }
    mv_sst_iter_free(it);
}

static void merge(void *data)
{
    sst_data *d = data;
    mv_sst_merge *all;
    mv_sst_page page = {0};
    mv_sst_layer layers[LAYERS];
    mv_sst_window window = {.as_of = UINT64_MAX, .latest = 1};
    for (size_t i = 0; i < LAYERS; i++)
        layers[i] = (mv_sst_layer){&d->readers[i], 1};
    CHECK(mv_sst_merge_new(layers, LAYERS, &window, &all, &d->err) == MV_OK);
    CHECK(mv_sst_merge_page(all, ROWS, PAGE_BYTES, &page, &d->err) == MV_OK && page.rows == ROWS);
    mv_sst_page_free(&page);
    mv_sst_merge_free(all);
}

static void codec_kernels(sst_data *d)
{
    static const char *const names[][2] = {{"lz4-compress", "lz4-decompress"},
                                           {"zstd-compress", "zstd-decompress"}};
    for (size_t at = 0; at < sizeof d->block; at++)
        d->block[at] = (uint8_t)(at % 2 == 0 ? at * at >> 8 : 'v');
    for (size_t i = 0; i < sizeof COMPRESSIONS / sizeof *COMPRESSIONS; i++) {
        CHECK(sst_encoder_init(&d->encoder, COMPRESSIONS[i], 0, &d->err) == MV_OK);
        measure(&(kernel){names[i][0], "block", 1, compress}, d);
        measure(&(kernel){names[i][1], "block", 1, decompress}, d);
        sst_encoder_free(&d->encoder);
    }
}

void sst_kernels(void)
{
    sst_data *d = calloc(1, sizeof *d);
    CHECK(d != NULL);
    codec_kernels(d);
    measure(&(kernel){"block-build", "row", ROWS, build_block}, d);
    measure(&(kernel){"sst-write", "row", ROWS, write_first}, d);
    for (size_t i = 0; i < LAYERS; i++) {
        write_file(d, &d->files[i], LAYERS - i);
        CHECK(mv_sst_reader_open_memory(d->files[i].data, d->files[i].len, 0, &d->readers[i], &d->err) ==
              MV_OK);
    }
    measure(&(kernel){"sst-verify", "row", ROWS, verify}, d);
    measure(&(kernel){"sst-read", "row", ROWS, read_page}, d);
    measure(&(kernel){"sst-seek", "seek", SEEKS, seek}, d);
    measure(&(kernel){"merge-4-layers", "row", ROWS * LAYERS, merge}, d);
    for (size_t i = 0; i < LAYERS; i++) {
        mv_sst_reader_free(d->readers[i]);
        mv_buf_free(&d->files[i]);
    }
    mv_buf_free(&d->stored);
    free(d);
}
