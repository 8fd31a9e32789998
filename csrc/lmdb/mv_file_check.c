/* LMDB 0.9's meta page, little-endian machines of 64 bits:
 *
 *   0  page header, 16 bytes
 *  16  magic 0xBEEFC0DE u32, data version 1 u32
 *  24  address u64, map size u64
 *  40  two database records of 48 bytes; the first one begins with the page size, u32
 * 136  last used page u64, transaction id u64
 */
#include "lmdb/mv_file_check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mv_bytes.h"
#include "base/mv_error.h"

#define META_BYTES 152
#define META_MAGIC 0xBEEFC0DEu
#define META_VERSION 1
#define SMALLEST_PAGE 512
#define LARGEST_PAGE 65536
#define FILE_MODE 0644

typedef struct meta {
    uint32_t page_size;
    uint64_t last_page, txn;
} meta;

int mv_file_identify(const char *path, mv_file_id *out, mv_err *err)
{
    struct stat st;
    *out = (mv_file_id){0};
    if (stat(path, &st) != 0)
        return errno == ENOENT ? MV_OK : mv_fail_os(err, errno, "looking at the store's data file");
    if (!S_ISREG(st.st_mode))
        return mv_fail(err, MV_E_NOT_A_STORE, "data.mdb is not a regular file");
    *out = (mv_file_id){st.st_dev, st.st_ino, true, (uint64_t)st.st_size};
    return MV_OK;
}

static bool parse_meta(mv_rd r, meta *out)
{
    const uint8_t *skipped;
    uint32_t magic, version;
    return mv_rd_bytes(&r, 16, &skipped) && mv_rd_le32(&r, &magic) && magic == META_MAGIC &&
           mv_rd_le32(&r, &version) && (version & 0xffff) == META_VERSION && mv_rd_bytes(&r, 16, &skipped) &&
           mv_rd_le32(&r, &out->page_size) && mv_rd_bytes(&r, 92, &skipped) &&
           mv_rd_le64(&r, &out->last_page) && mv_rd_le64(&r, &out->txn);
}

/* The meta page that counts, or false. */
static bool newest_meta(int fd, meta *out)
{
    uint8_t bytes[META_BYTES];
    meta second;
    if (pread(fd, bytes, sizeof bytes, 0) != sizeof bytes ||
        !parse_meta(mv_rd_over(bytes, sizeof bytes), out))
        return false;
    if (out->page_size < SMALLEST_PAGE || out->page_size > LARGEST_PAGE)
        return false;
    if (pread(fd, bytes, sizeof bytes, out->page_size) != sizeof bytes ||
        !parse_meta(mv_rd_over(bytes, sizeof bytes), &second))
        return false;
    if (second.txn > out->txn) {
        out->txn = second.txn;
        out->last_page = second.last_page;
    }
    return true;
}

/* The size is asked for after the header was read: another process may be at work, and a file only grows. */
static int check_open(int fd, mv_err *err)
{
    struct stat st;
    meta m;
    if (!newest_meta(fd, &m))
        return mv_fail(err, MV_E_NOT_A_STORE, "data.mdb has no LMDB 0.9 header");
    if (fstat(fd, &st) != 0)
        return mv_fail_os(err, errno, "looking at the store's data file");
    if (m.last_page >= UINT64_MAX / LARGEST_PAGE || (uint64_t)st.st_size < (m.last_page + 1) * m.page_size)
        return mv_fail(err, MV_E_CORRUPT_STORE, "data.mdb is shorter than its header says");
    return MV_OK;
}

int mv_file_check(const char *path, mv_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mv_fail_os(err, errno, "opening the store's data file");
    int rc = check_open(fd, err);
    close(fd);
    return rc;
}

int mv_file_reserve(const char *path, uint64_t size, mv_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return MV_OK;
    int failure = fallocate(fd, 0, 0, (off_t)size) == 0 ? 0 : errno;
    close(fd);
    if (failure == ENOSPC || failure == EDQUOT || failure == EFBIG)
        return mv_fail_os(err, failure, "taking the room for LMDB's lock file");
    return MV_OK;
}
