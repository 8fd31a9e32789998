/* The memtable: the tail of the log, in order, in memory. It is a cache of LMDB alone: rows as `data` stores them.
 *
 *   key   | version key (mvcc/mv_key.h)         ordered by mv_vkey_compare: newest version of a key first
 *   value | sealed record (mvcc/mv_record.h)    copied as it is, checked by whoever opens it
 *
 * One writer at a time (callers hold a mutex), any number of readers beside it, without locks. A reader finds every row
 * whose mv_mem_add or mv_mem_add_many returned before the reader got hold of the memtable, and it may find later ones.
 * Rows never change and never move: slices live as long as a reference does. A row costs about 30 bytes beside its own,
 * and 10 to 40 more where it is the first of its table and key.
 */
#ifndef MV_MEMTABLE_H
#define MV_MEMTABLE_H

#include "mvcc/mv_key.h"

typedef struct mv_mem mv_mem;

/* One reference, the caller's. MV_E_NO_MEMORY. */
int mv_mem_new(mv_mem **out, mv_err *err);

/* Takes one more reference; the caller holds one already, or the mutex under which the last one would be dropped. */
void mv_mem_ref(mv_mem *mem);

/* Drops a reference, the last of which frees. NULL is allowed. */
void mv_mem_unref(mv_mem *mem);

/* Copies one row in. A version key that is there already is ignored. MV_E_INVALID where no version key has that length or
 * the record is 4 GiB or more, MV_E_NO_MEMORY: no row was added. One caller at a time. */
int mv_mem_add(mv_mem *mem, mv_slice vkey, mv_slice record, mv_err *err);

typedef struct mv_mem_row { /* as the log holds it */
    mv_vkey key;
    mv_slice record;
} mv_mem_row;

/* Copies rows in, whatever their order; the more at a time, the less each costs. Of a version key that stands in several
 * the first counts, and one that is there already is ignored. MV_E_INVALID as for mv_mem_add: no row was added.
 * MV_E_NO_MEMORY: any of the rows may be missing; adding all of them again completes them. One caller at a time. */
int mv_mem_add_many(mv_mem *mem, const mv_mem_row *rows, size_t count, mv_err *err);

uint64_t mv_mem_rows(const mv_mem *mem);
uint64_t mv_mem_bytes(const mv_mem *mem); /* memory held */

/* The newest version at or below the timestamp in vkey, of exactly its table and key. False, with the outputs as they
 * were, where there is none. */
bool mv_mem_find(const mv_mem *mem, mv_slice vkey, mv_slice *found_key, mv_slice *record);

typedef struct mv_mem_cur { /* set mem, then seek; freely copied, nothing to free */
    const mv_mem *mem;
    const struct mv_mem_node *at; /* the memtable's own */
    mv_slice key, value;          /* the row, after a call that returned true */
} mv_mem_cur;

/* Each returns false where there is no such row, which leaves the cursor to be placed anew. */
bool mv_mem_seek(mv_mem_cur *cur, mv_slice vkey); /* the first row at or after vkey, which may be any bytes */
bool mv_mem_first(mv_mem_cur *cur);
bool mv_mem_last(mv_mem_cur *cur);
bool mv_mem_next(mv_mem_cur *cur); /* needs a row to stand on, as does mv_mem_prev */
bool mv_mem_prev(mv_mem_cur *cur);

/* Tests every invariant: order, levels, a complete index. MV_E_INVALID names the broken one. No writer meanwhile. */
int mv_mem_check(const mv_mem *mem, mv_err *err);

#endif
