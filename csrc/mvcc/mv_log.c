#include "mvcc/mv_log.h"

#include "mvcc/mv_walk.h"

mv_db mv_log_active(const mv_env *env, const mv_state *state)
{
    return env->logs[state->active & 1];
}

mv_db mv_log_frozen(const mv_env *env, const mv_state *state)
{
    return env->logs[(state->active & 1) ^ 1];
}

int mv_log_add(mv_cur *cur, uint64_t ts, uint32_t seq, uint8_t kind, uint32_t table, mv_slice key,
               mv_slice value, mv_err *err)
{
    uint8_t raw_key[MV_CHANGE_KEY], *out;
    mv_slice row = mv_change_key(raw_key, ts, seq);
    size_t vkey_len = key.len + MV_KEY_OVERHEAD;
    int rc =
        mv_cur_reserve(cur, row, MV_LOG_HEAD + vkey_len + MV_RECORD_HEAD + value.len, false, true, &out, err);
    if (rc != MV_OK)
        return rc;
    mv_put_le16(out, (uint16_t)vkey_len);
    mv_slice vkey = mv_vkey_write(out + MV_LOG_HEAD, table, key, ts);
    uint8_t *record = out + MV_LOG_HEAD + vkey_len;
    if (value.len > 0)
        memcpy(record + MV_RECORD_HEAD, value.data, value.len);
    mv_record_seal(record, vkey, kind, value.len);
    return MV_OK;
}

/* Takes the row apart by its lengths; *vkey is set where that works. */
static bool parse(const mv_cur *cur, mv_log_row *out, mv_vkey *vkey)
{
    mv_rd key = mv_rd_over(cur->key.data, cur->key.len);
    mv_rd r = mv_rd_over(cur->value.data, cur->value.len);
    uint16_t vkey_len;
    if (!mv_rd_be64(&key, &out->ts) || !mv_rd_be32(&key, &out->seq) || mv_rd_left(&key) != 0)
        return false;
    if (!mv_rd_le16(&r, &vkey_len) || !mv_rd_bytes(&r, vkey_len, &out->vkey.data))
        return false;
    out->vkey.len = vkey_len;
    out->record = (mv_slice){r.at, mv_rd_left(&r)};
    return mv_vkey_parse(out->vkey, vkey);
}

int mv_log_read(const mv_cur *cur, mv_log_row *out, mv_err *err)
{
    mv_log_row row;
    mv_vkey vkey;
    mv_slice payload;
    uint8_t kind;
    if (!parse(cur, &row, &vkey))
        return mv_fail(err, MV_E_CORRUPT_STORE, "a row of the log is damaged");
    if (mv_record_open(row.vkey, row.record, &kind, &payload) && kind <= MV_KIND_VALUE && vkey.ts == row.ts) {
        *out = row;
        return MV_OK;
    }
    mv_fail(err, MV_E_CORRUPT_STORE, "a row of the log is damaged");
    return mv_fail_at(err, vkey.table, vkey.key.data, vkey.key.len, vkey.ts);
}

int mv_log_count(const mv_env *env, mv_snap *snap, uint64_t *versions, mv_err *err)
{
    const mv_db databases[] = {env->data, env->logs[0], env->logs[1]};
    uint64_t rows, ignored;
    int rc = mv_runs_measure(env, snap, versions, &ignored, err);
    for (size_t i = 0; i < sizeof databases / sizeof *databases && rc == MV_OK; i++) {
        rc = mv_kv_count(&snap->txn, databases[i], &rows, err);
        if (rc == MV_OK)
            *versions += rows;
    }
    return rc;
}

/* ---- the version of a change ---- */

int mv_finder_open(const mv_env *env, mv_snap *snap, mv_finder *out, mv_err *err)
{
    *out = (mv_finder){.env = env, .state = &snap->state, .runs = {.env = env, .snap = snap}};
    int rc = mv_cur_open(&snap->txn, env->data, &out->data, err);
    if (rc == MV_OK)
        rc = mv_cur_open(&snap->txn, mv_log_active(env, &snap->state), &out->active, err);
    if (rc == MV_OK && snap->state.frozen != 0)
        rc = mv_cur_open(&snap->txn, mv_log_frozen(env, &snap->state), &out->frozen, err);
    return rc;
}

void mv_finder_close(mv_finder *finder)
{
    mv_cur_close(&finder->data);
    mv_cur_close(&finder->active);
    mv_cur_close(&finder->frozen);
    mv_run_close(&finder->runs);
}

/* Looks for the row of the same number in a log. */
static int find_in_log(mv_cur *log, const mv_change *change, mv_slice vkey, uint8_t *kind, mv_slice *value,
                       mv_err *err)
{
    uint8_t room[MV_CHANGE_KEY];
    mv_log_row row = {0};
    mv_slice key = mv_change_key(room, change->ts, change->seq);
    int rc = mv_cur_seek(log, key, err);
    if (rc == MV_OK && !mv_slice_equal(log->key, key))
        return MV_NOT_FOUND;
    if (rc == MV_OK)
        rc = mv_log_read(log, &row, err);
    if (rc != MV_OK)
        return rc;
    if (!mv_slice_equal(row.vkey, vkey))
        return mv_fail(err, MV_E_CORRUPT_STORE, "a row of the log and its change name different keys");
    mv_record_peek(row.record, kind, value); /* mv_log_read has compared the checksum */
    return MV_OK;
}

/* Takes the row that a cursor was placed at for a version, if it is that one. */
static int take_if_same(const mv_cur *cur, mv_slice vkey, uint8_t *kind, mv_slice *value, mv_err *err)
{
    mv_vkey found;
    if (!mv_slice_equal(cur->key, vkey))
        return MV_NOT_FOUND;
    return mv_row_open(cur->key, cur->value, &found, kind, value, err);
}

/* Looks into the run whose range of time holds a timestamp. */
static int find_in_run(mv_finder *finder, uint64_t ts, mv_slice vkey, uint8_t *kind, mv_slice *value,
                       mv_err *err)
{
    mv_cur *cur;
    uint64_t run = 0;
    while (run < finder->state->run_count && mv_run_high(finder->state, run) < ts)
        run++;
    if (run == finder->state->run_count)
        return MV_NOT_FOUND;
    int rc = mv_run_seek(&finder->runs, run, vkey, &cur, err);
    return rc == MV_OK ? take_if_same(cur, vkey, kind, value, err) : rc;
}

int mv_finder_find(mv_finder *finder, const mv_change *change, uint8_t *kind, mv_slice *value, mv_err *err)
{
    uint8_t room[MV_VKEY_ROOM];
    mv_slice vkey = mv_vkey_write(room, change->table, change->key, change->ts);
    int rc = MV_NOT_FOUND;
    if (change->ts > finder->state->merged && change->ts <= finder->state->sorted) {
        rc = find_in_run(finder, change->ts, vkey, kind, value, err);
    } else if (change->ts > finder->state->sorted) {
        bool frozen = change->ts <= finder->state->frozen;
        rc = find_in_log(frozen ? &finder->frozen : &finder->active, change, vkey, kind, value, err);
    }
    if (rc != MV_NOT_FOUND)
        return rc;
    rc = mv_cur_seek(&finder->data, vkey, err);
    return rc == MV_OK ? take_if_same(&finder->data, vkey, kind, value, err) : rc;
}
