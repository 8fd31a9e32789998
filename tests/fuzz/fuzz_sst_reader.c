/* Any bytes as an SST: opened, verified, walked, sought in, merged with itself. Build: tests/fuzz/run.sh. */
#include <stddef.h>
#include <stdint.h>

#include "mv_sst.h"

#define MAX_BLOCK_BYTES (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void merge_with_itself(mv_sst_reader *r, mv_err *err)
{
    mv_sst_merge *m;
    mv_sst_row row;
    mv_sst_layer layers[2] = {{&r, 1}, {&r, 1}};
    mv_sst_window window = {.as_of = 250, .latest = 1};
    if (mv_sst_merge_new(layers, 2, &window, &m, err) != MV_OK)
        return;
    while (mv_sst_merge_next(m, &row, err) == MV_OK)
        ;
    mv_sst_merge_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mv_err err;
    mv_sst_stats stats;
    mv_sst_reader *r;
    mv_sst_iter *it;
    mv_sst_row row;
    if (mv_sst_reader_open_memory(data, size, MAX_BLOCK_BYTES, &r, &err) != MV_OK)
        return 0;
    mv_sst_verify(r, &stats, &err);
    if (mv_sst_iter_new(r, &it, &err) == MV_OK &&
        mv_sst_iter_seek(it, data, size < 20 ? size : 20, &row, &err) == MV_OK)
        mv_sst_iter_next(it, &row, &err);
    mv_sst_iter_free(it);
    merge_with_itself(r, &err);
    mv_sst_reader_free(r);
    return 0;
}
