/* The memtable as others see it: who holds it, what is found in it, cursors. Rows come in by mv_mem_add.c. */
#include "mvcc/mv_memtable.h"

#include "base/mv_alloc.h"
#include "base/mv_error.h"
#include "mvcc/mv_mem.h"

/* Versions that a find passes before it descends through the list instead. */
#define FEW_VERSIONS 8

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

uint64_t mv_mem_rows(const mv_mem *mem)
{
    return atomic_load_explicit(&mem->rows, memory_order_relaxed);
}

uint64_t mv_mem_bytes(const mv_mem *mem)
{
    return sizeof *mem + atomic_load_explicit(&mem->arena.bytes, memory_order_relaxed);
}

bool mv_mem_find(const mv_mem *mem, mv_slice vkey, mv_slice *found_key, mv_slice *record)
{
    if (vkey.len < MV_MEM_SHORTEST)
        return false;
    const mv_mem_node *node = mv_mem_index_find(&mem->index, vkey);
    if (node == NULL)
        return false;
    for (unsigned passed = 0; node != NULL && mv_mem_ts(mv_mem_key(node)) > mv_mem_ts(vkey); passed++) {
        node = passed < FEW_VERSIONS ? mv_mem_load(mv_mem_next_ptr(node, 0))
                                     : mv_mem_list_seek(&mem->list, vkey);
        if (node == NULL || !mv_mem_same_user(mv_mem_key(node), vkey))
            return false;
    }
    *found_key = mv_mem_key(node);
    *record = mv_mem_record(node);
    return true;
}

static bool stand_on(mv_mem_cur *cur, const mv_mem_node *node)
{
    cur->at = node;
    if (node == NULL)
        return false;
    cur->key = mv_mem_key(node);
    cur->value = mv_mem_record(node);
    return true;
}

bool mv_mem_seek(mv_mem_cur *cur, mv_slice vkey)
{
    return stand_on(cur, mv_mem_list_seek(&cur->mem->list, vkey));
}

bool mv_mem_first(mv_mem_cur *cur)
{
    return stand_on(cur, mv_mem_list_first(&cur->mem->list));
}

bool mv_mem_last(mv_mem_cur *cur)
{
    return stand_on(cur, mv_mem_load(&cur->mem->list.last));
}

bool mv_mem_next(mv_mem_cur *cur)
{
    return stand_on(cur, mv_mem_load(mv_mem_next_ptr(cur->at, 0)));
}

bool mv_mem_prev(mv_mem_cur *cur)
{
    return stand_on(cur, mv_mem_load(&cur->at->prev));
}

/* Tests that the index leads to the newest version of every key, and to nothing else. */
static int check_index(const mv_mem *mem, uint64_t keys, mv_err *err)
{
    const mv_mem_node *last = NULL, *node = mv_mem_list_first(&mem->list);
    for (; node != NULL; last = node, node = mv_mem_load(mv_mem_next_ptr(node, 0))) {
        bool newest = last == NULL || !mv_mem_same_user(mv_mem_key(last), mv_mem_key(node));
        if (newest && mv_mem_index_find(&mem->index, mv_mem_key(node)) != node)
            return mv_fail(err, MV_E_INVALID, "a memtable's index does not lead to a key's newest version");
    }
    if (mv_mem_index_used(&mem->index) != keys || mem->index.keys != keys)
        return mv_fail(err, MV_E_INVALID, "a memtable's index holds other keys than its list");
    return MV_OK;
}

int mv_mem_check(const mv_mem *mem, mv_err *err)
{
    uint64_t rows, keys;
    int rc = mv_mem_list_check(&mem->list, &rows, &keys, err);
    if (rc == MV_OK && rows != mv_mem_rows(mem))
        rc = mv_fail(err, MV_E_INVALID, "a memtable counts other rows than it has");
    return rc == MV_OK ? check_index(mem, keys, err) : rc;
}
