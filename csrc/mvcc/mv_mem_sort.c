/* A merge sort: stable, and quick where rows are in order already. */
#include "mvcc/mv_mem_sort.h"

static int compare_keys(const mv_vkey *a, const mv_vkey *b)
{
    if (a->table != b->table)
        return a->table < b->table ? -1 : 1;
    return mv_slice_compare(a->key, b->key);
}

static int compare_rest(const mv_vkey *a, const mv_vkey *b)
{
    int order = compare_keys(a, b);
    return order != 0 ? order : (a->ts < b->ts) - (a->ts > b->ts);
}

static bool is_after(const mv_mem_row *rows, const mv_mem_place *a, const mv_mem_place *b)
{
    if (a->word != b->word)
        return a->word > b->word;
    return compare_rest(&rows[a->row].key, &rows[b->row].key) > 0;
}

/* Eight bytes of a key from a place on, with zeros behind its end, so that unequal words are ordered as the keys. */
static uint64_t word_at(mv_slice key, size_t at)
{
    uint8_t bytes[8] = {0};
    size_t left = key.len > at ? key.len - at : 0;
    if (left >= 8)
        return mv_get_be64(key.data + at);
    if (left > 0)
        memcpy(bytes, key.data + at, left);
    return mv_get_be64(bytes);
}

/* How many bytes at their beginning all keys have in common. */
static size_t shared_bytes(const mv_mem_row *rows, uint32_t count)
{
    mv_slice first = rows[0].key.key;
    size_t shared = first.len;
    for (uint32_t i = 1; i < count && shared > 0; i++) {
        mv_slice key = rows[i].key.key;
        size_t same = 0, most = key.len < shared ? key.len : shared;
        if (most == shared && memcmp(first.data, key.data, shared) == 0)
            continue;
        while (same < most && first.data[same] == key.data[same])
            same++;
        shared = same;
    }
    return shared;
}

/* Sets the words: of one table's keys those behind what they share, else the table and the beginning of the key. */
static void set_words(const mv_mem_row *rows, uint32_t count, mv_mem_place *places)
{
    bool one_table = true;
    for (uint32_t i = 1; i < count && one_table; i++)
        one_table = rows[i].key.table == rows[0].key.table;
    size_t shared = one_table ? shared_bytes(rows, count) : 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t word = word_at(rows[i].key.key, shared);
        places[i] = (mv_mem_place){one_table ? word : (uint64_t)rows[i].key.table << 32 | word >> 32, i};
    }
}

/* Merges two neighbours that are each in order to out, which then is. */
static void merge(const mv_mem_row *rows, const mv_mem_place *a, const mv_mem_place *b,
                  const mv_mem_place *end, mv_mem_place *out)
{
    const mv_mem_place *middle = b;
    if (b < end && is_after(rows, b - 1, b))
        while (a < middle && b < end)
            *out++ = is_after(rows, a, b) ? *b++ : *a++;
    memcpy(out, a, (size_t)(middle - a) * sizeof *a);
    memcpy(out + (middle - a), b, (size_t)(end - b) * sizeof *b);
}

/* Drops the rows whose version key stands before them, and counts keys. */
static mv_mem_order settle(const mv_mem_row *rows, mv_mem_place *places, uint32_t count)
{
    mv_mem_order order = {places, 0, 0};
    for (uint32_t i = 0; i < count; i++) {
        const mv_vkey *key = &rows[places[i].row].key;
        const mv_mem_place *last = order.count == 0 ? NULL : &places[order.count - 1];
        bool new_key =
            last == NULL || last->word != places[i].word || compare_keys(&rows[last->row].key, key) != 0;
        if (!new_key && rows[last->row].key.ts == key->ts)
            continue;
        order.keys += new_key;
        places[order.count++] = places[i];
    }
    return order;
}

mv_mem_order mv_mem_sort(const mv_mem_row *rows, uint32_t count, mv_mem_place *room)
{
    mv_mem_place *from = room, *to = room + count;
    set_words(rows, count, from);
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t at = 0; at < count; at += 2 * width) {
            size_t left = count - at, first = left < width ? left : width,
                   both = left < 2 * width ? left : 2 * width;
            merge(rows, from + at, from + at + first, from + at + both, to + at);
        }
        mv_mem_place *swap = from;
        from = to;
        to = swap;
    }
    return settle(rows, from, count);
}
