#include "mvcc/mv_mem_index.h"

enum {
    LINE = 8,         /* slots that come with one cache miss */
    FIRST_SLOTS = 64, /* of the first array: a power of two, as all are */
    FREE_PART = 8,    /* one slot in eight stays free */
    AHEAD = 32        /* slots: how early a node is prefetched while the array grows */
};

typedef _Atomic uint64_t slot_ref;

struct mv_mem_slots {
    uint64_t mask;       /* their number less one */
    uint64_t shift;      /* from a hash to its line */
    uint64_t padding[6]; /* lines of slots are lines of the cache */
    slot_ref at[];
};

static uint64_t load(const slot_ref *slot)
{
    return atomic_load_explicit(slot, memory_order_acquire);
}

static mv_mem_node *node_of(uint64_t slot)
{
    return (mv_mem_node *)(uintptr_t)(slot & (((uint64_t)1 << MV_MEM_ADDRESS_BITS) - 1));
}

static uint64_t slot_of(uint64_t hash, const mv_mem_node *node)
{
    return hash << MV_MEM_ADDRESS_BITS | (uint64_t)(uintptr_t)node;
}

uint64_t mv_mem_hash(mv_slice vkey)
{
    size_t len = vkey.len - MV_KEY_TS;
    uint64_t hash = len;
    for (size_t at = 0; at < len; at += 8) {
        hash = (hash ^ mv_mem_word(vkey.data + at, len - at)) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    hash *= 0xd6e8feb86659fd93u;
    return hash ^ hash >> 32;
}

static mv_mem_slots *slots_of(const mv_mem_index *index)
{
    return atomic_load_explicit(&index->slots, memory_order_acquire);
}

static uint64_t line_of(const mv_mem_slots *slots, uint64_t hash)
{
    return (hash >> slots->shift) * LINE;
}

void mv_mem_index_prefetch(const mv_mem_index *index, uint64_t hash)
{
    const mv_mem_slots *slots = slots_of(index);
    __builtin_prefetch(&slots->at[line_of(slots, hash)]);
}

/* Puts the slot where it belongs, with a barrier. There is a free one. */
static void store(mv_mem_slots *slots, uint64_t hash, uint64_t slot, uint64_t instead_of)
{
    uint64_t at = line_of(slots, hash);
    while (atomic_load_explicit(&slots->at[at], memory_order_relaxed) != instead_of)
        at = (at + 1) & slots->mask;
    atomic_store_explicit(&slots->at[at], slot, memory_order_release);
}

/* Copies the slots of an array into one that nobody else knows. */
static void copy(const mv_mem_slots *from, mv_mem_slots *to)
{
    for (uint64_t at = 0; at <= from->mask; at++) {
        uint64_t ahead = load(&from->at[(at + AHEAD) & from->mask]), slot = load(&from->at[at]);
        mv_mem_prefetch(node_of(ahead));
        if (slot != 0)
            store(to, mv_mem_hash(mv_mem_key(node_of(slot))), slot, 0);
    }
}

int mv_mem_index_reserve(mv_mem_index *index, mv_arena *arena, uint64_t more, mv_err *err)
{
    const mv_mem_slots *old = slots_of(index);
    uint64_t count = old == NULL ? FIRST_SLOTS : old->mask + 1;
    while (index->keys + more > count - count / FREE_PART)
        count *= 2;
    if (old != NULL && count == old->mask + 1)
        return MV_OK;
    void *memory;
    size_t size = sizeof(mv_mem_slots) + count * sizeof(slot_ref);
    int rc = mv_arena_take(arena, size, sizeof(mv_mem_slots), &memory, err);
    if (rc != MV_OK)
        return rc;
    mv_mem_slots *slots = memset(memory, 0, size);
    slots->mask = count - 1;
    slots->shift = 64 - (unsigned)__builtin_ctzll(count / LINE);
    if (old != NULL)
        copy(old, slots);
    atomic_store_explicit(&index->slots, slots, memory_order_release);
    return MV_OK;
}

void mv_mem_index_put(mv_mem_index *index, uint64_t hash, mv_mem_node *node, const mv_mem_node *newest)
{
    store(slots_of(index), hash, slot_of(hash, node), newest == NULL ? 0 : slot_of(hash, newest));
    index->keys += newest == NULL;
}

const mv_mem_node *mv_mem_index_find(const mv_mem_index *index, mv_slice vkey)
{
    const mv_mem_slots *slots = slots_of(index);
    if (slots == NULL)
        return NULL;
    uint64_t hash = mv_mem_hash(vkey), slot;
    for (uint64_t at = line_of(slots, hash); (slot = load(&slots->at[at])) != 0; at = (at + 1) & slots->mask)
        if (slot >> MV_MEM_ADDRESS_BITS == (hash & UINT16_MAX) &&
            mv_mem_same_user(mv_mem_key(node_of(slot)), vkey))
            return node_of(slot);
    return NULL;
}

uint64_t mv_mem_index_used(const mv_mem_index *index)
{
    const mv_mem_slots *slots = slots_of(index);
    uint64_t used = 0;
    for (uint64_t at = 0; slots != NULL && at <= slots->mask; at++)
        used += load(&slots->at[at]) != 0;
    return used;
}
