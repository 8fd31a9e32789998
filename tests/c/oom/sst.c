/* The SST layer where any one allocation fails: the call says so, and nothing is leaked or overwritten. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing_alloc.h"
#include "mv_sst.h"

#define ROWS 200
#define PAGE_ROWS 64
#define PAGE_BYTES 65536

static const uint8_t VALUE[64] = "a value that compresses a little, since it is mostly nothing";

/* Writes one file in several blocks; the caller frees the writer, also after a failure. */
static int write_file(mv_sst_writer **writer, mv_err *err)
{
    mv_sst_options options = {
        .block_bytes = 1024, .compression = MV_SST_ZSTD, .session = "ABCDEFGHIJ0123456789"};
    int rc = mv_sst_writer_new(&options, writer, err);
    if (rc == MV_OK)
        rc = mv_sst_writer_property(*writer, "mvcc.table", VALUE, 7, err);
    for (unsigned i = 0; rc == MV_OK && i < ROWS; i++) {
        uint8_t key[16] = {0, 0, 0, 7, 'k', (uint8_t)i};
        rc = mv_sst_writer_add(*writer, key, sizeof key, MV_SST_VALUE, VALUE, sizeof VALUE, err);
    }
    return rc == MV_OK ? mv_sst_writer_finish(*writer, err) : rc;
}

static int write_and_free(mv_err *err)
{
    mv_sst_writer *writer = NULL;
    int rc = write_file(&writer, err);
    mv_sst_writer_free(writer);
    return rc;
}

static mv_buf file; /* one file, written with memory enough */

/* Adds the rows, each once more where it could not be added: the file must be as if nothing had failed. */
static int add_again(mv_sst_writer *writer, mv_err *err)
{
    int failed = MV_OK;
    for (unsigned i = 0; i < ROWS; i++) {
        mv_err ignored;
        uint8_t key[16] = {0, 0, 0, 7, 'k', (uint8_t)i};
        int rc = mv_sst_writer_add(writer, key, sizeof key, MV_SST_VALUE, VALUE, sizeof VALUE, err);
        if (rc != MV_OK) {
            failed = rc;
            CHECK(mv_sst_writer_add(writer, key, sizeof key, MV_SST_VALUE, VALUE, sizeof VALUE, &ignored) ==
                  MV_OK);
        }
    }
    return failed;
}

static int write_again(mv_err *err)
{
    mv_sst_writer *writer = NULL;
    mv_sst_options options = {
        .block_bytes = 1024, .compression = MV_SST_ZSTD, .session = "ABCDEFGHIJ0123456789"};
    int rc = mv_sst_writer_new(&options, &writer, err);
    if (rc == MV_OK)
        rc = mv_sst_writer_property(writer, "mvcc.table", VALUE, 7, err);
    if (rc == MV_OK) {
        mv_err failure;
        rc = add_again(writer, err);
        int finished = mv_sst_writer_finish(writer, &failure);
        const mv_buf *made = mv_sst_writer_out(writer);
        CHECK(finished != MV_OK || (made->len == file.len && memcmp(made->data, file.data, file.len) == 0));
        if (finished != MV_OK) {
            *err = failure;
            rc = finished;
        }
    }
    mv_sst_writer_free(writer);
    return rc;
}

static int open_and_verify(mv_sst_reader **reader, mv_err *err)
{
    mv_sst_stats stats;
    int rc = mv_sst_reader_open_memory(file.data, file.len, 0, reader, err);
    if (rc == MV_OK)
        rc = mv_sst_verify(*reader, &stats, err);
    CHECK(rc != MV_OK || stats.rows == ROWS);
    return rc;
}

static int read_properties(mv_err *err)
{
    mv_sst_reader *reader = NULL;
    mv_sst_page page = {0};
    int rc = open_and_verify(&reader, err);
    if (rc == MV_OK)
        rc = mv_sst_reader_properties(reader, &page, err);
    mv_sst_page_free(&page);
    mv_sst_reader_free(reader);
    return rc;
}

static int iterate(mv_err *err)
{
    mv_sst_reader *reader = NULL;
    mv_sst_iter *it = NULL;
    mv_sst_page page = {0};
    uint64_t rows = 0;
    int rc = open_and_verify(&reader, err);
    if (rc == MV_OK)
        rc = mv_sst_iter_new(reader, &it, err);
    while (rc == MV_OK) {
        rc = mv_sst_iter_page(it, PAGE_ROWS, PAGE_BYTES, &page, err);
        rows += page.rows;
    }
    CHECK(rc != MV_DONE || rows == ROWS);
    mv_sst_page_free(&page);
    mv_sst_iter_free(it);
    mv_sst_reader_free(reader);
    return rc == MV_DONE ? MV_OK : rc;
}

static int merge(mv_err *err)
{
    mv_sst_reader *reader = NULL;
    mv_sst_merge *both = NULL;
    mv_sst_page page = {0};
    mv_sst_window window = {.as_of = UINT64_MAX, .latest = 1};
    uint64_t rows = 0;
    int rc = open_and_verify(&reader, err);
    mv_sst_layer layers[2] = {{&reader, 1}, {&reader, 1}};
    if (rc == MV_OK)
        rc = mv_sst_merge_new(layers, 2, &window, &both, err);
    while (rc == MV_OK) {
        rc = mv_sst_merge_page(both, PAGE_ROWS, PAGE_BYTES, &page, err);
        rows += page.rows;
    }
    CHECK(rc != MV_DONE || rows == ROWS);
    mv_sst_page_free(&page);
    mv_sst_merge_free(both);
    mv_sst_reader_free(reader);
    return rc == MV_DONE ? MV_OK : rc;
}

/* Verifies files that RocksDB wrote: other libraries unpack them. */
static int verify_theirs(mv_err *err)
{
    static const char *const paths[] = {"tests/fuzz/corpus/sst/rocksdb-snappy.sst",
                                        "tests/fuzz/corpus/sst/rocksdb-zlib.sst",
                                        "tests/fuzz/corpus/sst/rocksdb-ingested.sst"};
    int rc = MV_OK;
    for (size_t i = 0; rc == MV_OK && i < sizeof paths / sizeof *paths; i++) {
        mv_sst_reader *reader = NULL;
        mv_sst_stats stats;
        struct stat about;
        int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
        CHECK(fd >= 0 && fstat(fd, &about) == 0);
        rc = mv_sst_reader_open_fd(fd, (uint64_t)about.st_size, 0, &reader, err);
        if (rc == MV_OK)
            rc = mv_sst_verify(reader, &stats, err);
        mv_sst_reader_free(reader);
        close(fd);
    }
    return rc;
}

int main(void)
{
    mv_sst_writer *writer = NULL;
    mv_err err;
    CHECK(fail_each_allocation(write_and_free) > 10);
    until_failure = -1;
    CHECK(write_file(&writer, &err) == MV_OK);
    file = *mv_sst_writer_out(writer);
    CHECK(fail_each_allocation(write_again) > 10);
    CHECK(fail_each_allocation(read_properties) > 10);
    CHECK(fail_each_allocation(iterate) > 10);
    CHECK(fail_each_allocation(merge) > 10);
    CHECK(fail_each_allocation(verify_theirs) > 30);
    mv_sst_writer_free(writer);
    return 0;
}
