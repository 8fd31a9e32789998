/* A skip list: a row is published by the release store of the pointer to it on the lowest level. */
#include "mvcc/mv_memtable.h"

#include "base/mv_alloc.h"
#include "base/mv_error.h"
#include "mvcc/mv_mem_arena.h"

enum {
    MAX_HEIGHT = 12,
    SMALLEST_KEY = MV_KEY_OVERHEAD,
    LARGEST_KEY = MV_MAX_KEY + MV_KEY_OVERHEAD
};

typedef struct mv_mem_node mv_mem_node;
typedef _Atomic(mv_mem_node *) node_ref;

struct mv_mem_node {
    uint32_t record_len;
    uint16_t key_len;
    uint16_t height;
    node_ref next[]; /* height of them, then the key, then the record */
};

struct mv_mem {
    atomic_uint holders;
    _Atomic uint64_t rows;
    uint64_t random; /* of the heights: the same in every run */
    mv_arena arena;
    node_ref heads[MAX_HEIGHT];
};

static const uint8_t *key_bytes(const mv_mem_node *node)
{
    return (const uint8_t *)(node->next + node->height);
}

static mv_slice key_of(const mv_mem_node *node)
{
    return (mv_slice){key_bytes(node), node->key_len};
}

static mv_slice record_of(const mv_mem_node *node)
{
    return (mv_slice){key_bytes(node) + node->key_len, node->record_len};
}

static int compare(mv_slice a, mv_slice b)
{
    mv_val x = {a.len, (void *)a.data}, y = {b.len, (void *)b.data};
    return mv_vkey_compare(&x, &y);
}

static mv_mem_node *load(const node_ref *ref)
{
    return atomic_load_explicit(ref, memory_order_acquire);
}

/* The last node before vkey, or NULL; before (may be NULL) gets the reference to follow of each level. */
static const mv_mem_node *find_before(const mv_mem *mem, mv_slice vkey, const node_ref **before)
{
    const node_ref *refs = mem->heads;
    const mv_mem_node *last = NULL;
    for (int level = MAX_HEIGHT - 1; level >= 0; level--) {
        const mv_mem_node *node;
        while ((node = load(&refs[level])) != NULL && compare(key_of(node), vkey) < 0) {
            last = node;
            refs = node->next;
        }
        if (before != NULL)
            before[level] = &refs[level];
    }
    return last;
}

static unsigned random_height(mv_mem *mem)
{
    unsigned height = 1;
    mem->random = mem->random * 6364136223846793005u + 1442695040888963407u;
    for (uint64_t bits = mem->random >> 32; height < MAX_HEIGHT && (bits & 3) == 0; bits >>= 2)
        height++;
    return height;
}

int mv_mem_new(mv_mem **out, mv_err *err)
{
    mv_mem *mem = mv_calloc(1, sizeof *mem);
    if (mem == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "making a memtable");
    atomic_init(&mem->holders, 1);
    *out = mem;
    return MV_OK;
}

void mv_mem_ref(mv_mem *mem)
{
    atomic_fetch_add_explicit(&mem->holders, 1, memory_order_relaxed);
}

void mv_mem_unref(mv_mem *mem)
{
    if (mem == NULL || atomic_fetch_sub_explicit(&mem->holders, 1, memory_order_acq_rel) != 1)
        return;
    mv_arena_free(&mem->arena);
    mv_free(mem);
}

/* Makes a node of the row, linked nowhere. MV_E_NO_MEMORY. */
static int new_node(mv_mem *mem, mv_slice vkey, mv_slice record, mv_mem_node **out, mv_err *err)
{
    void *memory;
    unsigned height = random_height(mem);
    size_t size = sizeof(mv_mem_node) + height * sizeof(node_ref) + vkey.len + record.len;
    int rc = mv_arena_take(&mem->arena, size, _Alignof(mv_mem_node), &memory, err);
    if (rc != MV_OK)
        return rc;
    mv_mem_node *node = memory;
    node->record_len = (uint32_t)record.len;
    node->key_len = (uint16_t)vkey.len;
    node->height = (uint16_t)height;
    uint8_t *bytes = (uint8_t *)(node->next + height);
    memcpy(bytes, vkey.data, vkey.len);
    if (record.len > 0)
        memcpy(bytes + vkey.len, record.data, record.len);
    *out = node;
    return MV_OK;
}

int mv_mem_add(mv_mem *mem, mv_slice vkey, mv_slice record, mv_err *err)
{
    const node_ref *before[MAX_HEIGHT];
    mv_mem_node *node;
    if (vkey.len < SMALLEST_KEY || vkey.len > LARGEST_KEY || record.len > UINT32_MAX)
        return mv_fail(err, MV_E_INVALID, "adding a row that no log holds");
    find_before(mem, vkey, before);
    const mv_mem_node *after = load(before[0]);
    if (after != NULL && compare(key_of(after), vkey) == 0)
        return MV_OK;
    int rc = new_node(mem, vkey, record, &node, err);
    if (rc != MV_OK)
        return rc;
    for (unsigned level = 0; level < node->height; level++) {
        atomic_init(&node->next[level], load(before[level]));
        atomic_store_explicit((node_ref *)before[level], node, memory_order_release);
    }
    atomic_store_explicit(&mem->rows, mv_mem_rows(mem) + 1, memory_order_relaxed);
    return MV_OK;
}

uint64_t mv_mem_rows(const mv_mem *mem)
{
    return atomic_load_explicit(&mem->rows, memory_order_relaxed);
}

uint64_t mv_mem_bytes(const mv_mem *mem)
{
    return sizeof *mem + atomic_load_explicit(&mem->arena.bytes, memory_order_relaxed);
}

static bool stand_on(mv_mem_cur *cur, const mv_mem_node *node)
{
    cur->at = node;
    if (node == NULL)
        return false;
    cur->key = key_of(node);
    cur->value = record_of(node);
    return true;
}

bool mv_mem_seek(mv_mem_cur *cur, mv_slice vkey)
{
    const mv_mem_node *before = find_before(cur->mem, vkey, NULL);
    const mv_mem_node *node = load(before == NULL ? cur->mem->heads : before->next);
    while (node != NULL && compare(key_of(node), vkey) < 0)
        node = load(node->next);
    return stand_on(cur, node);
}

bool mv_mem_find(const mv_mem *mem, mv_slice vkey, mv_slice *found_key, mv_slice *record)
{
    mv_mem_cur cur = {.mem = mem};
    if (vkey.len < SMALLEST_KEY || !mv_mem_seek(&cur, vkey) || cur.key.len != vkey.len)
        return false;
    if (memcmp(cur.key.data, vkey.data, vkey.len - MV_KEY_TS) != 0)
        return false;
    *found_key = cur.key;
    *record = cur.value;
    return true;
}

bool mv_mem_first(mv_mem_cur *cur)
{
    return stand_on(cur, load(cur->mem->heads));
}

bool mv_mem_last(mv_mem_cur *cur)
{
    const node_ref *refs = cur->mem->heads;
    const mv_mem_node *last = NULL, *node;
    for (int level = MAX_HEIGHT - 1; level >= 0; level--)
        while ((node = load(&refs[level])) != NULL) {
            last = node;
            refs = node->next;
        }
    return stand_on(cur, last);
}

bool mv_mem_next(mv_mem_cur *cur)
{
    return stand_on(cur, load(cur->at->next));
}

bool mv_mem_prev(mv_mem_cur *cur)
{
    return stand_on(cur, find_before(cur->mem, cur->key, NULL));
}

int mv_mem_check(const mv_mem *mem, mv_err *err)
{
    uint64_t rows = 0;
    for (unsigned level = 0; level < MAX_HEIGHT; level++) {
        const mv_mem_node *last = NULL;
        for (const mv_mem_node *node = load(&mem->heads[level]); node != NULL;
             node = load(&node->next[level])) {
            if (node->height <= level || (last != NULL && compare(key_of(last), key_of(node)) >= 0))
                return mv_fail(err, MV_E_INVALID, "a memtable's level %u is out of order", level);
            last = node;
            rows += level == 0;
        }
    }
    return rows == mv_mem_rows(mem) ? MV_OK
                                    : mv_fail(err, MV_E_INVALID, "a memtable counts other rows than it has");
}
