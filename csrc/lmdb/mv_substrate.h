/* The substrate: an open LMDB environment, its transactions and cursors. The only code that calls LMDB.
 *
 * A file is open at most once in a process (device and inode), because closing a second descriptor of it would drop
 * LMDB's locks. A forked child must not use what it inherited: every function that begins a transaction says so.
 */
#ifndef MV_SUBSTRATE_H
#define MV_SUBSTRATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "lmdb/mv_lmdb_api.h"
#include "mv_base.h"

enum {
    MV_READER_POOL = 32,
    MV_SUB_MAX_DBS = 32,
    MV_SUB_HANDLES = MV_SUB_MAX_DBS + 2, /* with LMDB's own two */
    MV_NOTE = 256
};

typedef MDB_dbi mv_db;
typedef MDB_val mv_val;
typedef MDB_cmp_func mv_cmp;

typedef struct mv_slice { /* bytes owned by somebody else */
    const uint8_t *data;
    size_t len;
} mv_slice;

/* A read transaction and what is kept with it from one use to the next. */
typedef struct mv_reader {
    MDB_txn *raw;
    MDB_cursor *idle[MV_SUB_HANDLES]; /* a cursor on each sub-database that nobody uses; NULL: none */
    uint64_t noted;                   /* the snapshot that the note is about; 0: none */
    _Alignas(8) uint8_t note[MV_NOTE];
} mv_reader;

typedef struct mv_sub {
    MDB_env *env;
    uint64_t device, inode;
    bool read_only;
    atomic_bool forked;         /* set in a child: everything here is the parent's */
    atomic_bool failed;         /* a sync failed: what is on disk is unknown until the file is opened anew */
    _Atomic(mv_reader *) spare; /* of the pool, one that is taken without its lock; NULL: none */
    pthread_mutex_t pool_lock;
    int pooled;
    mv_reader *pool[MV_READER_POOL]; /* reset readers, which keep their slots */
    _Atomic int64_t checked;         /* when killed readers were last looked for, in units of CHECK_NS */
    int fork_fd;         /* closed in a forked child, which would keep its locks alive; -1: none */
    struct mv_sub *next; /* in the registry */
} mv_sub;

typedef struct mv_txn {
    mv_sub *sub;
    MDB_txn *raw;
    mv_reader *reader; /* NULL where it writes */
} mv_txn;

/* Opens folder/data.mdb. The folder exists. flags: mv_open_flag. map_size 0: 1 TiB, halved while the system refuses.
 * The caller ends with mv_sub_close. */
int mv_sub_open(const char *folder, uint32_t flags, uint64_t map_size, mv_sub **out, mv_err *err);

/* Ends the pooled readers and the map, and frees. No transaction may be open. In a forked child it only forgets. */
void mv_sub_close(mv_sub *sub);

/* Frees the reader slots of killed processes, whose snapshots would keep pages from being used again. Where write
 * transactions begin it is done about ten times a second. */
void mv_sub_clear_readers(mv_sub *sub);

/* Writes what the last commit shows, without free pages, to a new file, and syncs it. Writers do not wait for it. Nothing
 * is left of the file on failure. */
int mv_sub_copy(mv_sub *sub, const char *path, mv_err *err);

/* Opens a sub-database inside a transaction; MV_NOT_FOUND where it is absent and create is false. cmp may be NULL. The
 * handle lives as long as the environment once the transaction has committed. */
int mv_sub_db(mv_txn *txn, const char *name, bool create, mv_cmp *cmp, mv_db *out, mv_err *err);

/* Read transactions come from a pool. End each exactly once. */
int mv_read_begin(mv_sub *sub, mv_txn *out, mv_err *err);
void mv_read_end(mv_txn *txn);
void mv_read_commit(mv_txn *txn); /* ends one that opened sub-databases: their handles live on */

/* What the layer above has noted of the snapshot that a read transaction shows: MV_NOTE bytes, or NULL. It stays for as
 * long as the reader meets the same snapshot. */
static inline const void *mv_read_note(const mv_txn *txn)
{
    return txn->reader->noted == mv_lmdb.txn_id(txn->raw) ? txn->reader->note : NULL;
}

/* Where a note goes: at most MV_NOTE bytes. */
static inline void *mv_read_set_note(mv_txn *txn)
{
    txn->reader->noted = mv_lmdb.txn_id(txn->raw);
    return txn->reader->note;
}

/* One write transaction at a time, in all processes: this waits for it. Ends by exactly one of commit and abort; commit
 * ends it also where it fails. Begin and end on one thread. */
int mv_write_begin(mv_sub *sub, mv_txn *out, mv_err *err);
int mv_write_commit(mv_txn *txn, mv_err *err);
void mv_write_abort(mv_txn *txn);

/* *out is valid until the transaction ends or writes. MV_NOT_FOUND. */
int mv_kv_get(mv_txn *txn, mv_db db, mv_slice key, mv_slice *out, mv_err *err);
int mv_kv_put(mv_txn *txn, mv_db db, mv_slice key, mv_slice value, mv_err *err);
int mv_kv_del(mv_txn *txn, mv_db db, mv_slice key, mv_err *err); /* MV_NOT_FOUND */
int mv_kv_count(mv_txn *txn, mv_db db, uint64_t *rows, mv_err *err);
int mv_kv_bytes(mv_txn *txn, mv_db db, uint64_t *bytes, mv_err *err); /* of the pages that it takes */
int mv_kv_clear(mv_txn *txn, mv_db db, mv_err *err);                  /* all rows at once */

typedef struct
    mv_cur { /* key and value are those of the current row, valid until the transaction ends or writes */
    MDB_cursor *raw;
    MDB_cursor **home; /* where a reader keeps it when it is closed; NULL: nowhere */
    mv_slice key, value;
} mv_cur;

int mv_cur_open(mv_txn *txn, mv_db db, mv_cur *out, mv_err *err);
void mv_cur_close(mv_cur *cur); /* before its transaction ends; a zeroed cursor is accepted */

/* Moves with an MDB_* cursor operation: MV_OK, MV_NOT_FOUND at the end, or a failure. Seeks use cur->key. */
static inline int mv_cur_move(mv_cur *cur, int op, mv_err *err)
{
    MDB_val key = {cur->key.len, (void *)cur->key.data}, value;
    int rc = mv_lmdb.cursor_get(cur->raw, &key, &value, op);
    if (rc == 0) {
        cur->key = (mv_slice){key.mv_data, key.mv_size};
        cur->value = (mv_slice){value.mv_data, value.mv_size};
        return MV_OK;
    }
    return rc == MDB_NOTFOUND ? MV_NOT_FOUND : mv_lmdb_fail(err, rc, "moving a cursor");
}

/* To the first row at or after key, which is copied by nobody: it must outlive the call alone. */
static inline int mv_cur_seek(mv_cur *cur, mv_slice key, mv_err *err)
{
    cur->key = key;
    return mv_cur_move(cur, MDB_SET_RANGE, err);
}

enum { /* what a walk fetches before it is there */
    MV_LINE = 64,
    MV_LINES_AHEAD = 3, /* of a row */
    MV_ROWS_AHEAD = 4,
    MV_SHORT_STEP = 1024, /* between two rows of a page */
    MV_NEXT_PAGE = 4096,
    MV_LINES_AT_END = 9 /* of the next page: its first rows; its list of rows is at the beginning */
};

/* Rows that were written in their order lie at equal distances, the first one at the end of its page, and one page after the
 * other: the guess costs little where it is wrong. It stands here since compilers drop calls that do nothing but prefetch. */
static inline int mv_cur_next(mv_cur *cur, mv_err *err)
{
    uintptr_t before = (uintptr_t)cur->key.data;
    int rc = mv_cur_move(cur, MDB_NEXT, err);
    uintptr_t at = (uintptr_t)cur->key.data, step = at - before;
    if (rc != MV_OK)
        return rc;
    if (step + MV_SHORT_STEP < 2 * MV_SHORT_STEP) {
        const uint8_t *ahead = (const uint8_t *)(at + MV_ROWS_AHEAD * step);
        for (int i = 0; i < MV_LINES_AHEAD; i++)
            __builtin_prefetch(ahead + i * MV_LINE - 8);
    } else {
        const uint8_t *next = (const uint8_t *)((at | (MV_NEXT_PAGE - 1)) + 1);
        for (int i = -MV_LINES_AT_END; i < 0; i++)
            __builtin_prefetch(next + MV_NEXT_PAGE + i * MV_LINE);
        __builtin_prefetch(next);
        __builtin_prefetch(next + MV_LINE);
    }
    return MV_OK;
}

static inline int mv_cur_prev(mv_cur *cur, mv_err *err)
{
    return mv_cur_move(cur, MDB_PREV, err);
}

static inline int mv_cur_first(mv_cur *cur, mv_err *err)
{
    return mv_cur_move(cur, MDB_FIRST, err);
}

static inline int mv_cur_last(mv_cur *cur, mv_err *err)
{
    return mv_cur_move(cur, MDB_LAST, err);
}

/* Makes a row of value_len bytes for the caller to fill through *out before the next call. fresh: the key must not
 * exist (MV_E_DUPLICATE_KEY); append: it must sort after every other key. */
int mv_cur_reserve(mv_cur *cur, mv_slice key, size_t value_len, bool fresh, bool append, uint8_t **out,
                   mv_err *err);

int mv_cur_del(mv_cur *cur, mv_err *err); /* the current row; the cursor then stands at the next one */

/* Pages and readers, for statistics. */
typedef struct mv_sub_info {
    uint64_t page_size, pages, map_bytes, readers;
} mv_sub_info;
int mv_sub_get_info(mv_txn *txn, mv_sub_info *out, mv_err *err);
int mv_sub_free_pages(mv_txn *txn, uint64_t *pages, mv_err *err); /* pages that no snapshot needs any more */

#endif
