/* LMDB 0.9 as this core sees it: the few functions, types and constants that it uses, and the table that the loader
 * fills. The values are LMDB's public interface (lmdb.h of 0.9) and do not change within 0.9.
 */
#ifndef MV_LMDB_API_H
#define MV_LMDB_API_H

#include <stddef.h>
#include <sys/types.h>

#include "mv_base.h"

typedef struct MDB_env MDB_env;
typedef struct MDB_txn MDB_txn;
typedef struct MDB_cursor MDB_cursor;
typedef unsigned int MDB_dbi;

typedef struct MDB_val {
    size_t mv_size;
    void *mv_data;
} MDB_val;

typedef struct MDB_stat {
    unsigned int ms_psize, ms_depth;
    size_t ms_branch_pages, ms_leaf_pages, ms_overflow_pages, ms_entries;
} MDB_stat;

typedef struct MDB_envinfo {
    void *me_mapaddr;
    size_t me_mapsize, me_last_pgno, me_last_txnid;
    unsigned int me_maxreaders, me_numreaders;
} MDB_envinfo;

enum { /* environment, database and put flags */
    MDB_RDONLY = 0x20000,
    MDB_NOMETASYNC = 0x40000,
    MDB_NOTLS = 0x200000,
    MDB_CREATE = 0x40000,
    MDB_NOOVERWRITE = 0x10,
    MDB_RESERVE = 0x10000,
    MDB_APPEND = 0x20000
};

enum {
    MDB_CP_COMPACT = 1
}; /* of env_copyfd2 */

enum { /* cursor operations */
    MDB_FIRST = 0,
    MDB_LAST = 6,
    MDB_NEXT = 8,
    MDB_PREV = 12,
    MDB_SET_RANGE = 17
};

enum { /* results */
    MDB_KEYEXIST = -30799,
    MDB_NOTFOUND = -30798,
    MDB_PAGE_NOTFOUND = -30797,
    MDB_CORRUPTED = -30796,
    MDB_PANIC = -30795,
    MDB_VERSION_MISMATCH = -30794,
    MDB_INVALID = -30793,
    MDB_MAP_FULL = -30792,
    MDB_READERS_FULL = -30790,
    MDB_MAP_RESIZED = -30785
};

typedef int MDB_cmp_func(const MDB_val *a, const MDB_val *b);

/* X(result, name, arguments) for every function that is loaded. */
#define MV_LMDB_FUNCTIONS(X)                                                                                 \
    X(char *, version, (int *major, int *minor, int *patch))                                                 \
    X(char *, strerror, (int code))                                                                          \
    X(int, env_create, (MDB_env * *env))                                                                     \
    X(int, env_open, (MDB_env * env, const char *path, unsigned int flags, mode_t mode))                     \
    X(int, env_copyfd2, (MDB_env * env, int fd, unsigned int flags))                                         \
    X(void, env_close, (MDB_env * env))                                                                      \
    X(int, env_info, (MDB_env * env, MDB_envinfo * info))                                                    \
    X(int, env_set_mapsize, (MDB_env * env, size_t size))                                                    \
    X(int, env_set_maxreaders, (MDB_env * env, unsigned int readers))                                        \
    X(int, env_set_maxdbs, (MDB_env * env, MDB_dbi dbs))                                                     \
    X(int, reader_check, (MDB_env * env, int *dead))                                                         \
    X(int, txn_begin, (MDB_env * env, MDB_txn * parent, unsigned int flags, MDB_txn **txn))                  \
    X(int, txn_commit, (MDB_txn * txn))                                                                      \
    X(void, txn_abort, (MDB_txn * txn))                                                                      \
    X(void, txn_reset, (MDB_txn * txn))                                                                      \
    X(int, txn_renew, (MDB_txn * txn))                                                                       \
    X(size_t, txn_id, (MDB_txn * txn))                                                                       \
    X(int, dbi_open, (MDB_txn * txn, const char *name, unsigned int flags, MDB_dbi *dbi))                    \
    X(int, stat, (MDB_txn * txn, MDB_dbi dbi, MDB_stat * stat))                                              \
    X(int, set_compare, (MDB_txn * txn, MDB_dbi dbi, MDB_cmp_func * cmp))                                    \
    X(int, get, (MDB_txn * txn, MDB_dbi dbi, MDB_val * key, MDB_val * data))                                 \
    X(int, put, (MDB_txn * txn, MDB_dbi dbi, MDB_val * key, MDB_val * data, unsigned int flags))             \
    X(int, del, (MDB_txn * txn, MDB_dbi dbi, MDB_val * key, MDB_val * data))                                 \
    X(int, drop, (MDB_txn * txn, MDB_dbi dbi, int del))                                                      \
    X(int, cursor_open, (MDB_txn * txn, MDB_dbi dbi, MDB_cursor * *cursor))                                  \
    X(int, cursor_renew, (MDB_txn * txn, MDB_cursor * cursor))                                               \
    X(void, cursor_close, (MDB_cursor * cursor))                                                             \
    X(int, cursor_get, (MDB_cursor * cursor, MDB_val * key, MDB_val * data, int op))                         \
    X(int, cursor_put, (MDB_cursor * cursor, MDB_val * key, MDB_val * data, unsigned int flags))             \
    X(int, cursor_del, (MDB_cursor * cursor, unsigned int flags))

typedef struct mv_lmdb_api {
#define X(result, name, arguments) result(*name) arguments;
    MV_LMDB_FUNCTIONS(X)
#undef X
} mv_lmdb_api;

/* The table; all NULL until mv_lmdb_load has succeeded. Read-only afterwards. */
extern mv_lmdb_api mv_lmdb;

/* Translates a result of LMDB into our code, with what was being done; returns the code. */
int mv_lmdb_fail(mv_err *err, int rc, const char *what);

#endif
