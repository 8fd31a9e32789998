/* A row of the memtable, and the order of rows: what the list and the index share.
 *
 *   | next[height - 1] | ... | next[0] | prev | lengths, height | version key | record |
 *                                      ^ the node's address
 *
 * The tower stands in front, so that the key has the same place in every node. A node is written while nobody else knows
 * it and published by the release store of a reference to it; then only its references change.
 */
#ifndef MV_MEM_NODE_H
#define MV_MEM_NODE_H

#include <stdatomic.h>

#include "mvcc/mv_key.h"

enum {
    MV_MEM_HEIGHT = 12,
    MV_MEM_SHORTEST = MV_KEY_OVERHEAD, /* of version keys */
    MV_MEM_ADDRESS_BITS = 48           /* of a node: as many as user space has */
};

#ifdef MVCC_PLANT_RELAXED
/* Rows are published without a barrier: the thread sanitizer must report it. */
#define MV_MEM_PUBLISH memory_order_relaxed
#else
#define MV_MEM_PUBLISH memory_order_release
#endif

typedef struct mv_mem_node mv_mem_node;
typedef _Atomic(mv_mem_node *) mv_mem_ptr;

struct mv_mem_node {
    mv_mem_ptr prev; /* NULL in the first */
    uint32_t record_len;
    uint16_t key_len;
    uint16_t height;
    uint8_t bytes[]; /* the key, then the record */
};

static inline mv_mem_node *mv_mem_load(const mv_mem_ptr *ref)
{
    return atomic_load_explicit(ref, memory_order_acquire);
}

/* Brings the key and the lowest of the tower near; NULL is harmless. */
static inline void mv_mem_prefetch(const mv_mem_node *node)
{
    uintptr_t from = (uintptr_t)node - sizeof(mv_mem_ptr);
    __builtin_prefetch((const void *)from);
    __builtin_prefetch((const void *)(from + 56));
}

static inline void mv_mem_publish(mv_mem_ptr *ref, mv_mem_node *node)
{
    atomic_store_explicit(ref, node, MV_MEM_PUBLISH);
}

/* The reference to the node behind this one on a level below its height. */
static inline mv_mem_ptr *mv_mem_next_ptr(const mv_mem_node *node, unsigned level)
{
    return (mv_mem_ptr *)node - 1 - level;
}

static inline mv_slice mv_mem_key(const mv_mem_node *node)
{
    return (mv_slice){node->bytes, node->key_len};
}

static inline mv_slice mv_mem_record(const mv_mem_node *node)
{
    return (mv_slice){node->bytes + node->key_len, node->record_len};
}

/* The timestamp of a version key. */
static inline uint64_t mv_mem_ts(mv_slice vkey)
{
    return mv_get_le64(vkey.data + vkey.len - MV_KEY_TS);
}

/* Whether two version keys are versions of one table's key. */
static inline bool mv_mem_same_user(mv_slice a, mv_slice b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len - MV_KEY_TS) == 0;
}

/* Eight bytes from a place on as a number that is ordered as they are; of fewer, those. There may be any behind them. */
static inline uint64_t mv_mem_word(const uint8_t *at, size_t len)
{
    uint64_t word = mv_get_be64(at);
    return len < 8 ? word >> (64 - 8 * len) : word;
}

/* mv_vkey_compare of two version keys. The bytes of their timestamps make reading past the tables and keys harmless. */
static inline int mv_mem_compare(mv_slice a, mv_slice b)
{
    size_t shared = (a.len < b.len ? a.len : b.len) - MV_KEY_TS, at = 0;
    uint64_t x = 0, y = 0;
    for (; x == y && at + 8 <= shared; at += 8) {
        x = mv_get_be64(a.data + at);
        y = mv_get_be64(b.data + at);
    }
    if (x == y && at < shared) {
        x = mv_mem_word(a.data + at, shared - at);
        y = mv_mem_word(b.data + at, shared - at);
    }
    if (x != y)
        return x < y ? -1 : 1;
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    uint64_t ts_a = mv_mem_ts(a), ts_b = mv_mem_ts(b);
    return (ts_a < ts_b) - (ts_a > ts_b);
}

#endif
