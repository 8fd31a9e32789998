/* A walk over the versions that a span of one table shows in a window of time: what scans, exports and splits share.
 *
 * Newest form: of each key the newest version at or below `at`, if it lies above `since`. Revisions: every version in
 * (since, at], newest first, or oldest first in a reverse walk. Every row that is given has been checked, unless the
 * caller asked for sizes alone.
 */
#ifndef MV_WALK_H
#define MV_WALK_H

#include "mvcc/mv_env.h"
#include "mvcc/mv_key.h"
#include "mvcc/mv_vcur.h"
#include "mvcc/mv_window.h"

typedef struct mv_walk_args {
    uint32_t table;
    mv_slice start; /* the table's first key: empty */
    mv_slice end;   /* not included; end_open: the table's last key is */
    bool end_open;
    bool reverse, revisions, tombstones;
    bool unchecked; /* for sizes alone: what is given has the right length, its bytes are not compared */
    uint64_t at, since;
    uint64_t resume_ts; /* with revisions: the version of the first key to begin at; 0: its first */
    const mv_window
        *window; /* forward: only its keys, which saves walking over what did not change; may be NULL */
} mv_walk_args;

typedef struct mv_walk {
    mv_walk_args args;
    mv_vcur cur;
    bool placed;        /* the cursor stands on the row that comes next */
    size_t window_next; /* index into the window */
    mv_slice raw;       /* the row: its version key as it is stored, */
    mv_vkey row;        /* taken apart, */
    uint8_t kind;       /* an mv_kind, */
    mv_slice value;     /* and its value; all valid until the snapshot ends */
} mv_walk;

/* Takes apart the arguments of a scan. */
mv_walk_args mv_walk_args_of(const mv_scan_args *args, uint64_t at);

/* Opens a walk in front of its first row. The window and the bounds must outlive it. End with mv_walk_close. */
int mv_walk_open(mv_env *env, mv_snap *snap, const mv_walk_args *args, mv_walk *out, mv_err *err);
void mv_walk_close(mv_walk *walk); /* before its snapshot ends */

int mv_walk_next(mv_walk *walk, mv_err *err); /* MV_OK, MV_DONE, or a failure */

/* Checks and takes apart a row of `data`, of a run or of a memtable; MV_E_CORRUPT_STORE says which. */
int mv_row_open(mv_slice raw_key, mv_slice raw_value, mv_vkey *key, uint8_t *kind, mv_slice *value,
                mv_err *err);

#endif
