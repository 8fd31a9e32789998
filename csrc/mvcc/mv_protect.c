#include "mvcc/mv_protect.h"

#include "base/mv_buf.h"
#include "base/mv_bytes.h"
#include "base/mv_error.h"
#include "mvcc/mv_record.h"

#define HEAD_LEN 24 /* of the payload */
#define LABEL_LIMIT 256
#define KEY_LEN 8

enum {
    WHILE_OWNED = 0,
    DURABLE = 1
};

typedef struct record {
    bool durable;
    uint64_t ts;
    mv_owner owner;
} record;

static bool parse(const mv_cur *cur, record *out)
{
    mv_slice payload;
    uint8_t kind;
    if (cur->key.len != KEY_LEN || !mv_record_open(cur->key, cur->value, &kind, &payload) || kind > DURABLE)
        return false;
    mv_rd r = mv_rd_over(payload.data, payload.len);
    out->durable = kind == DURABLE;
    return mv_rd_le64(&r, &out->ts) && mv_rd_le64(&r, &out->owner.index) && mv_rd_le64(&r, &out->owner.token);
}

int mv_protect_check(const mv_cur *cur, mv_err *err)
{
    record r;
    return parse(cur, &r) ? MV_OK : mv_fail(err, MV_E_CORRUPT_STORE, "a row of protected is damaged");
}

int mv_protect_lowest(mv_env *env, mv_write *w, uint64_t *lowest, mv_err *err)
{
    mv_cur cur;
    record r;
    *lowest = MV_TS_MAX;
    int rc = mv_cur_open(&w->txn, env->protected, &cur, err);
    if (rc == MV_OK)
        rc = mv_cur_first(&cur, err);
    for (; rc == MV_OK; rc = mv_cur_next(&cur, err)) {
        if (!parse(&cur, &r)) {
            rc = mv_protect_check(&cur, err);
            break;
        }
        if (!r.durable && !mv_shared_alive(env->shared, r.owner))
            rc = mv_cur_del(&cur, err);
        else if (r.ts < *lowest)
            *lowest = r.ts;
        if (rc != MV_OK)
            break;
    }
    mv_cur_close(&cur);
    return rc == MV_NOT_FOUND ? MV_OK : rc;
}

static int write_record(mv_env *env, mv_write *w, uint64_t ts, bool durable, const char *label, mv_err *err)
{
    uint8_t key[KEY_LEN], row[MV_RECORD_HEAD + HEAD_LEN + LABEL_LIMIT], *at = row + MV_RECORD_HEAD;
    mv_owner owner = mv_shared_self(env->shared);
    size_t label_len = strnlen(label, LABEL_LIMIT);
    mv_put_be64(key, w->state.next_record);
    mv_put_le64(at, ts);
    mv_put_le64(at + 8, owner.index);
    mv_put_le64(at + 16, owner.token);
    memcpy(at + HEAD_LEN, label, label_len);
    mv_record_seal(row, (mv_slice){key, KEY_LEN}, durable ? DURABLE : WHILE_OWNED, HEAD_LEN + label_len);
    return mv_kv_put(&w->txn, env->protected, (mv_slice){key, KEY_LEN},
                     (mv_slice){row, MV_RECORD_HEAD + HEAD_LEN + label_len}, err);
}

int mv_protect(mv_env *env, uint64_t ts, int durable, const char *label, uint64_t *id, mv_err *err)
{
    mv_write w;
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_write_open(env, &w, err);
    if (rc == MV_OK) {
        uint64_t given = w.state.next_record;
        if (ts < w.state.gc)
            rc = mv_fail_ab(err, MV_E_BELOW_GC, ts, w.state.gc, "the timestamp is below the GC threshold");
        else
            rc = write_record(env, &w, ts, durable, label, err);
        if (rc == MV_OK) {
            w.state.next_record++;
            rc = mv_write_close(env, &w, err);
            if (rc == MV_OK)
                *id = given;
        } else {
            mv_write_abort(&w.txn);
        }
    }
    mv_env_leave(env);
    return rc;
}

int mv_unprotect(mv_env *env, uint64_t id, mv_err *err)
{
    mv_write w;
    uint8_t key[KEY_LEN];
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_write_open(env, &w, err);
    if (rc == MV_OK) {
        mv_put_be64(key, id);
        rc = mv_kv_del(&w.txn, env->protected, (mv_slice){key, KEY_LEN}, err);
        if (rc == MV_OK)
            rc = mv_write_close(env, &w, err);
        else
            mv_write_abort(&w.txn);
    }
    mv_env_leave(env);
    return rc;
}
