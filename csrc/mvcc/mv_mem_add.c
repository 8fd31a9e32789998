/* Rows come into a memtable: in key order, a few at a time side by side, so that one waits for the memory of all. */
#include "base/mv_alloc.h"
#include "base/mv_error.h"
#include "mvcc/mv_mem.h"
#include "mvcc/mv_mem_sort.h"

enum {
    TOGETHER = 16,   /* rows whose places are searched side by side */
    PIECE = 1 << 16, /* rows that are ordered at a time */
    BEYOND = 48      /* bits that no address uses: the index needs the rest */
};

typedef struct candidate { /* a row on its way in */
    const mv_mem_row *row;
    mv_slice vkey;
    uint64_t hash;
    mv_mem_search search;
    uint8_t bytes[MV_VKEY_ROOM]; /* vkey's */
} candidate;

static unsigned random_height(mv_mem *mem)
{
    unsigned height = 1;
    mem->random = mem->random * 6364136223846793005u + 1442695040888963407u;
    for (uint64_t bits = mem->random >> 32; height < MV_MEM_HEIGHT && (bits & 3) == 0; bits >>= 2)
        height++;
    return height;
}

/* Makes a node of the row, linked nowhere. MV_E_NO_MEMORY. */
static int new_node(mv_mem *mem, const candidate *c, mv_mem_node **out, mv_err *err)
{
    void *memory;
    mv_slice record = c->row->record;
    unsigned height = random_height(mem);
    size_t tower = height * sizeof(mv_mem_ptr);
    size_t size = tower + sizeof(mv_mem_node) + c->vkey.len + record.len;
    int rc = mv_arena_take(&mem->arena, size, _Alignof(mv_mem_node), &memory, err);
    if (rc != MV_OK)
        return rc;
    mv_mem_node *node = (mv_mem_node *)((uint8_t *)memory + tower);
    if ((uint64_t)(uintptr_t)node >> BEYOND != 0)
        return mv_fail(err, MV_E_NO_MEMORY, "using memory at an address of more than %d bits", BEYOND);
    node->record_len = (uint32_t)record.len;
    node->key_len = (uint16_t)c->vkey.len;
    node->height = (uint16_t)height;
    memcpy(node->bytes, c->vkey.data, c->vkey.len);
    if (record.len > 0)
        memcpy(node->bytes + c->vkey.len, record.data, record.len);
    *out = node;
    return MV_OK;
}

/* Publishes a node at a path. The index has room for its key. */
static void link_node(mv_mem *mem, mv_mem_node *node, const candidate *c)
{
    mv_mem_node *next = mv_mem_load(c->search.path.at[0]);
    mv_mem_link(&mem->list, node, &c->search.path);
    mv_mem_node *prev = mv_mem_load(&node->prev);
    if (next != NULL && !mv_mem_same_user(mv_mem_key(next), c->vkey))
        next = NULL;
    if (prev == NULL || !mv_mem_same_user(mv_mem_key(prev), c->vkey))
        mv_mem_index_put(&mem->index, c->hash, node, next);
    atomic_store_explicit(&mem->rows, mv_mem_rows(mem) + 1, memory_order_relaxed);
}

/* Adds a candidate whose place is known, and tells those behind it in the order of the node that now stands before them. */
static int add_found(mv_mem *mem, candidate *c, candidate *end, mv_err *err)
{
    mv_mem_node *node = NULL, *next = mv_mem_load(c->search.path.at[0]);
    if (next != NULL && mv_mem_compare(mv_mem_key(next), c->vkey) == 0)
        return MV_OK;
    int rc = new_node(mem, c, &node, err);
    if (rc != MV_OK)
        return rc;
    link_node(mem, node, c);
    for (unsigned level = 0; level < node->height; level++) {
        mv_mem_ptr *before = c->search.path.at[level];
        for (candidate *other = c; other < end && other->search.path.at[level] == before; other++)
            other->search.path.at[level] = mv_mem_next_ref(node, level);
    }
    return MV_OK;
}

/* Adds rows of rising version keys, behind path, which moves on to the place behind them. MV_E_NO_MEMORY: it need not. */
static int add_together(mv_mem *mem, candidate *all, unsigned count, mv_mem_path *path, mv_err *err)
{
    bool busy;
    for (unsigned i = 0; i < count; i++) {
        const mv_vkey *key = &all[i].row->key;
        all[i].vkey = mv_vkey_write(all[i].bytes, key->table, key->key, key->ts);
        all[i].hash = mv_mem_hash(all[i].vkey);
        mv_mem_index_prefetch(&mem->index, all[i].hash);
        mv_mem_search_begin(&all[i].search, all[i].vkey, path);
    }
    do {
        busy = false;
        for (unsigned i = 0; i < count; i++)
            busy |= mv_mem_search_step(&all[i].search);
    } while (busy);
    for (unsigned i = 0; i < count; i++) {
        int rc = add_found(mem, &all[i], all + count, err);
        if (rc != MV_OK)
            return rc;
    }
    *path = all[count - 1].search.path;
    return MV_OK;
}

/* Adds rows in the order given. MV_E_NO_MEMORY: some may be in. */
static int add_in_order(mv_mem *mem, const mv_mem_row *rows, const mv_mem_order *order, mv_err *err)
{
    candidate all[TOGETHER];
    mv_mem_path path = mv_mem_path_first(&mem->list);
    int rc = mv_mem_index_reserve(&mem->index, &mem->arena, order->keys, err);
    for (uint32_t at = 0, count; at < order->count && rc == MV_OK; at += count) {
        count = order->count - at < TOGETHER ? order->count - at : TOGETHER;
        for (uint32_t i = 0; i < count; i++)
            all[i].row = &rows[order->places[at + i].row];
        rc = add_together(mem, all, count, &path, err);
    }
    return rc;
}

static int check_rows(const mv_mem_row *rows, size_t count, mv_err *err)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].key.key.len > MV_MAX_KEY || rows[i].record.len > UINT32_MAX)
            return mv_fail(err, MV_E_INVALID, "adding a row that no log holds");
    return MV_OK;
}

int mv_mem_add_many(mv_mem *mem, const mv_mem_row *rows, size_t count, mv_err *err)
{
    int rc = check_rows(rows, count, err);
    size_t most = count < PIECE ? count : PIECE;
    if (rc != MV_OK || count == 0)
        return rc;
    mv_mem_place *room = mv_malloc(2 * most * sizeof *room);
    if (room == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "ordering %zu rows", most);
    for (size_t at = 0, piece; at < count && rc == MV_OK; at += piece) {
        piece = count - at < PIECE ? count - at : PIECE;
        mv_mem_order order = mv_mem_sort(rows + at, (uint32_t)piece, room);
        rc = add_in_order(mem, rows + at, &order, err);
    }
    mv_free(room);
    return rc;
}

int mv_mem_add(mv_mem *mem, mv_slice vkey, mv_slice record, mv_err *err)
{
    mv_mem_row row = {.record = record};
    mv_mem_place place = {0, 0};
    if (!mv_vkey_parse(vkey, &row.key) || check_rows(&row, 1, err) != MV_OK)
        return mv_fail(err, MV_E_INVALID, "adding a row that no log holds");
    return add_in_order(mem, &row, &(mv_mem_order){&place, 1, 1}, err);
}
