/* Rows of the two logs: what was committed and is not in `data` yet, in commit order.
 *
 *   key:   as the row of `changes` of the same version: commit timestamp u64 BE | sequence number u32 BE
 *   value:
 *   +---------+---------------------+---------------------------+
 *   | length  | version key         | record                    |
 *   | u16 LE  | `length` bytes      | as `data` will hold it    |
 *   +---------+---------------------+---------------------------+
 *
 * The record's CRC covers the version key, so that moving a row to `data` copies bytes. DO NOT CHANGE: stores hold these
 * bytes.
 */
#ifndef MV_LOG_H
#define MV_LOG_H

#include "mvcc/mv_changelog.h"
#include "mvcc/mv_env.h"
#include "mvcc/mv_runs.h"

enum {
    MV_LOG_HEAD = 2
};

typedef struct mv_log_row { /* slices point into the row */
    uint64_t ts;
    uint32_t seq;
    mv_slice vkey;
    mv_slice record;
} mv_log_row;

/* The log that takes commits, and the one that is being sorted (of use where state.frozen is not 0). */
mv_db mv_log_active(const mv_env *env, const mv_state *state);
mv_db mv_log_frozen(const mv_env *env, const mv_state *state);

/* Rows of `data`, of the runs and of both logs: versions, of which those that a merge under way has moved count twice. */
int mv_log_count(const mv_env *env, mv_snap *snap, uint64_t *versions, mv_err *err);

/* Appends the row of a put or delete. cur stands on the active log; rows are added in key order. */
int mv_log_add(mv_cur *cur, uint64_t ts, uint32_t seq, uint8_t kind, uint32_t table, mv_slice key,
               mv_slice value, mv_err *err);

/* Takes apart the row that cur stands on, its checksum compared. MV_E_CORRUPT_STORE. */
int mv_log_read(const mv_cur *cur, mv_log_row *out, mv_err *err);

/* The version that a row of `changes` names, wherever it stands in a snapshot: in a log, in a run or in `data`. */
typedef struct mv_finder {
    const mv_env *env;
    const mv_state *state;
    mv_cur data, active, frozen; /* frozen is not open where nothing is frozen */
    mv_run_cursors runs;
} mv_finder;

int mv_finder_open(const mv_env *env, mv_snap *snap, mv_finder *out, mv_err *err);
void mv_finder_close(mv_finder *finder); /* before the transaction ends; a zeroed one is accepted */

/* MV_OK with the version checked; MV_NOT_FOUND where it is nowhere. */
int mv_finder_find(mv_finder *finder, const mv_change *change, uint8_t *kind, mv_slice *value, mv_err *err);

#endif
