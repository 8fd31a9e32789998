/* The SST layer where any one allocation fails: the call says so, and nothing is leaked or overwritten. */
#include <string.h>

#include "failing_alloc.h"
#include "mv_sst.h"

#define ROWS 200

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

int main(void)
{
    CHECK(fail_each_allocation(write_and_free) > 10);
    return 0;
}
