/* Counters for statistics. */
#include <string.h>

#include "mvcc/mv_env.h"
#include "mvcc/mv_log.h"
#include "mvcc/mv_merge.h"
#include "mvcc/mv_runs.h"

static int read_logs(mv_env *env, mv_snap *snap, mv_info *out, mv_err *err)
{
    mv_log_status log;
    mv_tail_stats tail;
    uint64_t frozen_bytes, frozen_rows;
    int rc = mv_merge_status(env, snap, &log, err);
    if (rc == MV_OK)
        rc = mv_kv_bytes(&snap->txn, mv_log_frozen(env, &snap->state), &frozen_bytes, err);
    if (rc == MV_OK)
        rc = mv_kv_count(&snap->txn, mv_log_active(env, &snap->state), &out->log_rows, err);
    if (rc == MV_OK)
        rc = mv_kv_count(&snap->txn, mv_log_frozen(env, &snap->state), &frozen_rows, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_runs_measure(env, snap, &out->run_rows, &out->run_bytes, err);
    if (rc != MV_OK)
        return rc;
    mv_tail_get_stats(env->tail, &tail);
    out->log_bytes = log.bytes + frozen_bytes;
    out->log_rows += frozen_rows;
    out->log_limit = log.limit;
    out->mem_bytes = tail.bytes;
    out->mem_rows = tail.rows;
    return MV_OK;
}

static int read_info(mv_env *env, mv_snap *snap, mv_info *out, mv_err *err)
{
    mv_sub_info sub;
    const mv_state *s = &snap->state;
    *out = (mv_info){
        .format_version = MV_FORMAT_VERSION,
        .last_commit = s->last_commit,
        .merged = s->merged,
        .sorted = s->sorted,
        .frozen = s->frozen,
        .runs = s->run_count,
        .runs_merging = s->run_merging,
        .direct = s->direct,
        .gc_threshold = s->gc,
        .changes_from = s->changes_from,
        .catalog_ts = s->catalog_ts,
        .oldest_pin = MV_TS_MAX,
    };
    memcpy(out->store_id, env->store_id, MV_STORE_ID);
    if (env->shared != NULL)
        out->oldest_pin = mv_shared_oldest_pin(env->shared, &out->pins);
    int rc = read_logs(env, snap, out, err);
    if (rc == MV_OK)
        rc = mv_log_count(env, snap, &out->versions, err);
    if (rc == MV_OK)
        rc = mv_kv_count(&snap->txn, env->changes, &out->changes, err);
    if (rc == MV_OK)
        rc = mv_sub_free_pages(&snap->txn, &out->free_pages, err);
    if (rc == MV_OK)
        rc = mv_sub_get_info(&snap->txn, &sub, err);
    if (rc == MV_OK) {
        out->page_size = sub.page_size;
        out->file_bytes = sub.pages * sub.page_size;
        out->map_bytes = sub.map_bytes;
        out->readers = sub.readers;
    }
    return rc;
}

int mv_env_info(mv_env *env, mv_info *out, mv_err *err)
{
    mv_snap snap;
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_snap_begin(env, &snap, err);
    if (rc == MV_OK) {
        rc = read_info(env, &snap, out, err);
        mv_snap_end(&snap);
    }
    mv_env_leave(env);
    return rc;
}
