/* Putting versions into `data` directly: what commits, bulk loads and restores share. */
#ifndef MV_VERSION_H
#define MV_VERSION_H

#include "mvcc/mv_key.h"
#include "mvcc/mv_record.h"

/* Puts a version, sealed. cur stands on `data`; append: the version sorts after all of it. MV_E_DUPLICATE_KEY where that
 * version is there already (not appending). */
int mv_version_put(mv_cur *cur, uint32_t table, mv_slice key, mv_slice value, uint8_t kind, uint64_t ts,
                   bool append, mv_err *err);

/* Whether a key sorts after everything in `data`, so that it and what follows in key order can be appended. */
int mv_version_sorts_last(mv_cur *cur, uint32_t table, mv_slice key, bool *last, mv_err *err);

#endif
