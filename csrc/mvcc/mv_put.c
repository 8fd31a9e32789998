/* Puts of one table without a read set: the short ways to mv_commit. */
#include "mvcc/mv_batch.h"
#include "mvcc/mv_commit.h"

int mv_put(mv_env *env, uint64_t catalog_ts, uint64_t now, uint32_t table, const uint8_t *key,
           uint32_t key_len, const uint8_t *value, uint32_t value_len, uint64_t *ts, mv_err *err)
{
    mv_commit_args args = {
        .ops = {1, table, NULL, key, &key_len, value, &value_len}, /* a length of MV_TOMBSTONE is refused */
        .catalog_ts = catalog_ts,
        .now = now,
    };
    int rc = mv_ops_check(&args.ops, false, err);
    return rc == MV_OK ? mv_commit_checked(env, &args, ts, err) : rc;
}

int mv_put_rows(mv_env *env, uint64_t catalog_ts, uint64_t now, const mv_ops *rows, uint64_t *ts, mv_err *err)
{
    mv_batch batch;
    mv_commit_args args = {.catalog_ts = catalog_ts, .now = now};
    int rc = mv_ops_check(rows, false, err);
    if (rc == MV_OK)
        rc = mv_batch_unique(rows, &batch, err);
    if (rc != MV_OK)
        return rc;
    args.ops = batch.ops;
    rc = mv_commit_checked(env, &args, ts, err);
    mv_batch_free(&batch);
    return rc;
}
