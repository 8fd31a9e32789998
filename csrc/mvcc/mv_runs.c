#include "mvcc/mv_runs.h"

bool mv_run_used(const mv_state *state, unsigned place)
{
    return (place + MV_RUNS - state->run_first) % MV_RUNS < state->run_count;
}

int mv_runs_measure(const mv_env *env, mv_snap *snap, uint64_t *rows, uint64_t *bytes, mv_err *err)
{
    uint64_t more_rows, more_bytes;
    *rows = 0;
    *bytes = 0;
    for (uint64_t run = 0; run < snap->state.run_count; run++) {
        mv_db db = env->runs[mv_run_place(&snap->state, run)];
        int rc = mv_kv_count(&snap->txn, db, &more_rows, err);
        if (rc == MV_OK)
            rc = mv_kv_bytes(&snap->txn, db, &more_bytes, err);
        if (rc != MV_OK)
            return rc;
        *rows += more_rows;
        *bytes += more_bytes;
    }
    return MV_OK;
}

int mv_run_seek(mv_run_cursors *cursors, uint64_t run, mv_slice vkey, mv_cur **out, mv_err *err)
{
    mv_cur *cur = &cursors->cur[run];
    mv_snap *snap = cursors->snap;
    int rc = MV_OK;
    if (run >= cursors->opened)
        cursors->opened = run + 1;
    if (cur->raw == NULL)
        rc = mv_cur_open(&snap->txn, cursors->env->runs[mv_run_place(&snap->state, run)], cur, err);
    if (rc == MV_OK)
        rc = mv_cur_seek(cur, vkey, err);
    if (rc == MV_OK)
        *out = cur;
    return rc;
}

void mv_run_close(mv_run_cursors *cursors)
{
    for (uint64_t run = 0; run < cursors->opened; run++)
        mv_cur_close(&cursors->cur[run]);
}
