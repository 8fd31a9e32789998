/* The rows of `meta`: what kind of store this is, and where it stands in time.
 *
 *   "format": checked record of kind 0: "mvccstor" | format version u32 LE | store id, 16 bytes
 *   "state":  checked record of kind 0: the fields of mv_state in order, u64 LE each
 *   "cursor": checked record of kind 0: the version key at which the merge under way goes on; there while one is
 */
#ifndef MV_STATE_H
#define MV_STATE_H

#include "lmdb/mv_substrate.h"

enum {
    MV_FORMAT_VERSION = 2,
    MV_STORE_ID = 16
};

typedef struct mv_state {
    uint64_t last_commit;
    uint64_t merged;       /* every version at or below is in `data` */
    uint64_t frozen;       /* end of the log that is being merged; 0: none */
    uint64_t active;       /* which of the two logs takes commits */
    uint64_t direct;       /* the newest timestamp written to `data` without the log */
    uint64_t gc;           /* threshold: nothing below it can be read without a pin */
    uint64_t changes_from; /* `changes` is complete above this */
    uint64_t catalog_ts;   /* the newest commit that touched the catalog */
    uint64_t next_record;  /* id of the next row of `protected` */
} mv_state;

int mv_state_load(mv_txn *txn, mv_db meta, mv_state *out, mv_err *err);
int mv_state_save(mv_txn *txn, mv_db meta, const mv_state *state, mv_err *err);

/* MV_NOT_FOUND where there is no such row; MV_E_FORMAT_VERSION where the version is not ours. */
int mv_format_load(mv_txn *txn, mv_db meta, uint8_t store_id[MV_STORE_ID], mv_err *err);
int mv_format_save(mv_txn *txn, mv_db meta, const uint8_t store_id[MV_STORE_ID], mv_err *err);

/* Where the merge under way goes on. Load: MV_NOT_FOUND at its beginning; *out points into the row, and is never longer than
 * a version key. */
int mv_merge_cursor_load(mv_txn *txn, mv_db meta, mv_slice *out, mv_err *err);
int mv_merge_cursor_save(mv_txn *txn, mv_db meta, mv_slice vkey, mv_err *err);
int mv_merge_cursor_clear(mv_txn *txn, mv_db meta, mv_err *err);

#endif
