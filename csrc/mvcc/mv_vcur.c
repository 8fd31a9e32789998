#include "mvcc/mv_vcur.h"

#include "mvcc/mv_key.h"
#include "mvcc/mv_runs.h"

static int add_db(mv_vcur *cur, mv_snap *snap, mv_db db, mv_err *err)
{
    int rc = mv_cur_open(&snap->txn, db, &cur->db[cur->dbs], err);
    cur->dbs += rc == MV_OK;
    return rc;
}

/* The runs of which some rows may lie at or below a timestamp, up to a number of the oldest. */
static int add_runs(const mv_env *env, mv_vcur *cur, mv_snap *snap, uint64_t at, uint64_t runs, mv_err *err)
{
    const mv_state *s = &snap->state;
    int rc = MV_OK;
    for (uint64_t run = 0; run < runs && mv_run_low(s, run) < at && rc == MV_OK; run++)
        rc = add_db(cur, snap, env->runs[mv_run_place(s, run)], err);
    return rc;
}

int mv_vcur_open(const mv_env *env, mv_snap *snap, mv_vcur *out, mv_err *err)
{
    *out = (mv_vcur){.mems = snap->mems.count};
    for (unsigned i = 0; i < out->mems; i++)
        out->mem[i].mem = snap->mems.mem[i];
    int rc = add_db(out, snap, env->data, err);
    return rc == MV_OK ? add_runs(env, out, snap, snap->at, snap->state.run_count, err) : rc;
}

int mv_vcur_open_runs(const mv_env *env, mv_snap *snap, uint64_t runs, mv_vcur *out, mv_err *err)
{
    *out = (mv_vcur){0};
    return add_runs(env, out, snap, MV_TS_MAX, runs, err);
}

void mv_vcur_close(mv_vcur *cur)
{
    for (unsigned i = 0; i < cur->dbs; i++)
        mv_cur_close(&cur->db[i]);
}

static bool is_single(const mv_vcur *cur)
{
    return cur->mems + cur->dbs == 1 && cur->dbs == 1;
}

/* ---- one source ---- */

enum step {
    SEEK,
    LAST,
    NEXT,
    PREV
};

static int move_db(mv_cur *db, enum step step, mv_slice key, mv_err *err)
{
    switch (step) {
    case SEEK:
        return mv_cur_seek(db, key, err);
    case LAST:
        return mv_cur_last(db, err);
    case NEXT:
        return mv_cur_next(db, err);
    default:
        return mv_cur_prev(db, err);
    }
}

static bool move_mem(mv_mem_cur *mem, enum step step, mv_slice key)
{
    switch (step) {
    case SEEK:
        return mv_mem_seek(mem, key);
    case LAST:
        return mv_mem_last(mem);
    case NEXT:
        return mv_mem_next(mem);
    default:
        return mv_mem_prev(mem);
    }
}

/* Moves a source and notes whether it stands on a row. MV_OK also where it does not. */
static int move(mv_vcur *cur, unsigned source, enum step step, mv_slice key, mv_err *err)
{
    if (source < cur->mems) {
        cur->on[source] = move_mem(&cur->mem[source], step, key);
        return MV_OK;
    }
    int rc = move_db(&cur->db[source - cur->mems], step, key, err);
    cur->on[source] = rc == MV_OK;
    return rc == MV_NOT_FOUND ? MV_OK : rc;
}

static mv_slice key_of(const mv_vcur *cur, unsigned source)
{
    return source < cur->mems ? cur->mem[source].key : cur->db[source - cur->mems].key;
}

static int compare(mv_slice a, mv_slice b)
{
    mv_val x = {a.len, (void *)a.data}, y = {b.len, (void *)b.data};
    return mv_vkey_compare(&x, &y);
}

/* ---- all of them ---- */

static int give_single(mv_vcur *cur, int rc)
{
    cur->key = cur->db[0].key;
    cur->value = cur->db[0].value;
    return rc;
}

/* Takes the first row in the direction of travel as the current one. */
static int pick(mv_vcur *cur)
{
    bool found = false;
    for (unsigned i = 0; i < cur->mems + cur->dbs; i++) {
        if (!cur->on[i])
            continue;
        if (found) {
            int order = compare(key_of(cur, i), key_of(cur, cur->at));
            if (cur->backward ? order <= 0 : order >= 0)
                continue;
        }
        cur->at = i;
        found = true;
    }
    if (!found)
        return MV_NOT_FOUND;
    cur->key = key_of(cur, cur->at);
    cur->value = cur->at < cur->mems ? cur->mem[cur->at].value : cur->db[cur->at - cur->mems].value;
    return MV_OK;
}

int mv_vcur_seek(mv_vcur *cur, mv_slice key, mv_err *err)
{
    if (is_single(cur))
        return give_single(cur, mv_cur_seek(&cur->db[0], key, err));
    cur->backward = false;
    for (unsigned i = 0; i < cur->mems + cur->dbs; i++) {
        int rc = move(cur, i, SEEK, key, err);
        if (rc != MV_OK)
            return rc;
    }
    return pick(cur);
}

int mv_vcur_last(mv_vcur *cur, mv_err *err)
{
    if (is_single(cur))
        return give_single(cur, mv_cur_last(&cur->db[0], err));
    cur->backward = true;
    for (unsigned i = 0; i < cur->mems + cur->dbs; i++) {
        int rc = move(cur, i, LAST, cur->key, err);
        if (rc != MV_OK)
            return rc;
    }
    return pick(cur);
}

/* Brings a source that stands on the other side of the current row to the first row at or behind it (forward), or in front
 * of it (backward). */
static int turn(mv_vcur *cur, unsigned source, mv_err *err)
{
    int rc = move(cur, source, SEEK, cur->key, err);
    if (rc != MV_OK || !cur->backward)
        return rc;
    return move(cur, source, cur->on[source] ? PREV : LAST, cur->key, err);
}

/* One step in the direction of travel: every source that stands on the current row leaves it. */
static int advance(mv_vcur *cur, bool backward, mv_err *err)
{
    bool turns = cur->backward != backward;
    cur->backward = backward;
    for (unsigned i = 0; i < cur->mems + cur->dbs; i++) {
        int rc = turns && i != cur->at ? turn(cur, i, err) : MV_OK;
        if (rc == MV_OK && cur->on[i] && (i == cur->at || compare(key_of(cur, i), cur->key) == 0))
            rc = move(cur, i, backward ? PREV : NEXT, cur->key, err);
        if (rc != MV_OK)
            return rc;
    }
    return pick(cur);
}

int mv_vcur_next(mv_vcur *cur, mv_err *err)
{
    return is_single(cur) ? give_single(cur, mv_cur_next(&cur->db[0], err)) : advance(cur, false, err);
}

int mv_vcur_prev(mv_vcur *cur, mv_err *err)
{
    return is_single(cur) ? give_single(cur, mv_cur_prev(&cur->db[0], err)) : advance(cur, true, err);
}
