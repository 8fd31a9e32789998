/* Ingest: the newest rows of merged SST layers, written straight to `data` under a table that nothing shows yet. */
#include "base/mv_alloc.h"
#include "base/mv_bytes.h"
#include "base/mv_error.h"
#include "mvcc/mv_env.h"
#include "mvcc/mv_version.h"

#define BLOCK_LIMIT ((uint64_t)MV_MAX_VALUE + (1 << 20)) /* the largest value, and what stands around it */

struct mv_ingest {
    mv_env *env;
    uint32_t to_table;
    uint64_t at;
    mv_sst_reader **readers;
    size_t reader_count;
    mv_sst_merge *merge;
    bool pending; /* row has been read and not yet written */
    mv_sst_row row;
};

static int open_readers(mv_ingest *in, const mv_ingest_args *args, size_t count, mv_err *err)
{
    in->readers = mv_calloc(count > 0 ? count : 1, sizeof *in->readers);
    if (in->readers == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "opening the files to ingest");
    for (; in->reader_count < count; in->reader_count++) {
        size_t i = in->reader_count;
        int rc = mv_sst_reader_open_fd(args->fds[i], args->sizes[i], BLOCK_LIMIT, &in->readers[i], err);
        if (rc != MV_OK)
            return rc;
    }
    return MV_OK;
}

/* The rows of one table: its id is the first part of every key. */
static int open_merge(mv_ingest *in, const mv_ingest_args *args, mv_err *err)
{
    uint8_t start[MV_KEY_TABLE], end[MV_KEY_TABLE];
    mv_put_be32(start, args->from_table);
    mv_put_be32(end, args->from_table + 1);
    mv_sst_window window = {
        .as_of = args->until,
        .latest = 1,
        .start = start,
        .start_len = sizeof start,
        .end = args->from_table < UINT32_MAX ? end : NULL,
        .end_len = sizeof end,
    };
    mv_sst_layer *layers = mv_calloc(args->layers > 0 ? args->layers : 1, sizeof *layers);
    if (layers == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "opening the files to ingest");
    mv_sst_reader *const *next = in->readers;
    for (uint64_t i = 0; i < args->layers; i++) {
        layers[i] = (mv_sst_layer){next, args->layer_files[i]};
        next += args->layer_files[i];
    }
    int rc = mv_sst_merge_new(layers, args->layers, &window, &in->merge, err);
    mv_free(layers);
    return rc;
}

int mv_ingest_open(mv_env *env, const mv_ingest_args *args, mv_ingest **out, mv_err *err)
{
    size_t files = 0;
    for (uint64_t i = 0; i < args->layers; i++)
        files += args->layer_files[i];
    mv_ingest *in = mv_calloc(1, sizeof *in);
    if (in == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "opening the files to ingest");
    in->env = env;
    in->to_table = args->to_table;
    in->at = args->at;
    int rc = open_readers(in, args, files, err);
    if (rc == MV_OK)
        rc = open_merge(in, args, err);
    if (rc != MV_OK) {
        mv_ingest_free(in);
        return rc;
    }
    *out = in;
    return MV_OK;
}

void mv_ingest_free(mv_ingest *in)
{
    if (in == NULL)
        return;
    mv_sst_merge_free(in->merge);
    for (size_t i = 0; i < in->reader_count; i++)
        mv_sst_reader_free(in->readers[i]);
    mv_free(in->readers);
    mv_free(in);
}

/* Reads on to the next row that is a value. */
static int next_value(mv_ingest *in, mv_err *err)
{
    while (!in->pending) {
        int rc = mv_sst_merge_next(in->merge, &in->row, err);
        if (rc != MV_OK)
            return rc;
        if (in->row.key_len < MV_KEY_OVERHEAD || in->row.key_len > MV_MAX_KEY + MV_KEY_OVERHEAD ||
            in->row.value_len > MV_MAX_VALUE)
            return mv_fail(err, MV_E_CORRUPT_SST, "a row has a size that no store writes");
        in->pending = in->row.type == MV_SST_VALUE;
        if (!in->pending && in->row.type != MV_SST_TOMBSTONE)
            return mv_fail(err, MV_E_CORRUPT_SST, "a row has a type that a backup does not use");
    }
    return MV_OK;
}

static mv_slice user_key(const mv_sst_row *row)
{
    return (mv_slice){row->key + MV_KEY_TABLE, row->key_len - MV_KEY_OVERHEAD};
}

static int put_rows(mv_ingest *in, mv_write *w, uint64_t max_bytes, uint64_t *rows, uint64_t *bytes,
                    mv_err *err)
{
    mv_cur cur;
    bool append = false;
    uint64_t put = 0;
    int rc = mv_cur_open(&w->txn, in->env->data, &cur, err);
    if (rc == MV_OK)
        rc = next_value(in, err);
    if (rc == MV_OK)
        rc = mv_version_sorts_last(&cur, in->to_table, user_key(&in->row), &append, err);
    while (rc == MV_OK && (put == 0 || put < max_bytes)) {
        mv_slice value = {in->row.value, in->row.value_len};
        rc =
            mv_version_put(&cur, in->to_table, user_key(&in->row), value, MV_KIND_VALUE, in->at, append, err);
        if (rc != MV_OK)
            break;
        uint64_t size = in->row.key_len - MV_KEY_OVERHEAD + in->row.value_len;
        put += size;
        *bytes += size;
        *rows += 1;
        in->pending = false;
        rc = next_value(in, err);
    }
    mv_cur_close(&cur);
    return rc;
}

int mv_ingest_next(mv_ingest *in, uint64_t max_bytes, uint64_t *rows, uint64_t *bytes, mv_err *err)
{
    mv_write w;
    uint64_t put_rows_count = 0, put_bytes = 0;
    int rc = mv_env_enter(in->env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_write_open(in->env, &w, err);
    if (rc == MV_OK) {
        int put = put_rows(in, &w, max_bytes, &put_rows_count, &put_bytes, err);
        if (put == MV_OK || put == MV_DONE) {
            w.state.direct = in->at > w.state.direct ? in->at : w.state.direct;
            rc = mv_write_close(in->env, &w, err);
            if (rc == MV_OK) {
                *rows += put_rows_count;
                *bytes += put_bytes;
                rc = put;
            }
        } else {
            mv_write_abort(&w.txn);
            rc = put;
        }
    }
    mv_env_leave(in->env);
    return rc;
}
