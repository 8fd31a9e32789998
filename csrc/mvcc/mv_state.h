/* The rows of `meta`: what kind of store this is, and where it stands in time.
 *
 *   "format": checked record of kind 0: "mvccstor" | format version u32 LE | store id, 16 bytes
 *   "state":  checked record of kind 0: the fields of mv_state in order, u64 LE each
 *   "sort", "merge": checked records of kind 0: the version key at which the sorting of the frozen log, or the merge of
 *             runs, goes on; there while one is under way
 */
#ifndef MV_STATE_H
#define MV_STATE_H

#include "lmdb/mv_substrate.h"

enum {
    MV_FORMAT_VERSION = 2,
    MV_STORE_ID = 16,
    MV_RUNS = 16 /* sub-databases for runs */
};

typedef struct mv_state {
    uint64_t last_commit;
    uint64_t merged;       /* every version at or below is in `data` */
    uint64_t sorted;       /* every version at or below is in `data` or in a run; never below merged */
    uint64_t frozen;       /* end of the log that is being sorted; 0: none */
    uint64_t target;       /* where the frozen log goes: an mv_target */
    uint64_t active;       /* which of the two logs takes commits */
    uint64_t direct;       /* the newest timestamp written to `data` without the log */
    uint64_t gc;           /* threshold: nothing below it can be read without a pin */
    uint64_t changes_from; /* `changes` is complete above this */
    uint64_t catalog_ts;   /* the newest commit that touched the catalog */
    uint64_t next_record;  /* id of the next row of `protected` */
    uint64_t run_first;    /* the sub-database of the oldest run; the others follow, round and round */
    uint64_t run_count;    /* runs: together they cover (merged, sorted] */
    uint64_t run_merging;  /* so many of the oldest are being merged; 0: none */
    uint64_t run_high
        [MV_RUNS]; /* by sub-database: the end of its run's range, which begins at the end of the one before */
} mv_state;

enum mv_target {
    MV_TARGET_OPEN = 0, /* not decided yet */
    MV_TARGET_DATA = 1,
    MV_TARGET_RUN = 2 /* a run behind the others */
};

int mv_state_load(mv_txn *txn, mv_db meta, mv_state *out, mv_err *err);
int mv_state_save(mv_txn *txn, mv_db meta, const mv_state *state, mv_err *err);

/* MV_NOT_FOUND where there is no such row; MV_E_FORMAT_VERSION where the version is not ours. */
int mv_format_load(mv_txn *txn, mv_db meta, uint8_t store_id[MV_STORE_ID], mv_err *err);
int mv_format_save(mv_txn *txn, mv_db meta, const uint8_t store_id[MV_STORE_ID], mv_err *err);

enum mv_progress { /* what goes on from a row of meta */
    MV_PROGRESS_SORT,
    MV_PROGRESS_MERGE
};

/* Where it goes on. Load: MV_NOT_FOUND at its beginning; *out points into the row, and is never longer than a version
 * key. */
int mv_progress_load(mv_txn *txn, mv_db meta, enum mv_progress which, mv_slice *out, mv_err *err);
int mv_progress_save(mv_txn *txn, mv_db meta, enum mv_progress which, mv_slice vkey, mv_err *err);
int mv_progress_clear(mv_txn *txn, mv_db meta, enum mv_progress which, mv_err *err);

#endif
