/* LMDB's pages, little-endian, at multiples of the page size from the start of the map:
 *
 *   page: number u64 | unused u16 | flags u16 | end of the list u16 | u16 | list of the rows' places, u16 each
 *   row:  u16 | u16 | u16 | length of the key u16 | key | value
 *
 * The first three numbers of a row are in a branch, low to high, the number of the page below; the first row has no key
 * there, and each leads to the keys from its own on. In a leaf they are the length of the value, low to high, and flags.
 * The record of a sub-database ends with the number of its root.
 */
#include "lmdb/mv_tree.h"

#include "base/mv_bytes.h"

enum {
    MAIN_DB = 1,
    RECORD_LEN = 48,
    ROOT_AT = 40,
    PAGE_HEAD = 16,
    FLAGS_AT = 10,
    BRANCH = 1,
    LEAF = 2,
    ROW_HEAD = 8,
    PLAIN = 0,   /* a value that stands in the row */
    STEPS = 256, /* more than a seek takes: damaged pages may lead in a circle */
    LIST_LINES = 2,
    ROW_LINES = 3
};

enum state { /* of a seek: what it does next, or how it has ended */
    BEGINS_PAGE,
    HALVES_LIST,
    FOUND, /* in the leaf, at `low` */
    LOST
};

typedef struct seek {
    enum state state;
    const uint8_t *page;
    bool leaf;
    int rows, low, high; /* of the list, and what is left of it */
    const uint8_t *next; /* the row in the middle of that */
} seek;

/* Compilers drop calls of functions that do nothing but prefetch. */
static inline void fetch(const uint8_t *at, int lines)
{
    for (int i = 0; i < lines; i++)
        __builtin_prefetch(at + i * MV_LINE);
    __asm__ volatile("");
}

bool mv_tree_open(mv_txn *txn, const char *db_name, mv_cmp *cmp, mv_tree *out)
{
    MDB_envinfo info;
    MDB_stat stat;
    mv_slice record;
    mv_err ignored;
    mv_slice name = {(const uint8_t *)db_name, strlen(db_name)};
    if (mv_kv_get(txn, MAIN_DB, name, &record, &ignored) != MV_OK || record.len != RECORD_LEN ||
        mv_lmdb.env_info(txn->sub->env, &info) != 0 || mv_lmdb.stat(txn->raw, MAIN_DB, &stat) != 0)
        return false;
    const uint8_t *page = record.data - ((uintptr_t)record.data & (stat.ms_psize - 1));
    uint64_t number = mv_get_le64(page), mapped = info.me_mapsize / stat.ms_psize;
    *out = (mv_tree){
        .pages = info.me_last_pgno < mapped ? info.me_last_pgno + 1 : mapped,
        .page_size = stat.ms_psize,
        .root = mv_get_le64(record.data + ROOT_AT),
        .cmp = cmp,
    };
    if (number >= out->pages || out->root >= out->pages)
        return false;
    out->map = page - number * out->page_size;
    return true;
}

static enum state enter(const mv_tree *tree, seek *s, uint64_t number)
{
    if (number >= tree->pages)
        return LOST;
    s->page = tree->map + number * tree->page_size;
    fetch(s->page, LIST_LINES);
    return BEGINS_PAGE;
}

/* Where a row of the list stands, with room for its head; NULL where its place is impossible. */
static inline const uint8_t *place_of(const mv_tree *tree, const seek *s, int index)
{
    mv_rd r = mv_rd_over(s->page + PAGE_HEAD + 2 * (size_t)index, 2);
    uint16_t place;
    return mv_rd_le16(&r, &place) && place + (size_t)ROW_HEAD <= tree->page_size ? s->page + place : NULL;
}

/* The three numbers of a row, and its key; r then stands behind that. False where they end outside of the page. */
static inline bool read_row(const mv_tree *tree, const seek *s, const uint8_t *at, uint16_t numbers[3],
                            mv_slice *key, mv_rd *r)
{
    uint16_t len;
    *r = (mv_rd){at, s->page + tree->page_size};
    if (!mv_rd_le16(r, &numbers[0]) || !mv_rd_le16(r, &numbers[1]) || !mv_rd_le16(r, &numbers[2]) ||
        !mv_rd_le16(r, &len) || !mv_rd_bytes(r, len, &key->data))
        return false;
    key->len = len;
    return true;
}

static enum state begin(const mv_tree *tree, seek *s)
{
    mv_rd r = mv_rd_over(s->page + FLAGS_AT, PAGE_HEAD - FLAGS_AT);
    uint16_t flags, list_end;
    if (!mv_rd_le16(&r, &flags) || !mv_rd_le16(&r, &list_end) || list_end < PAGE_HEAD ||
        list_end > tree->page_size || (flags != BRANCH && flags != LEAF))
        return LOST;
    s->leaf = flags == LEAF;
    s->rows = (list_end - PAGE_HEAD) / 2;
    s->low = s->leaf ? 0 : 1;
    s->high = s->rows - 1;
    return HALVES_LIST;
}

static enum state halve(const mv_tree *tree, seek *s, mv_slice key)
{
    uint16_t numbers[3];
    mv_slice found;
    mv_rd r;
    if (!read_row(tree, s, s->next, numbers, &found, &r))
        return LOST;
    mv_val a = {key.len, (void *)key.data}, b = {found.len, (void *)found.data};
    int order = tree->cmp(&a, &b), middle = (s->low + s->high) / 2;
    if (order > 0 || (order == 0 && !s->leaf))
        s->low = middle + 1;
    else
        s->high = middle - 1;
    return HALVES_LIST;
}

/* Nothing of the list is left: goes down, or stays at the row of the leaf. */
static enum state settle(const mv_tree *tree, seek *s)
{
    uint16_t numbers[3];
    mv_slice key;
    mv_rd r;
    int index = s->leaf ? s->low : s->low - 1;
    const uint8_t *at = index < s->rows ? place_of(tree, s, index) : NULL;
    if (at == NULL || !read_row(tree, s, at, numbers, &key, &r))
        return LOST;
    if (!s->leaf)
        return enter(tree, s, (uint64_t)numbers[0] | (uint64_t)numbers[1] << 16 | (uint64_t)numbers[2] << 32);
    s->next = at;
    fetch(at, ROW_LINES);
    return FOUND;
}

/* One step: uses what the step before has fetched, and fetches for the next. */
static enum state step(const mv_tree *tree, seek *s, mv_slice key)
{
    enum state state = s->state == BEGINS_PAGE ? begin(tree, s) : halve(tree, s, key);
    if (state != HALVES_LIST)
        return state;
    if (s->low > s->high)
        return settle(tree, s);
    s->next = place_of(tree, s, (s->low + s->high) / 2);
    if (s->next == NULL)
        return LOST;
    fetch(s->next, 1);
    fetch(s->next + ROW_HEAD + key.len - 1, 1);
    return HALVES_LIST;
}

static void give(const mv_tree *tree, const seek *s, mv_tree_row *out)
{
    uint16_t numbers[3];
    mv_rd r;
    *out = (mv_tree_row){{NULL, 0}, {NULL, 0}};
    if (s->state != FOUND || !read_row(tree, s, s->next, numbers, &out->key, &r))
        return;
    out->value.len = (size_t)numbers[0] | (size_t)numbers[1] << 16;
    if (numbers[2] != PLAIN || !mv_rd_bytes(&r, out->value.len, &out->value.data))
        out->key.data = NULL;
}

void mv_tree_seek(const mv_tree *tree, const mv_slice *keys, unsigned count, mv_tree_row *out)
{
    seek all[MV_TREE_SEEKS];
    bool busy = true;
    for (unsigned i = 0; i < count; i++)
        all[i].state = enter(tree, &all[i], tree->root);
    for (unsigned steps = 0; busy && steps < STEPS; steps++) {
        busy = false;
        for (unsigned i = 0; i < count; i++) {
            if (all[i].state >= FOUND)
                continue;
            all[i].state = step(tree, &all[i], keys[i]);
            busy = true;
        }
    }
    for (unsigned i = 0; i < count; i++)
        give(tree, &all[i], &out[i]);
}
