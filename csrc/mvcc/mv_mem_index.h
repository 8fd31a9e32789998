/* The memtable's index of points: a hash table from table and key to the newest version's node.
 *
 *   slot | 16 bits of the hash | 48 bits of the node's address |   0: free
 *
 * A key's slot is the first free one from the beginning of its line of 8 slots on, and nothing is ever removed: a search
 * ends at a free slot. One writer, any number of readers. Where the array is too full, one of twice the size takes its
 * place; the old one stays for those who read in it, as it was: it has all that was published before.
 */
#ifndef MV_MEM_INDEX_H
#define MV_MEM_INDEX_H

#include "mvcc/mv_mem_arena.h"
#include "mvcc/mv_mem_node.h"

typedef struct mv_mem_slots mv_mem_slots;

typedef struct mv_mem_index { /* all zero is an empty one; what it holds is the arena's */
    _Atomic(mv_mem_slots *) slots;
    uint64_t keys;
} mv_mem_index;

/* The hash of the table and key in a version key. */
uint64_t mv_mem_hash(mv_slice vkey);

/* Makes room for so many more keys. MV_E_NO_MEMORY: the index is as it was. */
int mv_mem_index_reserve(mv_mem_index *index, mv_arena *arena, uint64_t more, mv_err *err);

/* Brings the place of a hash near. */
void mv_mem_index_prefetch(const mv_mem_index *index, uint64_t hash);

/* Adds the first version of a key, for which room was reserved, or puts a newer version in the place of newest (may be
 * NULL), which the index holds. */
void mv_mem_index_put(mv_mem_index *index, uint64_t hash, mv_mem_node *node, const mv_mem_node *newest);

/* The newest version of the table and key in vkey, whatever its timestamp; NULL where there is none. */
const mv_mem_node *mv_mem_index_find(const mv_mem_index *index, mv_slice vkey);

/* Slots in use. */
uint64_t mv_mem_index_used(const mv_mem_index *index);

#endif
