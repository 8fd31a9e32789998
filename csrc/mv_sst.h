/* Public declarations of the SST layer: RocksDB block-based tables, written, read, verified and merged.
 *
 * A file (docs/format/sst.md has every byte):
 *
 *     [data block][trailer] ...  [index block][trailer]  [properties][trailer]  [metaindex][trailer]  [footer]
 *
 * A row is a user key, a sequence number with a type, and a value. The files of this store are ordered by the
 * comparator `leveldb.BytewiseComparator.u64ts`: their user keys are
 *
 *     | key bytes, 0 or more | timestamp, 8 B little-endian |
 *
 * in the order "key bytes ascending, then timestamp descending", which is also the order of the store's version
 * keys: they are passed as they are. Sequence numbers are 0. Wherever a comment here says "user key", the
 * timestamp is part of it; "key" alone is without.
 */
#ifndef MV_SST_H
#define MV_SST_H

#include "mv_base.h"

/* cdef: begin */
enum mv_sst_compression { /* ids of the format: do not change */
    MV_SST_NONE = 0,
    MV_SST_LZ4 = 4,
    MV_SST_ZSTD = 7
};

enum mv_sst_type { /* types of the format that we write: do not change */
    MV_SST_VALUE = 0x01,
    MV_SST_TOMBSTONE = 0x14 /* RocksDB's deletion with timestamp; its value is empty */
};

typedef struct mv_sst_row { /* one entry; the bytes belong to whoever gave the row, until its next call */
    const uint8_t *key;     /* user key: with its timestamp where the file's order is u64ts */
    size_t key_len;
    const uint8_t *value;
    size_t value_len;
    uint64_t ts;  /* timestamp of the user key; 0 in files of another order */
    uint64_t seq; /* sequence number; 0 in the files that we write, until RocksDB ingests them in place */
    int type;     /* mv_sst_type, or another of RocksDB's types in files that we did not write */
} mv_sst_row;

typedef struct mv_sst_stats { /* what a file holds */
    uint64_t rows;
    uint64_t tombstones;    /* of rows: those with any of RocksDB's deletion types */
    uint64_t raw_key_bytes; /* internal keys: user key and 8 bytes of sequence and type */
    uint64_t raw_value_bytes;
    uint64_t data_blocks;
    uint64_t min_ts, max_ts; /* 0 where there is no row, or no timestamp */
    uint64_t file_bytes;     /* of a writer: bytes made so far, the open block estimated */
} mv_sst_stats;

/* ---- writer: rows in, bytes out ---- */

typedef struct mv_sst_options {
    uint32_t block_bytes;   /* target size of a data block before compression; 0: 32768 */
    int compression;        /* mv_sst_compression */
    int level;              /* zstd's level; 0: 1; other compressions ignore it */
    uint64_t file_number;   /* identity of the file, with session: RocksDB's cache keys derive from both */
    uint64_t creation_time; /* seconds since the epoch */
    char session[24];       /* 20 characters A-Z 0-9, then NUL */
} mv_sst_options;

typedef struct mv_sst_writer mv_sst_writer;

/* A new writer in *out, to be freed by mv_sst_writer_free. The same options, properties and rows give the same
 * bytes. MV_E_INVALID: an option is out of its range; MV_E_NO_MEMORY. */
int mv_sst_writer_new(const mv_sst_options *options, mv_sst_writer **out, mv_err *err);

/* Adds a property of our own, copied; name is NUL-terminated and begins with "mvcc.". Any time before finish.
 * The writer itself adds mvcc.rows, mvcc.min_timestamp and mvcc.max_timestamp (decimal text).
 * MV_E_INVALID: another prefix, a name given twice, or one of the three; MV_E_NO_MEMORY. */
int mv_sst_writer_property(mv_sst_writer *w, const char *name, const uint8_t *value, size_t value_len,
                           mv_err *err);

/* Adds a row with user key (timestamp included: at least 8 bytes), which is copied. type: an mv_sst_type.
 * MV_E_INVALID: not above the row before, a tombstone with a value, or finished already; MV_E_TOO_BIG: the row
 * does not fit a block of the format (4 GiB); MV_E_NO_MEMORY. On failure the row is not in, the writer stays
 * usable, and blocks of earlier rows may have moved to the output. */
int mv_sst_writer_add(mv_sst_writer *w, const uint8_t *key, size_t key_len, int type, const uint8_t *value,
                      size_t value_len, mv_err *err);

/* Writes what is open, index, properties and footer; afterwards the output is complete. MV_E_INVALID: called
 * twice; MV_E_NO_MEMORY, after which only mv_sst_writer_free may follow. */
int mv_sst_writer_finish(mv_sst_writer *w, mv_err *err);

/* The output so far, owned by the writer. Between calls the caller may take the bytes away and set len to 0; what
 * it took are the next bytes of the file. Never NULL. */
mv_buf *mv_sst_writer_out(mv_sst_writer *w);

/* Bytes of the file so far, taken or not, with an estimate of what is open. Never below the bytes made. */
uint64_t mv_sst_writer_size(const mv_sst_writer *w);

/* What was added so far. */
void mv_sst_writer_stats(const mv_sst_writer *w, mv_sst_stats *out);

/* Frees the writer and its output. NULL is fine. */
void mv_sst_writer_free(mv_sst_writer *w);

/* ---- reader: any bytes in; rows, or MV_E_CORRUPT_SST with what and a = offset in the file ---- */

enum mv_sst_order {           /* how a reader checks and seeks; from the file's comparator property */
    MV_SST_ORDER_UNKNOWN = 0, /* no order checks, no seek */
    MV_SST_ORDER_BYTES = 1,   /* leveldb.BytewiseComparator */
    MV_SST_ORDER_U64TS = 2    /* leveldb.BytewiseComparator.u64ts */
};

typedef struct mv_sst_reader mv_sst_reader;
typedef struct mv_sst_iter mv_sst_iter;

/* Opens a file of size bytes at fd, which is read with pread, is not closed, and must outlive the reader. Footer,
 * metaindex, properties and the whole index are read and checked; data blocks are when they are read. No single
 * block, stored or unpacked, may be larger than max_block_bytes (0: 64 MiB): larger values need a larger limit.
 * Format versions 2 to 6, checksums of every type, compressions none, snappy, zlib, lz4, lz4hc and zstd.
 * The reader does not change after this: any number of threads may iterate over it, each with its own iterator.
 * MV_E_CORRUPT_SST, MV_E_UNSUPPORTED (what names the feature), MV_E_IO, MV_E_NO_MEMORY: *out is unchanged. */
int mv_sst_reader_open_fd(int fd, uint64_t size, uint64_t max_block_bytes, mv_sst_reader **out, mv_err *err);

/* As mv_sst_reader_open_fd, over bytes that must outlive the reader and its rows unchanged. */
int mv_sst_reader_open_memory(const uint8_t *data, size_t size, uint64_t max_block_bytes, mv_sst_reader **out,
                              mv_err *err);

/* Frees the reader; no iterator over it may be left. NULL is fine. */
void mv_sst_reader_free(mv_sst_reader *r);

int mv_sst_reader_order(const mv_sst_reader *r);          /* an mv_sst_order */
int mv_sst_reader_format_version(const mv_sst_reader *r); /* 2 to 6 */

/* The sequence number that RocksDB wrote into a file when it ingested it where it lay, and that all rows then have;
 * 0: it did not. */
uint64_t mv_sst_reader_global_seqno(const mv_sst_reader *r);

/* The value of a property (raw bytes, owned by the reader) or MV_NOT_FOUND. */
int mv_sst_reader_property(const mv_sst_reader *r, const char *name, const uint8_t **value,
                           size_t *value_len);

/* Reads every block and checks checksums, order, block ranges, and the counts in the properties; fills *out. */
int mv_sst_verify(const mv_sst_reader *r, mv_sst_stats *out, mv_err *err);

/* A new iterator in *out, not yet placed; to be freed by mv_sst_iter_free, before its reader. */
int mv_sst_iter_new(const mv_sst_reader *r, mv_sst_iter **out, mv_err *err);
void mv_sst_iter_free(mv_sst_iter *it);

/* Each of these sets *row and returns MV_OK, or returns MV_DONE where no row is left, or fails; the row's bytes
 * are valid until the next call on the iterator. A failed iterator is not placed any more: seek again.
 * seek goes to the first row at or above the user key; key with timestamp 2^64-1 is below all versions of a key.
 * next without a place before it is MV_E_INVALID, seek in an unknown order MV_E_UNSUPPORTED. */
int mv_sst_iter_first(mv_sst_iter *it, mv_sst_row *row, mv_err *err);
int mv_sst_iter_seek(mv_sst_iter *it, const uint8_t *key, size_t key_len, mv_sst_row *row, mv_err *err);
int mv_sst_iter_next(mv_sst_iter *it, mv_sst_row *row, mv_err *err);

/* ---- merge: layers of files to one stream ---- */

typedef struct mv_sst_layer { /* files of one layer, in key order, none overlapping the next */
    mv_sst_reader *const *files;
    size_t count;
} mv_sst_layer;

typedef struct mv_sst_window { /* which rows are wanted */
    uint64_t as_of;            /* only versions with ts <= as_of; 2^64-1: all */
    int latest;           /* 1: of each key only its newest such version, tombstones too; 0: every version */
    const uint8_t *start; /* keys (without timestamp) in [start, end); NULL: unbounded */
    size_t start_len;
    const uint8_t *end;
    size_t end_len;
} mv_sst_window;

typedef struct mv_sst_merge mv_sst_merge;

/* A merge over layers, newest first, in *out, to be freed by mv_sst_merge_free before the readers. The arrays are
 * copied, the readers are borrowed. Memory: one block per layer. Of the same user key in several layers the newest
 * layer's row stands. MV_E_INVALID: a file is not in the order u64ts. */
int mv_sst_merge_new(const mv_sst_layer *layers, size_t count, const mv_sst_window *window,
                     mv_sst_merge **out, mv_err *err);

/* The next row in *row, valid until the next call; MV_DONE after the last. MV_E_CORRUPT_SST: also where the files
 * of a layer overlap. After a failure only mv_sst_merge_free may follow. */
int mv_sst_merge_next(mv_sst_merge *m, mv_sst_row *row, mv_err *err);
void mv_sst_merge_free(mv_sst_merge *m);

/* ---- pages: many rows a call, in columns ---- */

typedef struct mv_sst_page { /* columns; all zero is an empty page; owned by the caller */
    uint64_t rows;
    mv_buf keys;       /* key bytes (without timestamp in the order u64ts), one after the other */
    mv_buf key_ends;   /* uint64, native byte order: where each key ends */
    mv_buf values;     /* one after the other */
    mv_buf value_ends; /* uint64 */
    mv_buf timestamps; /* uint64 */
    mv_buf sequences;  /* uint64 */
    mv_buf types;      /* uint8 */
} mv_sst_page;

/* Replaces the page's rows by the next ones, from where the iterator stands (the row that the last call gave is
 * not in) or, where it was not placed, from the first: at most max_rows (at least 1), and no row after the one
 * that brings keys and values to max_bytes. MV_DONE, with no rows in the page, where none is left. */
int mv_sst_iter_page(mv_sst_iter *it, uint64_t max_rows, uint64_t max_bytes, mv_sst_page *page, mv_err *err);
int mv_sst_merge_page(mv_sst_merge *m, uint64_t max_rows, uint64_t max_bytes, mv_sst_page *page, mv_err *err);

/* Replaces the page's rows by the file's properties: name as key, raw bytes as value. */
int mv_sst_reader_properties(const mv_sst_reader *r, mv_sst_page *page, mv_err *err);

/* Frees the columns and leaves an empty page. */
void mv_sst_page_free(mv_sst_page *page);
/* cdef: end */

#endif
