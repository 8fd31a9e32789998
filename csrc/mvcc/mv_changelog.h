/* Rows of `changes`: what each commit did, in commit order, written in the transaction that made it visible.
 *
 *   key:   commit timestamp u64 BE | sequence number u32 BE
 *   value: checked record; its kind is one of mv_change_kind, its payload
 *          tombstone, value:  table id u32 BE | user key
 *          span, load:        table id u32 BE | start length u32 LE | start | end length u32 LE | end
 *                             (a length of 0xffffffff: unbounded)
 *
 * A span says that everything visible in it at the commit came with the commit: a restored table. A load says that
 * every version in it with the commit's timestamp did, and no other. DO NOT CHANGE: stores hold these bytes.
 */
#ifndef MV_CHANGELOG_H
#define MV_CHANGELOG_H

#include "base/mv_bytes.h"
#include "mvcc/mv_key.h"
#include "mvcc/mv_record.h"

enum {
    MV_CHANGE_KEY = 12
};

enum mv_change_kind {
    MV_CHANGE_TOMBSTONE = MV_KIND_TOMBSTONE,
    MV_CHANGE_VALUE = MV_KIND_VALUE,
    MV_CHANGE_SPAN = 2,
    MV_CHANGE_LOAD = 3
};

typedef struct mv_bound { /* one end of a span */
    mv_slice key;
    bool open; /* unbounded: key is not used */
} mv_bound;

typedef struct mv_change {
    uint64_t ts;
    uint32_t seq;
    uint8_t kind;
    uint32_t table;
    mv_slice key;        /* tombstone, value */
    mv_bound start, end; /* span, load */
} mv_change;

/* Whether the row stands for the keys of a span, not for one key. */
static inline bool mv_change_is_span(const mv_change *change)
{
    return change->kind == MV_CHANGE_SPAN || change->kind == MV_CHANGE_LOAD;
}

static inline mv_slice mv_change_key(uint8_t out[MV_CHANGE_KEY], uint64_t ts, uint32_t seq)
{
    mv_put_be64(out, ts);
    mv_put_be32(out + 8, seq);
    return (mv_slice){out, MV_CHANGE_KEY};
}

/* Appends the row of a put or delete. cur stands on `changes`; rows are added in key order. */
int mv_change_add(mv_cur *cur, uint64_t ts, uint32_t seq, uint8_t kind, uint32_t table, mv_slice key,
                  mv_err *err);

/* Appends the row of a span or a load. */
int mv_change_add_span(mv_cur *cur, uint64_t ts, uint32_t seq, uint8_t kind, uint32_t table, mv_bound start,
                       mv_bound end, mv_err *err);

/* Appends the row of a load: from its first key to just behind its last. */
int mv_change_add_load(mv_cur *cur, uint64_t ts, uint32_t table, mv_slice first, mv_slice last, mv_err *err);

/* Checks and takes apart the row that cur stands on; slices point into the row. MV_E_CORRUPT_STORE. */
int mv_change_read(const mv_cur *cur, mv_change *out, mv_err *err);

/* Places cur at the first row at or after (ts, seq); MV_NOT_FOUND. */
int mv_change_seek(mv_cur *cur, uint64_t ts, uint32_t seq, mv_err *err);

#endif
