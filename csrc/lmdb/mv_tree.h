/* Seeks of many keys at a time. One after the other, each would wait for memory at every page and at half of the rows that it
 * compares; here each step of one fetches what its next step needs, and the others go on meanwhile.
 *
 * It reads LMDB's pages by itself, as its file format has them, and only for rows that stand in a leaf as they are: what it
 * does not find, where a page is not what it expects or a value lies elsewhere, is for a cursor to answer.
 */
#ifndef MV_TREE_H
#define MV_TREE_H

#include "lmdb/mv_substrate.h"

enum {
    MV_TREE_SEEKS = 32 /* at a time: their rows fit the innermost cache */
};

typedef struct mv_tree { /* one sub-database as one read transaction shows it */
    const uint8_t *map;
    uint64_t pages;
    size_t page_size;
    uint64_t root;
    mv_cmp *cmp;
} mv_tree;

typedef struct mv_tree_row { /* key.data NULL: ask a cursor; else valid until the transaction ends */
    mv_slice key, value;
} mv_tree_row;

/* False where the sub-database is not to be found, or is empty. cmp is the one that it is ordered by. */
bool mv_tree_open(mv_txn *txn, const char *db_name, mv_cmp *cmp, mv_tree *out);

/* The first row at or after each of at most MV_TREE_SEEKS keys. */
void mv_tree_seek(const mv_tree *tree, const mv_slice *keys, unsigned count, mv_tree_row *out);

#endif
