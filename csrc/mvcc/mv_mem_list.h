/* The memtable's rows in order: a skip list. One writer, any number of readers. */
#ifndef MV_MEM_LIST_H
#define MV_MEM_LIST_H

#include "mvcc/mv_mem_node.h"

typedef struct mv_mem_list {         /* all zero is an empty one */
    mv_mem_ptr heads[MV_MEM_HEIGHT]; /* highest level first, as in a tower */
    mv_mem_ptr last;
} mv_mem_list;

/* For each level the reference that leads over a place in the order. The writer's. */
typedef struct mv_mem_path {
    mv_mem_ptr *at[MV_MEM_HEIGHT];
} mv_mem_path;

/* One of several searches that a writer does side by side. */
typedef struct mv_mem_search {
    mv_slice vkey;
    mv_mem_path path; /* to the place behind the last row before vkey */
    mv_mem_ptr *ptr;  /* looked at next */
    int level;        /* of ptr; below 0: done */
} mv_mem_search;

/* The path before all rows. */
mv_mem_path mv_mem_path_first(mv_mem_list *list);

/* Searches for the places of version keys, all at or behind the one that a path leads to. */
void mv_mem_search_all(mv_mem_search *all, unsigned count, const mv_mem_path *from);

/* Links a node, whose height is set, at a path. */
void mv_mem_link(mv_mem_list *list, mv_mem_node *node, const mv_mem_path *path);

/* The first row; NULL where there is none. */
static inline const mv_mem_node *mv_mem_list_first(const mv_mem_list *list)
{
    return mv_mem_load(&list->heads[MV_MEM_HEIGHT - 1]);
}

/* The first row at or after vkey, which may be any bytes; NULL where there is none. */
const mv_mem_node *mv_mem_list_seek(const mv_mem_list *list, mv_slice vkey);

/* Levels in order, each node on all of its own, prev the opposite of next; counts the rows and their keys. MV_E_INVALID. */
int mv_mem_list_check(const mv_mem_list *list, uint64_t *rows, uint64_t *keys, mv_err *err);

#endif
