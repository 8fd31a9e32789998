#include "lmdb/mv_substrate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mv_alloc.h"
#include "base/mv_bytes.h"
#include "base/mv_error.h"
#include "lmdb/mv_file_check.h"
#include "lmdb/mv_registry.h"
#include "mv_engine.h"

#define PATH_LIMIT 4096
#define DEFAULT_MAP ((uint64_t)1 << 40)
#define SMALLEST_MAP ((uint64_t)1 << 30)
#define MAX_READERS 2048
#define LOCK_BYTES                                                                                           \
    (MAX_READERS * 64 + 128) /* of the lock file: a place a reader, and what stands before them */
#define FILE_MODE 0644
#define CHECK_NS 100000000
#define CHECKS_A_SECOND 10

static unsigned int env_flags(uint32_t flags)
{
    return MDB_NOTLS | (flags & MV_OPEN_READ_ONLY ? MDB_RDONLY : 0) |
           (flags & MV_OPEN_RELAXED ? MDB_NOMETASYNC : 0);
}

/* One attempt at a map size. *env is NULL on failure. Returns LMDB's result. */
static int try_open(const char *folder, uint32_t flags, uint64_t map_size, MDB_env **env)
{
    *env = NULL;
    int rc = mv_lmdb.env_create(env);
    if (rc == 0)
        rc = mv_lmdb.env_set_mapsize(*env, map_size);
    if (rc == 0)
        rc = mv_lmdb.env_set_maxreaders(*env, MAX_READERS);
    if (rc == 0)
        rc = mv_lmdb.env_set_maxdbs(*env, MV_SUB_MAX_DBS);
    if (rc == 0)
        rc = mv_lmdb.env_open(*env, folder, env_flags(flags), FILE_MODE);
    if (rc != 0 && *env != NULL) {
        mv_lmdb.env_close(*env);
        *env = NULL;
    }
    return rc;
}

/* Opens with the largest map that the system gives, never below what the file needs. */
static int open_env(const char *folder, uint32_t flags, uint64_t map_size, uint64_t file_size, MDB_env **env,
                    mv_err *err)
{
    uint64_t floor = file_size * 4 > SMALLEST_MAP ? file_size * 4 : SMALLEST_MAP;
    uint64_t size = map_size != 0 ? map_size : DEFAULT_MAP;
    int rc = try_open(folder, flags, size, env);
    while ((rc == ENOMEM || rc == EINVAL) && map_size == 0 && size / 2 >= floor) { /* valgrind says EINVAL */
        size /= 2;
        rc = try_open(folder, flags, size, env);
    }
    return rc == 0 ? MV_OK : mv_lmdb_fail(err, rc, "opening the store");
}

static int reserve_lock_file(const char *folder, mv_err *err)
{
    char path[PATH_LIMIT];
    if ((size_t)snprintf(path, sizeof path, "%s/lock.mdb", folder) >= sizeof path)
        return mv_fail(err, MV_E_INVALID, "the path is too long");
    return mv_file_reserve(path, LOCK_BYTES, err);
}

/* With the registry held: everything between the look at the file and its entry. */
static int open_registered(const char *folder, uint32_t flags, uint64_t map_size, mv_sub *sub, mv_err *err)
{
    char path[PATH_LIMIT];
    mv_file_id id;
    if ((size_t)snprintf(path, sizeof path, "%s/data.mdb", folder) >= sizeof path)
        return mv_fail(err, MV_E_INVALID, "the path is too long");
    int rc = mv_file_identify(path, &id, err);
    if (rc == MV_OK && id.exists && mv_registry_has(id.device, id.inode))
        rc = mv_fail(err, MV_E_ALREADY_OPEN, "the store is open in this process");
    if (rc == MV_OK && id.exists &&
        id.size > 0) /* an empty one was created and not written: LMDB begins it anew */
        rc = mv_file_check(path, err);
    if (rc == MV_OK && (id.exists || (flags & MV_OPEN_CREATE)))
        rc = reserve_lock_file(folder, err);
    if (rc == MV_OK)
        rc = open_env(folder, flags, map_size, id.size, &sub->env, err);
    if (rc == MV_OK)
        rc = mv_file_identify(path, &id, err);
    if (rc == MV_OK) {
        sub->device = id.device;
        sub->inode = id.inode;
        sub->read_only = flags & MV_OPEN_READ_ONLY;
        sub->fork_fd = -1;
        mv_registry_add(sub);
    } else if (sub->env != NULL) {
        mv_lmdb.env_close(sub->env);
        sub->env = NULL;
    }
    return rc;
}

int mv_sub_open(const char *folder, uint32_t flags, uint64_t map_size, mv_sub **out, mv_err *err)
{
    if (mv_lmdb.env_open == NULL)
        return mv_fail(err, MV_E_LIBRARY, "LMDB is not loaded");
    mv_sub *sub = mv_calloc(1, sizeof *sub);
    if (sub == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "opening the store");
    mv_registry_lock();
    int rc = open_registered(folder, flags, map_size, sub, err);
    mv_registry_unlock();
    if (rc != MV_OK) {
        mv_free(sub);
        return rc;
    }
    pthread_mutex_init(&sub->pool_lock, NULL);
    mv_sub_clear_readers(sub);
    *out = sub;
    return MV_OK;
}

/* ---- readers: a transaction and the cursors that wait with it ---- */

static mv_reader *take_pooled(mv_sub *sub)
{
    mv_reader *reader = atomic_exchange(&sub->spare, NULL);
    if (reader != NULL)
        return reader;
    pthread_mutex_lock(&sub->pool_lock);
    if (sub->pooled > 0)
        reader = sub->pool[--sub->pooled];
    pthread_mutex_unlock(&sub->pool_lock);
    return reader;
}

static void close_idle(mv_reader *reader)
{
    for (int i = 0; i < MV_SUB_HANDLES; i++)
        if (reader->idle[i] != NULL)
            mv_lmdb.cursor_close(reader->idle[i]);
}

static void free_reader(mv_reader *reader)
{
    close_idle(reader);
    mv_lmdb.txn_abort(reader->raw);
    mv_free(reader);
}

void mv_sub_close(mv_sub *sub)
{
    if (!atomic_load(&sub->forked)) {
        for (mv_reader *reader; (reader = take_pooled(sub)) != NULL;)
            free_reader(reader);
        mv_registry_lock(); /* held, so that nobody opens the file between our close and our leaving */
        mv_lmdb.env_close(sub->env);
        mv_registry_remove(sub);
        mv_registry_unlock();
        pthread_mutex_destroy(&sub->pool_lock);
    }
    mv_free(sub);
}

void mv_sub_clear_readers(mv_sub *sub)
{
    int dead;
    mv_lmdb.reader_check(sub->env, &dead); /* what fails now is done the next time */
}

int mv_sub_db(mv_txn *txn, const char *name, bool create, mv_cmp *cmp, mv_db *out, mv_err *err)
{
    int rc = mv_lmdb.dbi_open(txn->raw, name, create ? MDB_CREATE : 0, out);
    if (rc == MDB_NOTFOUND)
        return MV_NOT_FOUND;
    if (rc == 0 && cmp != NULL)
        rc = mv_lmdb.set_compare(txn->raw, *out, cmp);
    return rc == 0 ? MV_OK : mv_lmdb_fail(err, rc, "opening a sub-database");
}

/* ---- transactions ---- */

static bool give_pooled(mv_sub *sub, mv_reader *reader)
{
    mv_reader *none = NULL;
    bool kept = atomic_compare_exchange_strong(&sub->spare, &none, reader);
    if (kept)
        return true;
    pthread_mutex_lock(&sub->pool_lock);
    if (sub->pooled < MV_READER_POOL) {
        sub->pool[sub->pooled++] = reader;
        kept = true;
    }
    pthread_mutex_unlock(&sub->pool_lock);
    return kept;
}

static int new_reader(mv_sub *sub, mv_reader **out, mv_err *err)
{
    int dead;
    mv_reader *reader = mv_calloc(1, sizeof *reader);
    if (reader == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "beginning a read");
    int rc = mv_lmdb.txn_begin(sub->env, NULL, MDB_RDONLY, &reader->raw);
    if (rc == MDB_READERS_FULL && mv_lmdb.reader_check(sub->env, &dead) == 0 && dead > 0)
        rc = mv_lmdb.txn_begin(sub->env, NULL, MDB_RDONLY, &reader->raw);
    if (rc != 0) {
        mv_free(reader);
        return mv_lmdb_fail(err, rc, "beginning a read");
    }
    *out = reader;
    return MV_OK;
}

int mv_read_begin(mv_sub *sub, mv_txn *out, mv_err *err)
{
    if (atomic_load_explicit(&sub->forked, memory_order_relaxed))
        return mv_fail(err, MV_E_FORKED, "the store was opened by the parent process");
    mv_reader *reader = take_pooled(sub);
    int rc = MV_OK;
    if (reader == NULL) {
        rc = new_reader(sub, &reader, err);
    } else {
        int failed = mv_lmdb.txn_renew(reader->raw);
        if (failed != 0) {
            free_reader(reader);
            rc = mv_lmdb_fail(err, failed, "beginning a read");
        }
    }
    if (rc == MV_OK)
        *out = (mv_txn){sub, reader->raw, reader};
    return rc;
}

void mv_read_end(mv_txn *txn)
{
    mv_lmdb.txn_reset(txn->raw);
    if (!give_pooled(txn->sub, txn->reader))
        free_reader(txn->reader);
    txn->raw = NULL;
}

void mv_read_commit(mv_txn *txn)
{
    close_idle(txn->reader);
    mv_lmdb.txn_commit(txn->raw);
    mv_free(txn->reader);
    txn->raw = NULL;
}

static void clear_readers_now_and_then(mv_sub *sub)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    int64_t due = (int64_t)now.tv_sec * CHECKS_A_SECOND + now.tv_nsec / CHECK_NS;
    if (atomic_exchange_explicit(&sub->checked, due, memory_order_relaxed) != due)
        mv_sub_clear_readers(sub);
}

int mv_write_begin(mv_sub *sub, mv_txn *out, mv_err *err)
{
    if (atomic_load(&sub->forked))
        return mv_fail(err, MV_E_FORKED, "the store was opened by the parent process");
    if (sub->read_only)
        return mv_fail(err, MV_E_READ_ONLY, "the store is open for reading");
    if (atomic_load(&sub->failed))
        return mv_fail(err, MV_E_FAILED, "an earlier write could not be synced");
    clear_readers_now_and_then(sub);
    *out = (mv_txn){.sub = sub};
    int rc = mv_lmdb.txn_begin(sub->env, NULL, 0, &out->raw);
    return rc == 0 ? MV_OK : mv_lmdb_fail(err, rc, "beginning a write");
}

/* Whether a failed commit leaves it open what reached the disk. Out of room or memory is known before the meta page. */
static bool leaves_doubt(int rc)
{
    return rc > 0 ? rc != ENOSPC && rc != EDQUOT && rc != EFBIG && rc != ENOMEM : rc == MDB_PANIC;
}

int mv_write_commit(mv_txn *txn, mv_err *err)
{
    errno = 0;
    int rc = mv_lmdb.txn_commit(txn->raw);
    if (rc == EIO && errno != EIO) /* so LMDB names a write that was cut short, as on a full device */
        rc = ENOSPC;
    txn->raw = NULL;
    if (rc == 0)
        return MV_OK;
    if (leaves_doubt(rc))
        atomic_store(&txn->sub->failed, true);
    return mv_lmdb_fail(err, rc, "committing");
}

void mv_write_abort(mv_txn *txn)
{
    mv_lmdb.txn_abort(txn->raw);
    txn->raw = NULL;
}

/* ---- rows ---- */

static mv_val as_val(mv_slice s)
{
    return (mv_val){s.len, (void *)s.data};
}

int mv_kv_get(mv_txn *txn, mv_db db, mv_slice key, mv_slice *out, mv_err *err)
{
    mv_val k = as_val(key), v;
    int rc = mv_lmdb.get(txn->raw, db, &k, &v);
    if (rc == MDB_NOTFOUND)
        return MV_NOT_FOUND;
    if (rc != 0)
        return mv_lmdb_fail(err, rc, "reading a row");
    *out = (mv_slice){v.mv_data, v.mv_size};
    return MV_OK;
}

int mv_kv_put(mv_txn *txn, mv_db db, mv_slice key, mv_slice value, mv_err *err)
{
    mv_val k = as_val(key), v = as_val(value);
    int rc = mv_lmdb.put(txn->raw, db, &k, &v, 0);
    return rc == 0 ? MV_OK : mv_lmdb_fail(err, rc, "writing a row");
}

int mv_kv_del(mv_txn *txn, mv_db db, mv_slice key, mv_err *err)
{
    mv_val k = as_val(key);
    int rc = mv_lmdb.del(txn->raw, db, &k, NULL);
    if (rc == MDB_NOTFOUND)
        return MV_NOT_FOUND;
    return rc == 0 ? MV_OK : mv_lmdb_fail(err, rc, "deleting a row");
}

int mv_kv_count(mv_txn *txn, mv_db db, uint64_t *rows, mv_err *err)
{
    MDB_stat stat;
    int rc = mv_lmdb.stat(txn->raw, db, &stat);
    if (rc != 0)
        return mv_lmdb_fail(err, rc, "counting rows");
    *rows = stat.ms_entries;
    return MV_OK;
}

int mv_kv_bytes(mv_txn *txn, mv_db db, uint64_t *bytes, mv_err *err)
{
    MDB_stat stat;
    int rc = mv_lmdb.stat(txn->raw, db, &stat);
    if (rc != 0)
        return mv_lmdb_fail(err, rc, "measuring a sub-database");
    *bytes = (uint64_t)stat.ms_psize * (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages);
    return MV_OK;
}

int mv_kv_clear(mv_txn *txn, mv_db db, mv_err *err)
{
    enum {
        KEEP_THE_DATABASE = 0
    };
    int rc = mv_lmdb.drop(txn->raw, db, KEEP_THE_DATABASE);
    return rc == 0 ? MV_OK : mv_lmdb_fail(err, rc, "clearing a sub-database");
}

int mv_cur_open(mv_txn *txn, mv_db db, mv_cur *out, mv_err *err)
{
    int rc;
    *out = (mv_cur){.home = txn->reader == NULL ? NULL : &txn->reader->idle[db]};
    if (out->home == NULL || *out->home == NULL) {
        rc = mv_lmdb.cursor_open(txn->raw, db, &out->raw);
    } else {
        out->raw = *out->home;
        *out->home = NULL;
        rc = mv_lmdb.cursor_renew(txn->raw, out->raw);
    }
    return rc == 0 ? MV_OK : mv_lmdb_fail(err, rc, "opening a cursor");
}

void mv_cur_close(mv_cur *cur)
{
    if (cur->raw == NULL)
        return;
    if (cur->home != NULL && *cur->home == NULL)
        *cur->home = cur->raw;
    else
        mv_lmdb.cursor_close(cur->raw);
    cur->raw = NULL;
}

int mv_cur_reserve(mv_cur *cur, mv_slice key, size_t value_len, bool fresh, bool append, uint8_t **out,
                   mv_err *err)
{
    mv_val k = as_val(key), v = {value_len, NULL};
    unsigned int flags = MDB_RESERVE | (fresh ? MDB_NOOVERWRITE : 0) | (append ? MDB_APPEND : 0);
    int rc = mv_lmdb.cursor_put(cur->raw, &k, &v, flags);
    if (rc == MDB_KEYEXIST)
        return mv_fail(err, append ? MV_E_INVALID : MV_E_DUPLICATE_KEY, "the key is there already");
    if (rc != 0)
        return mv_lmdb_fail(err, rc, "writing a row");
    *out = v.mv_data;
    return MV_OK;
}

int mv_cur_del(mv_cur *cur, mv_err *err)
{
    int rc = mv_lmdb.cursor_del(cur->raw, 0);
    return rc == 0 ? MV_OK : mv_lmdb_fail(err, rc, "deleting a row");
}

/* ---- statistics ---- */

int mv_sub_get_info(mv_txn *txn, mv_sub_info *out, mv_err *err)
{
    enum {
        ANY_DB = 0
    };
    MDB_envinfo info;
    MDB_stat stat;
    int rc = mv_lmdb.env_info(txn->sub->env, &info);
    if (rc == 0)
        rc = mv_lmdb.stat(txn->raw, ANY_DB, &stat);
    if (rc != 0)
        return mv_lmdb_fail(err, rc, "reading statistics");
    *out = (mv_sub_info){
        .page_size = stat.ms_psize,
        .pages = info.me_last_pgno + 1,
        .map_bytes = info.me_mapsize,
        .readers = info.me_numreaders,
    };
    return MV_OK;
}

int mv_sub_free_pages(mv_txn *txn, uint64_t *pages, mv_err *err)
{
    enum {
        FREE_DB = 0
    }; /* rows: transaction id -> count and numbers of the pages that it freed */
    mv_cur cur;
    int rc = mv_cur_open(txn, FREE_DB, &cur, err);
    *pages = 0;
    if (rc == MV_OK)
        rc = mv_cur_first(&cur, err);
    for (; rc == MV_OK; rc = mv_cur_next(&cur, err)) {
        mv_rd r = mv_rd_over(cur.value.data, cur.value.len);
        uint64_t count;
        if (mv_rd_le64(&r, &count))
            *pages += count;
    }
    mv_cur_close(&cur);
    return rc == MV_NOT_FOUND ? MV_OK : rc;
}
