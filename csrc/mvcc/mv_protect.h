/* Rows of `protected`: timestamps that the GC threshold must not pass.
 *
 *   key:   record id u64 BE
 *   value: checked record; its kind is 1 for a durable record, 0 for one that ends with its owner; its payload:
 *          timestamp u64 LE | owner index u64 LE | owner token u64 LE | label, UTF-8
 */
#ifndef MV_PROTECT_H
#define MV_PROTECT_H

#include "mvcc/mv_env.h"

/* The lowest protected timestamp (MV_TS_MAX: none), after removing the records of owners that are gone. */
int mv_protect_lowest(mv_env *env, mv_write *w, uint64_t *lowest, mv_err *err);

/* Checks the row that cur stands on; MV_E_CORRUPT_STORE. */
int mv_protect_check(const mv_cur *cur, mv_err *err);

#endif
