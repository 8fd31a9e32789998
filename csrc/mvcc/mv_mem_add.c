/* Rows come into a memtable: in key order, a few at a time side by side, so that one waits for the memory of all. */
#include "base/mv_alloc.h"
#include "base/mv_error.h"
#include "mvcc/mv_mem.h"
#include "mvcc/mv_mem_sort.h"

enum {
    TOGETHER = 32,   /* rows whose places are searched side by side */
    PIECE = 1 << 16, /* rows that are ordered at a time */
    MOST_AHEAD = 256 /* bytes of a record that are brought near before it is copied */
};

typedef struct candidate { /* a row on its way in */
    const mv_mem_row *row;
    uint64_t hash;
    uint8_t vkey[MV_VKEY_ROOM];
} candidate;

static unsigned random_height(mv_mem *mem)
{
    unsigned height = 1;
    mem->random = mem->random * 6364136223846793005u + 1442695040888963407u;
    for (uint64_t bits = mem->random >> 32; height < MV_MEM_HEIGHT && (bits & 3) == 0; bits >>= 2)
        height++;
    return height;
}

/* Makes a node of a version key and record, linked nowhere. MV_E_NO_MEMORY. */
static int new_node(mv_mem *mem, mv_slice vkey, mv_slice record, mv_mem_node **out, mv_err *err)
{
    void *memory;
    unsigned height = random_height(mem);
    size_t tower = height * sizeof(mv_mem_ptr);
    size_t size = tower + sizeof(mv_mem_node) + vkey.len + record.len;
    int rc = mv_arena_take(&mem->arena, size, _Alignof(mv_mem_node), &memory, err);
    if (rc != MV_OK)
        return rc;
    mv_mem_node *node = (mv_mem_node *)((uint8_t *)memory + tower);
    if ((uint64_t)(uintptr_t)node >> MV_MEM_ADDRESS_BITS != 0)
        return mv_fail(err, MV_E_NO_MEMORY, "using memory at an address that no index can hold");
    node->record_len = (uint32_t)record.len;
    node->key_len = (uint16_t)vkey.len;
    node->height = (uint16_t)height;
    memcpy(node->bytes, vkey.data, vkey.len);
    if (record.len > 0)
        memcpy(node->bytes + vkey.len, record.data, record.len);
    *out = node;
    return MV_OK;
}

/* Publishes a node at a path. The index has room for its key. */
static void publish(mv_mem *mem, mv_mem_node *node, uint64_t hash, const mv_mem_path *path)
{
    mv_slice vkey = mv_mem_key(node);
    mv_mem_node *next = mv_mem_load(path->at[0]);
    mv_mem_link(&mem->list, node, path);
    mv_mem_node *prev = mv_mem_load(&node->prev);
    if (next != NULL && !mv_mem_same_user(mv_mem_key(next), vkey))
        next = NULL;
    if (prev == NULL || !mv_mem_same_user(mv_mem_key(prev), vkey))
        mv_mem_index_put(&mem->index, hash, node, next);
    atomic_store_explicit(&mem->rows, mv_mem_rows(mem) + 1, memory_order_relaxed);
}

/* Leads the searches that led to the place of a node past it. */
static void pass(mv_mem_search *at, const mv_mem_search *end, const mv_mem_node *node)
{
    for (unsigned level = 0; level < node->height; level++) {
        mv_mem_ptr *before = at->path.at[level];
        for (mv_mem_search *other = at; other < end && other->path.at[level] == before; other++)
            other->path.at[level] = mv_mem_next_ptr(node, level);
    }
}

/* Adds candidates, whose version keys rise, behind path, and moves it on to where the last one is. MV_E_NO_MEMORY: some
 * are missing. */
static int add_together(mv_mem *mem, candidate *all, unsigned count, mv_mem_path *path, mv_err *err)
{
    mv_mem_search searches[TOGETHER], *end = searches + count;
    for (unsigned i = 0; i < count; i++) {
        const mv_vkey *key = &all[i].row->key;
        searches[i].vkey = mv_vkey_write(all[i].vkey, key->table, key->key, key->ts);
        all[i].hash = mv_mem_hash(searches[i].vkey);
        mv_mem_index_prefetch(&mem->index, all[i].hash);
    }
    mv_mem_search_all(searches, count, path);
    for (unsigned i = 0; i < count; i++) {
        mv_mem_search *search = &searches[i];
        mv_mem_node *node = NULL;
        const mv_mem_node *next = mv_mem_load(search->path.at[0]);
        if (next != NULL && mv_mem_compare(mv_mem_key(next), search->vkey) == 0)
            continue;
        int rc = new_node(mem, search->vkey, all[i].row->record, &node, err);
        if (rc != MV_OK)
            return rc;
        publish(mem, node, all[i].hash, &search->path);
        pass(search, end, node);
    }
    *path = searches[count - 1].path;
    return MV_OK;
}

/* The row at a place of the order, or the last one. */
static const mv_mem_row *row_at(const mv_mem_row *rows, const mv_mem_order *order, uint32_t at)
{
    return &rows[order->places[at < order->count ? at : order->count - 1].row];
}

/* Makes candidates of the rows from a place on. Brings near the bytes of those behind them, and what is behind these. */
static void take_rows(candidate *all, unsigned count, const mv_mem_row *rows, const mv_mem_order *order,
                      uint32_t at)
{
    for (unsigned i = 0; i < count; i++) {
        const mv_mem_row *next = row_at(rows, order, at + i + TOGETHER);
        all[i].row = row_at(rows, order, at + i);
        __builtin_prefetch(row_at(rows, order, at + i + 2 * TOGETHER));
        __builtin_prefetch(next->key.key.data);
        for (size_t line = 0; line < next->record.len && line < MOST_AHEAD; line += 64)
            __builtin_prefetch(next->record.data + line);
    }
}

/* Adds rows in the order given. MV_E_NO_MEMORY: some may be in. */
static int add_in_order(mv_mem *mem, const mv_mem_row *rows, const mv_mem_order *order, mv_err *err)
{
    candidate all[TOGETHER];
    mv_mem_path path = mv_mem_path_first(&mem->list);
    int rc = mv_mem_index_reserve(&mem->index, &mem->arena, order->keys, err);
    for (uint32_t at = 0, count; at < order->count && rc == MV_OK; at += count) {
        count = order->count - at < TOGETHER ? order->count - at : TOGETHER;
        take_rows(all, count, rows, order, at);
        rc = add_together(mem, all, count, &path, err);
    }
    return rc;
}

static int refuse(mv_err *err)
{
    return mv_fail(err, MV_E_INVALID, "adding a row that no log holds");
}

int mv_mem_add_many(mv_mem *mem, const mv_mem_row *rows, size_t count, mv_err *err)
{
    int rc = MV_OK;
    size_t most = count < PIECE ? count : PIECE;
    for (size_t i = 0; i < count; i++)
        if (rows[i].key.key.len > MV_MAX_KEY || rows[i].record.len > UINT32_MAX)
            return refuse(err);
    if (count == 0)
        return MV_OK;
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
    if (!mv_vkey_parse(vkey, &row.key) || record.len > UINT32_MAX)
        return refuse(err);
    return add_in_order(mem, &row, &(mv_mem_order){&place, 1, 1}, err);
}
