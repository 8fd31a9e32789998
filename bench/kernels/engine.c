/* The engine over LMDB: commits, reads, an export and a page of changes, in a store of a few thousand versions. */
#include "kernels.h"
#include "mv_engine.h"

enum {
    TABLE = 100,
    VERSIONS = 4, /* of every key before anything is measured */
    SMALL_COMMITS = 100,
    CHUNK_BYTES = 1 << 20
};

typedef struct engine_data {
    mv_env *env;
    mv_view *view;
    uint64_t now; /* a clock that only commits move */
    uint32_t tables[ROWS], key_lens[ROWS], value_lens[ROWS];
    uint8_t keys[ROWS * KEY_BYTES], values[ROWS * VALUE_BYTES];
    mv_page page;
    mv_buf bytes;
    mv_got got;
    mv_err err;
} engine_data;

static void fill_columns(engine_data *d)
{
    for (uint64_t i = 0; i < ROWS; i++) {
        d->tables[i] = TABLE;
        d->key_lens[i] = KEY_BYTES;
        d->value_lens[i] = VALUE_BYTES;
        row_key(i, d->keys + i * KEY_BYTES);
        row_value(i, d->values + i * VALUE_BYTES);
    }
}

static void commit_rows(engine_data *d, uint64_t from, uint64_t count)
{
    uint64_t ts;
    mv_commit_args args = {.catalog_ts = MV_TS_MAX, .now = d->now += 4096};
    args.ops = (mv_ops){
        .count = count,
        .tables = d->tables,
        .keys = d->keys + from * KEY_BYTES,
        .key_lens = d->key_lens,
        .values = d->values + from * VALUE_BYTES,
        .value_lens = d->value_lens,
    };
    CHECK(mv_commit(d->env, &args, &ts, &d->err) == MV_OK);
}

static void commit_batch(void *data)
{
    commit_rows(data, 0, ROWS);
}

static void commit_one_by_one(void *data)
{
    for (uint64_t i = 0; i < SMALL_COMMITS; i++)
        commit_rows(data, i * 7, 1);
}

static void get(void *data)
{
    engine_data *d = data;
    mv_place place = {.env = d->env, .view = d->view, .table = TABLE};
    for (uint64_t i = 0; i < ROWS; i++) {
        const uint8_t *key = d->keys + i * KEY_BYTES;
        CHECK(mv_get(&place, key, KEY_BYTES, &d->got) == VALUE_BYTES);
    }
}

static void get_many(void *data)
{
    engine_data *d = data;
    CHECK(mv_get_many(d->env, d->view, MV_TS_MAX, TABLE, ROWS, d->keys, d->key_lens, &d->page, &d->err) ==
          MV_OK);
    CHECK(d->page.rows == ROWS);
}

static mv_scan_args whole_table(void)
{
    return (mv_scan_args){.table = TABLE,
                          .start_len = MV_UNBOUNDED,
                          .end_len = MV_UNBOUNDED,
                          .max_rows = ROWS,
                          .catalog_ts = MV_TS_MAX};
}

static void scan(void *data)
{
    engine_data *d = data;
    mv_scan_args args = whole_table();
    CHECK(mv_scan(d->env, d->view, &args, &d->page, &d->err) == MV_OK && d->page.rows == ROWS);
}

static void export_table(void *data)
{
    engine_data *d = data;
    mv_export *x;
    mv_export_stats stats;
    mv_export_args args = {.span = whole_table(), .session = "ABCDEFGHIJ0123456789"};
    int rc;
    d->bytes.len = 0;
    CHECK(mv_export_open(d->env, d->view, &args, &x, &d->err) == MV_OK);
    do
        rc = mv_export_next(x, CHUNK_BYTES, &d->bytes, &d->err);
    while (rc == MV_OK);
    mv_export_get_stats(x, &stats);
    CHECK(rc == MV_DONE && stats.rows == ROWS);
    mv_export_free(x);
}

static void changes(void *data)
{
    engine_data *d = data;
    mv_changes_args args = {.until = mv_view_timestamp(d->view), .max_rows = ROWS};
    CHECK(mv_changes(d->env, &args, &d->page, &d->err) == MV_OK && d->page.rows == ROWS);
}

static void open_store(engine_data *d, const char *folder)
{
    mv_open_args args = {.path = folder, .flags = MV_OPEN_CREATE, .map_size = 1 << 30};
    CHECK(mv_env_open(&args, &d->env, &d->err) == MV_OK);
    d->now = UINT64_C(1) << 62;
    fill_columns(d);
    for (int i = 0; i < VERSIONS; i++)
        commit_rows(d, 0, ROWS);
    CHECK(mv_view_open(d->env, MV_TS_MAX, d->now, &d->view, &d->err) == MV_OK);
}

void engine_kernels(const char *folder)
{
    engine_data *d = calloc(1, sizeof *d);
    CHECK(d != NULL);
    open_store(d, folder);
    measure(&(kernel){"get", "row", ROWS, get}, d);
    measure(&(kernel){"get-many", "row", ROWS, get_many}, d);
    measure(&(kernel){"scan", "row", ROWS, scan}, d);
    measure(&(kernel){"export", "row", ROWS, export_table}, d);
    measure(&(kernel){"changes", "row", ROWS, changes}, d);
    measure(&(kernel){"commit-1000-rows", "row", ROWS, commit_batch}, d);
    measure(&(kernel){"commit-1-row", "commit", SMALL_COMMITS, commit_one_by_one}, d);
    mv_view_free(d->view);
    mv_page_free(&d->page);
    mv_buf_free(&d->bytes);
    mv_env_free(d->env);
    free(d);
}
