/* Public declarations of the MVCC engine over LMDB.
 *
 * Lifetime: an environment (mv_env) is opened once per file and process. Views, exports and ingests belong to one
 * environment and may outlive mv_env_close: every call on them then answers MV_E_CLOSED, as does every call on NULL as an
 * environment. Views, exports and ingests can be freed before and after mv_env_free.
 * Threads: every function may be called from any thread at any time, but one iterator by one thread at a time.
 * Time: a timestamp is a u64 hybrid logical clock, microseconds since the Unix epoch << 12 | logical counter.
 */
#ifndef MV_ENGINE_H
#define MV_ENGINE_H

#include "mv_base.h"
#include "mv_sst.h"

/* cdef: begin */
#define MV_MAX_KEY 490               /* bytes of a user key */
#define MV_MAX_VALUE 1073741824      /* bytes of a value: 1 GiB */
#define MV_TABLE_CATALOG 1           /* the table whose writes raise catalog_ts */
#define MV_TOMBSTONE 0xffffffff      /* a value length: the key is deleted */
#define MV_UNBOUNDED 0xffffffff      /* a length of a start or end: no bound */
#define MV_POINT 0xfffffffe          /* a length of an end: the span is the one key that is its start */
#define MV_TS_MAX 0xffffffffffffffff /* as a timestamp to read at: the last commit */

/* ---- LMDB ---- */
/* Loads LMDB's functions from a shared library, named prefix + name; prefix "mdb09_" in the lmdb wheel, "mdb_" in the
 * system's. Only 0.9.x is accepted. A second call with another file is refused once one has succeeded. */
int mv_lmdb_load(const char *file, const char *prefix, mv_err *err);
const char *mv_lmdb_version(void); /* "LMDB 0.9.36: ..." or "" before a load; static memory */

/* ---- environment ---- */
enum mv_open_flag {
    MV_OPEN_CREATE = 1,
    MV_OPEN_READ_ONLY = 2,
    MV_OPEN_RELAXED =
        4 /* a commit returns before its meta page is synced: a power cut may undo the last ones */
};

typedef struct mv_env mv_env;

typedef struct mv_open_args {
    const char *path;     /* folder of the store */
    uint32_t flags;       /* mv_open_flag */
    uint64_t map_size;    /* bytes of address space; 0: 1 TiB, halved while the system refuses */
    uint64_t log_limit;   /* bytes of a log above which it is frozen and sorted; 0: 64 MiB */
    uint64_t gc_ttl_us;   /* behind merges, versions overwritten longer ago are collected; 0: none */
    uint8_t store_id[16]; /* random; used where a store is created */
} mv_open_args;

int mv_env_open(const mv_open_args *args, mv_env **out, mv_err *err);
void mv_env_close(mv_env *env); /* waits for calls in flight, ends reads and the map; idempotent */
void mv_env_free(mv_env *env);  /* closes; the memory goes with the last view. NULL is fine. */

/* Writes the store as the last commit shows it to a new file, compact and synced; nothing is left of it on failure. */
int mv_env_copy(mv_env *env, const char *file, mv_err *err);

typedef struct mv_info {
    uint8_t store_id[16];
    uint64_t format_version;
    uint64_t last_commit; /* timestamps */
    uint64_t merged;      /* all versions at or below are in `data` */
    uint64_t sorted;      /* all versions at or below are in `data` or in runs */
    uint64_t frozen;      /* end of the log that is being sorted; 0: none is */
    uint64_t runs;
    uint64_t runs_merging; /* of them, being merged */
    uint64_t direct;
    uint64_t gc_threshold;
    uint64_t changes_from; /* `changes` is complete above this */
    uint64_t catalog_ts;
    uint64_t oldest_pin; /* the oldest timestamp that an open snapshot holds; MV_TS_MAX: none */
    uint64_t pins;       /* open snapshots of all processes */
    uint64_t versions;   /* rows of `data`, runs and logs; what a merge under way has moved counts twice */
    uint64_t changes;    /* rows of `changes` */
    uint64_t log_rows;   /* of both logs */
    uint64_t log_bytes;  /* of the pages of both logs */
    uint64_t log_limit;  /* above which a log is frozen */
    uint64_t run_rows;   /* of all runs */
    uint64_t run_bytes;
    uint64_t mem_rows; /* of the memtables of this process */
    uint64_t mem_bytes;
    uint64_t page_size;  /* bytes */
    uint64_t file_bytes; /* pages in use at the end of the file x page size */
    uint64_t free_pages;
    uint64_t map_bytes;
    uint64_t readers; /* LMDB reader slots that have been in use */
} mv_info;

int mv_env_info(mv_env *env, mv_info *out, mv_err *err);

/* ---- time ---- */
int mv_last_commit(mv_env *env, uint64_t *ts, mv_err *err);
/* Where `now` is 0 the system's clock is read. */
int mv_now(mv_env *env, uint64_t now, uint64_t *ts,
           mv_err *err); /* no later commit gets *ts or less; volatile */
int mv_advance(mv_env *env, uint64_t ts, uint64_t now,
               mv_err *err); /* last_commit = max(last_commit, ts), durable */

/* ---- commit ---- */
typedef struct mv_ops { /* a batch in columns; each (table, key) at most once */
    uint64_t count;
    uint32_t table;             /* of every row, where tables is NULL */
    const uint32_t *tables;     /* count table ids, or NULL */
    const uint8_t *keys;        /* all keys, one after the other */
    const uint32_t *key_lens;   /* count lengths */
    const uint8_t *values;      /* all values, one after the other */
    const uint32_t *value_lens; /* count lengths; MV_TOMBSTONE: delete, takes no bytes of values */
} mv_ops;

typedef struct mv_spans { /* spans of keys in columns, in any order, overlaps allowed */
    uint64_t count;
    const uint32_t *tables;
    const uint8_t *starts;
    const uint32_t *start_lens; /* MV_UNBOUNDED: from the table's first key */
    const uint8_t *ends;
    const uint32_t *end_lens; /* MV_UNBOUNDED: to the table's last key; MV_POINT: takes no bytes of ends */
} mv_spans;

typedef struct mv_commit_args {
    mv_ops ops;
    mv_spans reads;    /* nothing in these may have changed after read_ts; also the write keys where wanted */
    mv_spans ingested; /* spans that mv_ingest has filled and that this commit makes visible */
    uint64_t read_ts;
    uint64_t catalog_ts; /* of the catalog in which the tables were looked up; MV_TS_MAX: do not check */
    uint64_t now;        /* the clock; 0: the system's */
    uint64_t at;         /* an explicit timestamp; 0: the next one */
} mv_commit_args;

/* One LMDB transaction, durable on return: validate, assign a timestamp, write all or nothing. */
int mv_commit(mv_env *env, const mv_commit_args *args, uint64_t *ts, mv_err *err);

/* As mv_commit, for what is only put, into one table: a row, */
int mv_put(mv_env *env, uint64_t catalog_ts, uint64_t now, uint32_t table, const uint8_t *key,
           uint32_t key_len, const uint8_t *value, uint32_t value_len, uint64_t *ts, mv_err *err);
/* or rows, of which a key that comes twice gets the later value. */
int mv_put_rows(mv_env *env, uint64_t catalog_ts, uint64_t now, const mv_ops *rows, uint64_t *ts,
                mv_err *err);
/* The same for more rows than a log should hold, in parts: they go straight to `data`, fastest where they are sorted. */
int mv_load(mv_env *env, uint64_t catalog_ts, uint64_t now, const mv_ops *parts, uint64_t part_count,
            uint64_t *ts, mv_err *err);

/* ---- merging ---- */
/* One step towards merged >= target, which is no later than the last commit, of at most max_rows rows (0: some
 * milliseconds long): MV_OK, or MV_DONE once there. Merges go on by themselves too, in a thread that begins when a log
 * first passes its limit. */
int mv_merge(mv_env *env, uint64_t target, uint64_t max_rows, mv_err *err);

/* ---- views ---- */
typedef struct mv_view mv_view; /* a timestamp that can be read for as long as the view is open (GC waits) */

int mv_view_open(mv_env *env, uint64_t ts, uint64_t now, mv_view **out,
                 mv_err *err); /* MV_TS_MAX: last commit */
uint64_t mv_view_timestamp(const mv_view *view);
void mv_view_close(
    mv_view *view); /* releases the pin; idempotent. Later calls with the view are MV_E_CLOSED. */
void mv_view_free(mv_view *view); /* closes and frees: no call with the view may be running */

/* ---- reads: at a view, or (view NULL) at the last commit, which then checks catalog_ts as mv_commit does ---- */
#define MV_ROOM 4096
#define MV_ABSENT 0x7fffffff /* in place of a value's length: the key is absent or deleted */

typedef struct mv_place { /* where gets look: what does not change from key to key */
    mv_env *env;
    mv_view *view; /* NULL: at the last commit */
    uint64_t catalog_ts;
    uint32_t table;
} mv_place;

/* Keeps the memory of a place's environment and view until the release, also when others have freed them: they then are
 * closed. */
void mv_place_hold(mv_place *place);
void mv_place_release(mv_place *place);

typedef struct mv_got { /* what a get gives; reused from call to call */
    char room[MV_ROOM]; /* the value, where it fits */
    mv_buf large;       /* a longer one; freed by mv_buf_free */
    uint64_t ts;        /* of the version */
    mv_err err;
} mv_got;

/* Gives the value's length, or MV_ABSENT, or the code of a failure. */
int mv_get(const mv_place *place, const uint8_t *key, uint32_t key_len, mv_got *got);

#define MV_MIXED 0xffffffff /* in place of a length: there is more than one */

typedef struct mv_page { /* rows in columns; reused from call to call, freed by mv_page_free */
    uint64_t rows;
    uint32_t key_size;   /* of every key, or MV_MIXED */
    uint32_t value_size; /* of every value, or MV_MIXED */
    mv_buf keys;         /* bytes of all user keys */
    mv_buf key_ends;     /* uint64_t a row: end of its key in keys */
    mv_buf values;       /* bytes of all values; a tombstone has none */
    mv_buf value_ends;   /* uint64_t a row */
    mv_buf timestamps;   /* uint64_t a row */
    mv_buf kinds;        /* uint8_t a row: 0 tombstone, 1 value, 2 absent (mv_get_many alone) */
    mv_buf tables;       /* uint32_t a row: mv_changes alone */
    uint32_t more;       /* 1: there may be more rows, go on at resume */
    mv_buf resume_key; /* start of the next page; reverse: its end; mv_changes: key within an ingested span */
    uint64_t resume_ts;  /* with revisions: version at which the next page begins; mv_changes: its commit */
    uint64_t resume_seq; /* mv_changes: and sequence number */
    uint64_t until;      /* mv_changes: the end of the window that was read */
} mv_page;

void mv_page_free(mv_page *page); /* frees the columns, not the struct */

int mv_get_many(mv_env *env, const mv_view *view, uint64_t catalog_ts, uint32_t table, uint64_t count,
                const uint8_t *keys, const uint32_t *key_lens, mv_page *page,
                mv_err *err); /* a row a key, in order */

enum mv_scan_flag {
    MV_SCAN_REVERSE = 1,    /* from end to start; with revisions oldest version first */
    MV_SCAN_TOMBSTONES = 2, /* deletions too */
    MV_SCAN_REVISIONS = 4,  /* every version in (since, ts], newest first, tombstones too */
    MV_SCAN_KEYS_ONLY = 8   /* values stay empty */
};

typedef struct mv_scan_args {
    uint32_t table;
    uint32_t flags;
    const uint8_t *start;
    uint32_t start_len; /* MV_UNBOUNDED */
    const uint8_t *end;
    uint32_t end_len; /* MV_UNBOUNDED */
    uint64_t
        resume_ts; /* with revisions: begin at this version of the first key (reverse: of the last); 0: at its first */
    uint64_t since; /* only versions above this; without revisions: the newest <= ts, if it is above this */
    uint64_t max_rows;  /* 0: no limit */
    uint64_t max_bytes; /* of keys and values; at least one row is given; 0: no limit */
    uint64_t catalog_ts;
} mv_scan_args;

int mv_scan(mv_env *env, const mv_view *view, const mv_scan_args *args, mv_page *page, mv_err *err);

/* The keys at which the table can be cut into spans of about span_bytes (keys and values of the newest version of each
 * key in (since, view]), in order, in page->keys; max_rows bounds the keys looked at, go on while more. What was
 * counted since the last cut goes on in *carry (0 at first). */
int mv_split(mv_env *env, const mv_view *view, const mv_scan_args *args, uint64_t span_bytes, uint64_t *carry,
             mv_page *page, mv_err *err);

/* ---- changes ---- */
typedef struct mv_changes_args {
    uint32_t table; /* 0: all */
    uint64_t since; /* (since, until]; since < changes_from: MV_E_BELOW_GC */
    uint64_t until;
    uint64_t resume_ts; /* where the last page said to go on; 0: at the start of the window */
    uint64_t resume_seq;
    const uint8_t *resume_key;
    uint32_t resume_key_len;
    uint64_t max_rows;
    uint64_t max_bytes;
} mv_changes_args;

/* In commit order, values included. MV_TS_MAX as until: up to the last commit. */
int mv_changes(mv_env *env, const mv_changes_args *args, mv_page *page, mv_err *err);

/* ---- export of (since, view] as one SST ---- */
typedef struct mv_export mv_export;

enum mv_export_flag {
    MV_EXPORT_REVISIONS = 1, /* every version of the window; else the newest of each key */
    MV_EXPORT_BY_SCAN = 2,   /* never by `changes` */
    MV_EXPORT_MID_KEY = 4    /* max_size may cut between the versions of a key */
};

typedef struct mv_export_args {
    mv_scan_args span; /* table, start, end, resume_ts, since; its flags and limits are not used */
    uint32_t flags;
    uint64_t target_size; /* bytes of keys and values; the SST ends at the next new key; 0: no limit */
    uint64_t max_size;    /* more is MV_E_TOO_BIG, or a cut mid key; 0: no limit */
    int compression;      /* an mv_sst_compression */
    char session[24];     /* identity of the file: 20 characters A-Z 0-9, NUL, and its number */
    uint64_t file_number;
    uint64_t creation_time;  /* seconds since the epoch */
    uint64_t property_count; /* own properties of the file, "mvcc." names, NUL-terminated; copied */
    const char *const *property_names;
    const char *const *property_values;
} mv_export_args;

typedef struct mv_export_stats {
    uint64_t rows;       /* versions written */
    uint64_t tombstones; /* of them deletions */
    uint64_t bytes;      /* of user keys and values */
    uint64_t min_ts, max_ts;
    uint64_t cpu_ns; /* thread time spent in mv_export_next */
} mv_export_stats;

int mv_export_open(mv_env *env, const mv_view *view, const mv_export_args *args, mv_export **out,
                   mv_err *err);
/* Appends the next bytes of the file to out, about chunk of them; MV_DONE once the footer has been given. A window
 * without rows gives no bytes at all. Each call reads in an LMDB transaction of its own. */
int mv_export_next(mv_export *x, uint64_t chunk, mv_buf *out, mv_err *err);
/* After MV_DONE: 1 and the place to go on, if a size ended the export; else 0. */
int mv_export_resume(const mv_export *x, const uint8_t **key, uint32_t *key_len, uint64_t *ts);
void mv_export_get_stats(const mv_export *x, mv_export_stats *out);
void mv_export_free(mv_export *x);

/* ---- ingest: sorted rows into a table that no committed catalog entry shows ---- */
typedef struct mv_ingest mv_ingest;

typedef struct mv_ingest_args {
    uint64_t layers;             /* newest first */
    const uint64_t *layer_files; /* files of each layer */
    const int *fds;        /* of all files, layer by layer, each layer in key order; they stay the caller's */
    const uint64_t *sizes; /* bytes of each file */
    uint32_t from_table, to_table;
    uint64_t at;    /* the timestamp that every row gets */
    uint64_t until; /* of each key its newest version at or below this */
} mv_ingest_args;

int mv_ingest_open(mv_env *env, const mv_ingest_args *args, mv_ingest **out, mv_err *err);
/* Puts the next rows, about max_bytes of keys and values, in one LMDB transaction, and adds to rows and bytes. MV_DONE:
 * there were no more. A damaged file is MV_E_CORRUPT_SST. */
int mv_ingest_next(mv_ingest *in, uint64_t max_bytes, uint64_t *rows, uint64_t *bytes, mv_err *err);
void mv_ingest_free(mv_ingest *in);

/* ---- garbage collection ---- */
typedef struct mv_gc_stats {
    uint64_t versions; /* removed */
    uint64_t tombstones;
    uint64_t changes;
    uint64_t bytes; /* of keys and values */
} mv_gc_stats;

/* Publishes min(wanted, what may be) as the threshold. */
int mv_gc_publish(mv_env *env, uint64_t wanted, uint64_t *threshold, mv_err *err);
/* One slice in one LMDB transaction, from cursor (empty: the beginning); MV_DONE: nothing is left. Adds to stats. */
int mv_gc_slice(mv_env *env, uint64_t max_work, mv_buf *cursor, mv_gc_stats *stats, mv_err *err);

/* A record that holds the threshold at or below ts: durable, or for as long as this process lives. */
int mv_protect(mv_env *env, uint64_t ts, int durable, const char *label, uint64_t *id, mv_err *err);
int mv_unprotect(mv_env *env, uint64_t id, mv_err *err); /* MV_NOT_FOUND: no such record */

/* ---- verification ---- */
typedef struct mv_verify_stats {
    uint64_t versions, tombstones, changes, bytes;
} mv_verify_stats;

/* Checks rows of one sub-database (0 meta and protected, 1 data, 2 changes, 3 and 4 the logs, then the runs) from cursor on, about max_rows of them;
 * MV_DONE: all checked. A fault is MV_E_CORRUPT_STORE with the cursor behind it, so that a caller can go on. */
#define MV_VERIFY_PARTS 21
int mv_verify(mv_env *env, int part, uint64_t max_rows, mv_buf *cursor, mv_verify_stats *stats, mv_err *err);
/* cdef: end */

#endif
