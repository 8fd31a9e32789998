/* The constants of RocksDB's block-based table that the writer and the reader share.
 *
 * DO NOT CHANGE: files on disk hold these. docs/format/sst.md has the whole format.
 *
 *     file    = data blocks, index block, properties block, metaindex block, footer
 *     block   = content (maybe compressed) | compression id, 1 B | checksum, 4 B little-endian
 *     content = entries | restart offsets, 4 B each | their number, 4 B
 *     entry   = varint shared | varint non_shared | varint value_len | key[shared:] | value
 *     handle  = varint offset | varint size (content as stored, without the 5 bytes behind it)
 *     footer  = checksum id, 1 B | metaindex handle, index handle, zeros: 40 B | format version, 4 B | magic, 8 B;
 *               mv_sst_footer.h has that of version 6
 *     internal key = user key | 8 B little-endian: sequence number << 8 | type
 */
#ifndef MV_SST_FORMAT_H
#define MV_SST_FORMAT_H

#include "base/mv_bytes.h"
#include "mv_sst.h"

#define SST_MAGIC UINT64_C(0x88e241b785f4cff7)
#define SST_FORMAT_VERSION 5u        /* what we write */
#define SST_FORMAT_VERSION_OLDEST 2u /* what we read, up to: */
#define SST_FORMAT_VERSION_NEWEST 6u
#define SST_FORMAT_VERSION_CONTEXT                                                                           \
    6u /* from here on: another footer, and checksums that depend on the place */
#define SST_FOOTER_BYTES 53u
#define SST_FOOTER_HANDLES_BYTES 40u
#define SST_TRAILER_BYTES 5u  /* behind every block */
#define SST_KEY_TAIL_BYTES 8u /* sequence and type, behind every user key */
#define SST_SEQNO_MAX ((UINT64_C(1) << 56) - 1)
#define SST_TS_BYTES 8u /* timestamp, at the end of a user key of the order u64ts */
#define SST_RESTART_INTERVAL 16u
#define SST_DEFAULT_BLOCK_BYTES 32768u
#define SST_HANDLE_MAX_BYTES 20u
#define SST_ENTRY_HEAD_MAX_BYTES 15u /* three varints of 32 bits */

#define SST_CHECKSUM_NONE 0u
#define SST_CHECKSUM_CRC32C 1u
#define SST_CHECKSUM_XXHASH 2u
#define SST_CHECKSUM_XXHASH64 3u
#define SST_CHECKSUM_XXH3 4u

#define SST_COMPRESSION_SNAPPY 1 /* these we read, and do not write */
#define SST_COMPRESSION_ZLIB 2
#define SST_COMPRESSION_LZ4HC 5

#define SST_COMPARATOR_BYTES "leveldb.BytewiseComparator"
#define SST_COMPARATOR_U64TS "leveldb.BytewiseComparator.u64ts"

#define SST_META_INDEX "rocksdb.index"
#define SST_META_PROPERTIES "rocksdb.properties"
#define SST_META_RANGE_DEL "rocksdb.range_del"
#define SST_META_DICTIONARY "rocksdb.compression_dict"

#define SST_PROP_COMPARATOR "rocksdb.comparator"
#define SST_PROP_DATA_BLOCKS "rocksdb.num.data.blocks"
#define SST_PROP_DELETED "rocksdb.deleted.keys"
#define SST_PROP_ENTRIES "rocksdb.num.entries"
#define SST_PROP_GLOBAL_SEQNO "rocksdb.external_sst_file.global_seqno"
#define SST_PROP_INDEX_DELTA "rocksdb.index.value.is.delta.encoded"
#define SST_PROP_INDEX_TYPE "rocksdb.block.based.table.index.type"
#define SST_PROP_INDEX_USER_KEY "rocksdb.index.key.is.user.key"
#define SST_PROP_RAW_KEY "rocksdb.raw.key.size"
#define SST_PROP_RAW_VALUE "rocksdb.raw.value.size"

#define SST_OWN_PREFIX "mvcc."
#define SST_OWN_ROWS "mvcc.rows"
#define SST_OWN_MIN_TS "mvcc.min_timestamp"
#define SST_OWN_MAX_TS "mvcc.max_timestamp"

typedef struct sst_handle { /* where a block lies; size is without its trailer */
    uint64_t offset;
    uint64_t size;
} sst_handle;

/* Writes a handle to out (room for SST_HANDLE_MAX_BYTES); returns the bytes written. */
static inline size_t sst_put_handle(uint8_t *out, sst_handle handle)
{
    size_t n = mv_put_varint(out, handle.offset);
    return n + mv_put_varint(out + n, handle.size);
}

static inline bool sst_rd_handle(mv_rd *r, sst_handle *out)
{
    return mv_rd_varint(r, &out->offset) && mv_rd_varint(r, &out->size);
}

/* The checksum that is stored behind a block: CRC-32C of content and compression id, rotated and shifted so that a
 * CRC over bytes that hold CRCs stays strong. */
static inline uint32_t sst_block_crc(const uint8_t *content, size_t len, uint8_t compression)
{
    uint32_t crc = mv_crc32c(mv_crc32c(0, content, len), &compression, 1);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

#endif
