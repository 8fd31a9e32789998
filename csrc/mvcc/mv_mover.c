#include "mvcc/mv_mover.h"

#include "mvcc/mv_key.h"
#include "mvcc/mv_pace.h"

#define MOST_BYTES ((uint64_t)16 << 20) /* of a slice */
#define MOST_NS ((uint64_t)24000000)    /* of a slice, without its commit */
#define LOOKS 64                        /* rows between two looks at the clock */

static int sorts_last(mv_cur *cur, mv_slice vkey, bool *last, mv_err *err)
{
    int rc = mv_cur_last(cur, err);
    *last = rc == MV_NOT_FOUND;
    if (rc != MV_OK)
        return *last ? MV_OK : rc;
    mv_val a = {cur->key.len, (void *)cur->key.data}, b = {vkey.len, (void *)vkey.data};
    *last = mv_vkey_compare(&a, &b) < 0;
    return MV_OK;
}

int mv_sorts_last(mv_txn *txn, mv_db db, mv_slice vkey, bool *last, mv_err *err)
{
    mv_cur cur;
    int rc = mv_cur_open(txn, db, &cur, err);
    if (rc == MV_OK)
        rc = sorts_last(&cur, vkey, last, err);
    mv_cur_close(&cur);
    return rc;
}

int mv_mover_open(mv_txn *txn, mv_db db, mv_slice first, mv_mover *out, mv_err *err)
{
    *out = (mv_mover){.began = mv_pace_clock()};
    int rc = mv_cur_open(txn, db, &out->cur, err);
    return rc == MV_OK ? sorts_last(&out->cur, first, &out->append, err) : rc;
}

void mv_mover_close(mv_mover *mover)
{
    mv_cur_close(&mover->cur);
}

int mv_mover_put(mv_mover *mover, mv_slice vkey, mv_slice record, mv_err *err)
{
    uint8_t *out;
    int rc = mv_cur_reserve(&mover->cur, vkey, record.len, false, mover->append, &out, err);
    if (rc != MV_OK)
        return rc;
    memcpy(out, record.data, record.len);
    mover->rows++;
    mover->bytes += vkey.len + record.len;
    return MV_OK;
}

bool mv_mover_done(const mv_mover *mover, uint64_t most_rows)
{
    if (mover->rows >= most_rows || mover->bytes >= MOST_BYTES)
        return true;
    return mover->rows % LOOKS == 0 && mover->rows > 0 && mv_pace_clock() - mover->began > MOST_NS;
}
