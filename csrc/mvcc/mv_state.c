#include "mvcc/mv_state.h"

#include "base/mv_bytes.h"
#include "base/mv_error.h"
#include "mvcc/mv_key.h"
#include "mvcc/mv_record.h"

#define MAGIC "mvccstor"
#define MAGIC_LEN 8
#define FIELDS (sizeof(mv_state) / sizeof(uint64_t))
#define STATE_LEN (FIELDS * 8)
#define FORMAT_LEN (MAGIC_LEN + 4 + MV_STORE_ID)

static const mv_slice state_key = {(const uint8_t *)"state", 5};
static const mv_slice format_key = {(const uint8_t *)"format", 6};
static const mv_slice progress_keys[] = {{(const uint8_t *)"sort", 4}, {(const uint8_t *)"merge", 5}};

/* Reads a meta row whose length lies between two; MV_NOT_FOUND, or MV_E_CORRUPT_STORE. */
static int load(mv_txn *txn, mv_db meta, mv_slice key, size_t shortest, size_t longest, mv_slice *payload,
                mv_err *err)
{
    mv_slice raw;
    uint8_t kind;
    int rc = mv_kv_get(txn, meta, key, &raw, err);
    if (rc != MV_OK)
        return rc;
    if (!mv_record_open(key, raw, &kind, payload) || kind != 0 || payload->len < shortest ||
        payload->len > longest)
        return mv_fail(err, MV_E_CORRUPT_STORE, "the %.*s row of meta is damaged", (int)key.len, key.data);
    return MV_OK;
}

int mv_state_load(mv_txn *txn, mv_db meta, mv_state *out, mv_err *err)
{
    mv_slice payload;
    int rc = load(txn, meta, state_key, STATE_LEN, STATE_LEN, &payload, err);
    if (rc == MV_NOT_FOUND)
        return mv_fail(err, MV_E_CORRUPT_STORE, "the state row of meta is missing");
    if (rc != MV_OK)
        return rc;
    uint64_t fields[FIELDS];
    for (size_t i = 0; i < FIELDS; i++)
        fields[i] = mv_get_le64(payload.data + 8 * i);
    memcpy(out, fields, sizeof *out);
    if (out->run_first >= MV_RUNS || out->run_count > MV_RUNS || out->run_merging > out->run_count)
        return mv_fail(err, MV_E_CORRUPT_STORE, "the state row of meta is damaged");
    return MV_OK;
}

int mv_state_save(mv_txn *txn, mv_db meta, const mv_state *state, mv_err *err)
{
    uint8_t row[MV_RECORD_HEAD + STATE_LEN];
    uint64_t fields[FIELDS];
    memcpy(fields, state, sizeof fields);
    for (size_t i = 0; i < FIELDS; i++)
        mv_put_le64(row + MV_RECORD_HEAD + 8 * i, fields[i]);
    mv_record_seal(row, state_key, 0, STATE_LEN);
    return mv_kv_put(txn, meta, state_key, (mv_slice){row, sizeof row}, err);
}

int mv_format_load(mv_txn *txn, mv_db meta, uint8_t store_id[MV_STORE_ID], mv_err *err)
{
    mv_slice payload;
    int rc = load(txn, meta, format_key, FORMAT_LEN, FORMAT_LEN, &payload, err);
    if (rc != MV_OK)
        return rc;
    if (memcmp(payload.data, MAGIC, MAGIC_LEN) != 0)
        return mv_fail(err, MV_E_NOT_A_STORE, "the format row of meta is not ours");
    uint32_t version = mv_get_le32(payload.data + MAGIC_LEN);
    if (version != MV_FORMAT_VERSION)
        return mv_fail_ab(err, MV_E_FORMAT_VERSION, version, MV_FORMAT_VERSION,
                          "the store has another format");
    memcpy(store_id, payload.data + MAGIC_LEN + 4, MV_STORE_ID);
    return MV_OK;
}

int mv_format_save(mv_txn *txn, mv_db meta, const uint8_t store_id[MV_STORE_ID], mv_err *err)
{
    uint8_t row[MV_RECORD_HEAD + FORMAT_LEN], *at = row + MV_RECORD_HEAD;
    memcpy(at, MAGIC, MAGIC_LEN);
    mv_put_le32(at + MAGIC_LEN, MV_FORMAT_VERSION);
    memcpy(at + MAGIC_LEN + 4, store_id, MV_STORE_ID);
    mv_record_seal(row, format_key, 0, FORMAT_LEN);
    return mv_kv_put(txn, meta, format_key, (mv_slice){row, sizeof row}, err);
}

int mv_progress_load(mv_txn *txn, mv_db meta, enum mv_progress which, mv_slice *out, mv_err *err)
{
    return load(txn, meta, progress_keys[which], MV_KEY_OVERHEAD, MV_KEY_OVERHEAD + MV_MAX_KEY, out, err);
}

int mv_progress_save(mv_txn *txn, mv_db meta, enum mv_progress which, mv_slice vkey, mv_err *err)
{
    uint8_t row[MV_RECORD_HEAD + MV_VKEY_ROOM];
    memcpy(row + MV_RECORD_HEAD, vkey.data, vkey.len);
    mv_record_seal(row, progress_keys[which], 0, vkey.len);
    return mv_kv_put(txn, meta, progress_keys[which], (mv_slice){row, MV_RECORD_HEAD + vkey.len}, err);
}

int mv_progress_clear(mv_txn *txn, mv_db meta, enum mv_progress which, mv_err *err)
{
    int rc = mv_kv_del(txn, meta, progress_keys[which], err);
    return rc == MV_NOT_FOUND ? MV_OK : rc;
}
