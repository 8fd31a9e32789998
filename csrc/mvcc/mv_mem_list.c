#include "mvcc/mv_mem_list.h"

#include "base/mv_error.h"

mv_mem_path mv_mem_path_first(mv_mem_list *list)
{
    mv_mem_path path;
    for (unsigned level = 0; level < MV_MEM_HEIGHT; level++)
        path.at[level] = &list->heads[MV_MEM_HEIGHT - 1 - level];
    return path;
}

static bool is_before(const mv_mem_node *node, mv_slice vkey)
{
    return node != NULL && mv_mem_compare(mv_mem_key(node), vkey) < 0;
}

/* The way up is short where the place is near: the levels above the one that leads past vkey stay as they are. */
static void begin(mv_mem_search *search, const mv_mem_path *from)
{
    int level = 0;
    while (level < MV_MEM_HEIGHT && is_before(mv_mem_load(from->at[level]), search->vkey))
        level++;
    search->path = *from;
    search->level = level - 1;
    search->ptr = level == 0 ? NULL : from->at[level - 1];
}

/* Goes one step, to the right or down; false where there is none left to go. */
static bool step(mv_mem_search *search)
{
    if (search->level < 0)
        return false;
    const mv_mem_node *node = mv_mem_load(search->ptr);
    if (is_before(node, search->vkey)) {
        search->ptr = mv_mem_next_ptr(node, (unsigned)search->level);
    } else {
        search->path.at[search->level--] = search->ptr++;
        if (search->level < 0)
            return false;
    }
    mv_mem_prefetch(mv_mem_load(search->ptr));
    return true;
}

void mv_mem_search_all(mv_mem_search *all, unsigned count, const mv_mem_path *from)
{
    bool busy = true;
    for (unsigned i = 0; i < count; i++)
        begin(&all[i], from);
    while (busy) {
        busy = false;
        for (unsigned i = 0; i < count; i++)
            busy |= step(&all[i]);
    }
}

void mv_mem_link(mv_mem_list *list, mv_mem_node *node, const mv_mem_path *path)
{
    mv_mem_node *next = mv_mem_load(path->at[0]);
    mv_mem_ptr *back = next == NULL ? &list->last : &next->prev;
    atomic_init(&node->prev, mv_mem_load(back));
    for (unsigned level = 0; level < node->height; level++) {
        atomic_init(mv_mem_next_ptr(node, level), mv_mem_load(path->at[level]));
        mv_mem_publish(path->at[level], node);
    }
    mv_mem_publish(back, node);
}

/* mv_mem_compare for any bytes. */
static int compare_any(const mv_mem_node *node, mv_slice vkey)
{
    if (vkey.len >= MV_MEM_SHORTEST)
        return mv_mem_compare(mv_mem_key(node), vkey);
    mv_val a = {node->key_len, (void *)node->bytes}, b = {vkey.len, (void *)vkey.data};
    return mv_vkey_compare(&a, &b);
}

const mv_mem_node *mv_mem_list_seek(const mv_mem_list *list, mv_slice vkey)
{
    const mv_mem_ptr *ptr = list->heads;
    const mv_mem_node *node = NULL;
    for (unsigned level = MV_MEM_HEIGHT; level-- > 0; ptr++) {
        while ((node = mv_mem_load(ptr)) != NULL) {
            if (level > 0)
                mv_mem_prefetch(mv_mem_load(ptr + 1));
            if (compare_any(node, vkey) >= 0)
                break;
            ptr = mv_mem_next_ptr(node, level);
        }
    }
    return node;
}

/* Tests one level. */
static int check_level(const mv_mem_list *list, unsigned level, uint64_t *rows, uint64_t *keys, mv_err *err)
{
    const mv_mem_node *last = NULL, *node = mv_mem_load(&list->heads[MV_MEM_HEIGHT - 1 - level]);
    *rows = *keys = 0;
    for (; node != NULL; last = node, node = mv_mem_load(mv_mem_next_ptr(node, level))) {
        if (node->height <= level || node->height > MV_MEM_HEIGHT ||
            (last != NULL && compare_any(last, mv_mem_key(node)) >= 0))
            return mv_fail(err, MV_E_INVALID, "a memtable's level %u is out of order", level);
        if (level == 0 && mv_mem_load(&node->prev) != last)
            return mv_fail(err, MV_E_INVALID, "a memtable's rows lead back to others than forward");
        *rows += 1;
        *keys += last == NULL || !mv_mem_same_user(mv_mem_key(last), mv_mem_key(node));
    }
    if (level == 0 && mv_mem_load(&list->last) != last)
        return mv_fail(err, MV_E_INVALID, "a memtable's last row is another one");
    return MV_OK;
}

int mv_mem_list_check(const mv_mem_list *list, uint64_t *rows, uint64_t *keys, mv_err *err)
{
    int rc = MV_OK;
    for (unsigned level = MV_MEM_HEIGHT; level-- > 0 && rc == MV_OK;)
        rc = check_level(list, level, rows, keys, err);
    return rc;
}
