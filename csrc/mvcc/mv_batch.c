#include "mvcc/mv_batch.h"

#include "base/mv_alloc.h"
#include "base/mv_buf.h"
#include "base/mv_bytes.h"
#include "base/mv_error.h"
#include "mvcc/mv_key.h"

#define LONGEST_PROBE 32 /* slots to look at: keys made to collide cost no more than a sort */

static mv_slice key_of(const mv_batch_row *row)
{
    return (mv_slice){row->key, row->key_len};
}

/* ---- sorting ---- */

/* Bytes that all keys begin with. */
static size_t common_prefix(const mv_ops *parts, uint64_t part_count)
{
    mv_ops_walk walk = mv_ops_walk_over(parts, part_count);
    mv_slice shared = {NULL, 0};
    for (bool first = true; mv_ops_next(&walk); first = false) {
        size_t same = 0;
        if (first)
            shared = walk.key;
        shared.len = shared.len < walk.key.len ? shared.len : walk.key.len;
        while (same < shared.len && walk.key.data[same] == shared.data[same])
            same++;
        shared.len = same;
    }
    return shared.len;
}

/* Up to four bytes, as a number that orders as they do; keys with equal heads are to be compared. */
static uint32_t head_of(const uint8_t *bytes, size_t len)
{
    uint32_t head = 0;
    for (size_t i = 0; i < 4; i++)
        head = head << 8 | (i < len ? bytes[i] : 0);
    return head;
}

static void fill_rows(const mv_ops *parts, uint64_t part_count, mv_batch_row *rows)
{
    size_t shared = common_prefix(parts, part_count);
    mv_ops_walk walk = mv_ops_walk_over(parts, part_count);
    for (uint32_t i = 0; mv_ops_next(&walk); i++)
        rows[i] = (mv_batch_row){
            .key = walk.key.data,
            .value = walk.value.data,
            .key_len = (uint32_t)walk.key.len,
            .value_len = (uint32_t)walk.value.len,
            .place = i,
            .head = head_of(walk.key.data + shared, walk.key.len - shared),
        };
}

static int compare_places(const void *a, const void *b)
{
    const mv_batch_row *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

static int compare_keys(const void *a, const void *b)
{
    const mv_batch_row *x = a, *y = b;
    if (x->head != y->head)
        return x->head < y->head ? -1 : 1;
    int order = mv_slice_compare(key_of(x), key_of(y));
    return order != 0 ? order : compare_places(a, b);
}

/* Keeps one row of each key: where the first of them stands, with the value of the last. */
static size_t drop_equal(mv_batch_row *rows, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !mv_slice_equal(key_of(&rows[kept - 1]), key_of(&rows[i]))) {
            rows[kept++] = rows[i];
        } else {
            rows[kept - 1].value = rows[i].value;
            rows[kept - 1].value_len = rows[i].value_len;
        }
    }
    return kept;
}

int mv_batch_sort(const mv_ops *parts, uint64_t part_count, mv_batch_row **out, size_t *count, mv_err *err)
{
    size_t total = 0;
    for (uint64_t i = 0; i < part_count; i++)
        total += parts[i].count;
    mv_batch_row *rows = mv_malloc((total > 0 ? total : 1) * sizeof *rows);
    if (rows == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "sorting a batch");
    fill_rows(parts, part_count, rows);
    qsort(rows, total, sizeof *rows, compare_keys);
    *out = rows;
    *count = drop_equal(rows, total);
    return MV_OK;
}

/* ---- keys that come twice ---- */

typedef struct slot { /* of a hash table; key NULL: empty */
    const uint8_t *key;
    uint32_t len, hash;
} slot;

/* Whether a key is a new one: it then takes a slot. False also where too many slots had to be looked at. */
static bool add_key(slot *slots, size_t mask, mv_slice key)
{
    uint32_t hash = mv_crc32c(0, key.data, key.len);
    for (size_t probe = 0; probe < LONGEST_PROBE; probe++) {
        slot *s = &slots[(hash + probe) & mask];
        if (s->key == NULL) {
            *s = (slot){key.data, (uint32_t)key.len, hash};
            return true;
        }
        if (s->hash == hash && mv_slice_equal((mv_slice){s->key, s->len}, key))
            return false;
    }
    return false;
}

/* Sets *distinct to false where a key may come twice. */
static int look_for_repeats(const mv_ops *ops, bool *distinct, mv_err *err)
{
    size_t size = 4;
    while (size < 2 * ops->count)
        size *= 2;
    slot *slots = mv_calloc(size, sizeof *slots);
    if (slots == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "looking for keys that come twice");
    mv_slice key = {ops->keys, 0};
    *distinct = true;
    for (uint64_t i = 0; i < ops->count && *distinct; i++) {
        key.len = ops->key_lens[i];
        *distinct = add_key(slots, size - 1, key);
        key.data += key.len;
    }
    mv_free(slots);
    return MV_OK;
}

static int append_row(mv_batch *batch, const mv_batch_row *row, mv_err *err)
{
    int rc = mv_buf_append(&batch->keys, row->key, row->key_len, err);
    if (rc == MV_OK)
        rc = mv_buf_append(&batch->key_lens, &row->key_len, sizeof row->key_len, err);
    if (rc == MV_OK)
        rc = mv_buf_append(&batch->values, row->value, row->value_len, err);
    if (rc == MV_OK)
        rc = mv_buf_append(&batch->value_lens, &row->value_len, sizeof row->value_len, err);
    return rc;
}

/* Puts columns together in which each key stands once. */
static int drop_repeats(const mv_ops *ops, mv_batch *out, mv_err *err)
{
    mv_batch_row *rows;
    size_t count;
    int rc = mv_batch_sort(ops, 1, &rows, &count, err);
    if (rc != MV_OK)
        return rc;
    qsort(rows, count, sizeof *rows, compare_places);
    for (size_t i = 0; i < count && rc == MV_OK; i++)
        rc = append_row(out, &rows[i], err);
    mv_free(rows);
    if (rc != MV_OK) {
        mv_batch_free(out);
        return rc;
    }
    out->ops = (mv_ops){
        .count = count,
        .table = ops->table,
        .keys = out->keys.data,
        .key_lens = (const uint32_t *)(void *)out->key_lens.data,
        .values = out->values.data,
        .value_lens = (const uint32_t *)(void *)out->value_lens.data,
    };
    return MV_OK;
}

int mv_batch_unique(const mv_ops *ops, mv_batch *out, mv_err *err)
{
    bool distinct = true;
    int rc = MV_OK;
    *out = (mv_batch){.ops = *ops};
    if (!mv_ops_ascend(ops, 1))
        rc = look_for_repeats(ops, &distinct, err);
    return rc == MV_OK && !distinct ? drop_repeats(ops, out, err) : rc;
}

void mv_batch_free(mv_batch *batch)
{
    mv_buf_free(&batch->keys);
    mv_buf_free(&batch->key_lens);
    mv_buf_free(&batch->values);
    mv_buf_free(&batch->value_lens);
}
