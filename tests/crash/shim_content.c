/* The calls that change content and sizes, and those that make them durable. */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ACK_FD (1 << 30)

/* ---- content ---- */

static ssize_t raw_write(int fd, const struct iovec *iov, int count, off_t offset)
{
    if (offset < 0)
        return syscall(SYS_writev, fd, iov, count);
    return syscall(SYS_pwritev, fd, iov, count, offset, 0);
}

static ssize_t acknowledge(const struct iovec *iov)
{
    place nowhere = {.inode = 0};
    if (shim_records()) {
        shim_enter();
        shim_note(ACK, 0, &nowhere, 0, "", iov, iov->iov_len);
        shim_leave();
    }
    return (ssize_t)iov->iov_len;
}

/* Writes; offset -1: at the descriptor's position. */
static ssize_t do_write(int fd, const struct iovec *iov, int count, off_t offset)
{
    place at;
    if (fd == ACK_FD && count == 1)
        return acknowledge(iov);
    if (!shim_place_of(fd, &at))
        return raw_write(fd, iov, count, offset);
    shim_enter();
    ssize_t n = raw_write(fd, iov, count, offset);
    int failed = errno;
    if (n > 0) {
        off_t begin_at = offset >= 0 ? offset : lseek(fd, 0, SEEK_CUR) - n;
        bool synced = fcntl(fd, F_GETFL) & O_DSYNC; /* O_SYNC has its bit too */
        shim_note(WRITE, synced ? SYNCED : 0, &at, (uint64_t)begin_at, "", iov, (size_t)n);
    }
    shim_leave();
    errno = failed;
    return n;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    return do_write(fd, &(struct iovec){(void *)bytes, len}, 1, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    return do_write(fd, &(struct iovec){(void *)bytes, len}, 1, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t offset)
{
    return pwrite(fd, bytes, len, offset);
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
    return do_write(fd, iov, count, -1);
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
    return do_write(fd, iov, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec *iov, int count, off64_t offset)
{
    return do_write(fd, iov, count, offset);
}

ssize_t pwritev64v2(int fd, const struct iovec *iov, int count, off64_t offset, int flags)
{
    place at;
    if (flags != 0 && shim_place_of(fd, &at)) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return flags != 0 ? syscall(SYS_pwritev2, fd, iov, count, offset, 0, flags)
                      : do_write(fd, iov, count, offset);
}

/* Records `len` bytes that the kernel has copied to `to`, reading them where they came from. */
static void note_copy(int from, off_t from_at, int to, off_t to_at, size_t len)
{
    place at;
    if (!shim_place_of(to, &at))
        return;
    void *bytes = malloc(len);
    if (bytes == NULL || pread(from, bytes, len, from_at) != (ssize_t)len)
        shim_die("reading what was copied");
    bool synced = fcntl(to, F_GETFL) & O_DSYNC;
    shim_note(WRITE, synced ? SYNCED : 0, &at, (uint64_t)to_at, "", &(struct iovec){bytes, len}, len);
    free(bytes);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t len, unsigned flags)
{
    place at;
    if (!shim_place_of(to, &at))
        return syscall(SYS_copy_file_range, from, from_at, to, to_at, len, flags);
    shim_enter();
    off_t source = from_at != NULL ? *from_at : lseek(from, 0, SEEK_CUR);
    off_t target = to_at != NULL ? *to_at : lseek(to, 0, SEEK_CUR);
    ssize_t n = syscall(SYS_copy_file_range, from, from_at, to, to_at, len, flags);
    int failed = errno;
    if (n > 0)
        note_copy(from, source, to, target, (size_t)n);
    shim_leave();
    errno = failed;
    return n;
}

ssize_t sendfile64(int to, int from, off64_t *from_at, size_t len)
{
    place at;
    if (!shim_place_of(to, &at))
        return syscall(SYS_sendfile, to, from, from_at, len);
    shim_enter();
    off_t source = from_at != NULL ? *from_at : lseek(from, 0, SEEK_CUR), target = lseek(to, 0, SEEK_CUR);
    ssize_t n = syscall(SYS_sendfile, to, from, from_at, len);
    int failed = errno;
    if (n > 0)
        note_copy(from, source, to, target, (size_t)n);
    shim_leave();
    errno = failed;
    return n;
}

ssize_t sendfile(int to, int from, off_t *from_at, size_t len)
{
    return sendfile64(to, from, from_at, len);
}

/* ---- sizes, syncs, mappings ---- */

/* Records a change of a descriptor's size that was made. */
static int note_size(int rc, int fd, off_t size)
{
    place at;
    if (rc == 0 && shim_place_of(fd, &at))
        shim_note(TRUNCATE, 0, &at, (uint64_t)size, "", NULL, 0);
    return rc;
}

int ftruncate(int fd, off_t size)
{
    place at;
    if (!shim_place_of(fd, &at))
        return (int)syscall(SYS_ftruncate, fd, size);
    shim_enter();
    int rc = note_size((int)syscall(SYS_ftruncate, fd, size), fd, size);
    shim_leave();
    return rc;
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t len)
{
    place at;
    struct stat st;
    if (!shim_place_of(fd, &at))
        return (int)syscall(SYS_fallocate, fd, mode, offset, len);
    if ((mode & ~FALLOC_FL_KEEP_SIZE) != 0) {
        errno = EOPNOTSUPP;
        return -1;
    }
    shim_enter();
    int rc = (int)syscall(SYS_fallocate, fd, mode, offset, len);
    if (rc == 0 && fstat(fd, &st) == 0)
        note_size(rc, fd, st.st_size);
    shim_leave();
    return rc;
}

int fallocate64(int fd, int mode, off64_t offset, off64_t len)
{
    return fallocate(fd, mode, offset, len);
}

int posix_fallocate(int fd, off_t offset, off_t len)
{
    return fallocate(fd, 0, offset, len) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off64_t offset, off64_t len)
{
    return posix_fallocate(fd, offset, len);
}

static int do_sync(long call, int fd)
{
    place at;
    if (!shim_place_of(fd, &at))
        return (int)syscall(call, fd);
    shim_enter();
    int rc = (int)syscall(call, fd);
    int failed = errno;
    if (rc == 0)
        shim_note(SYNC, 0, &at, 0, "", NULL, 0);
    shim_leave();
    errno = failed;
    return rc;
}

int fsync(int fd)
{
    return do_sync(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return do_sync(SYS_fdatasync, fd);
}

void *mmap(void *where, size_t len, int protection, int flags, int fd, off_t offset)
{
    place at;
    if (fd >= 0 && (flags & MAP_TYPE) != MAP_PRIVATE && (protection & PROT_WRITE) && shim_place_of(fd, &at)) {
        shim_enter();
        shim_note(MAP, 0, &at, (uint64_t)offset, "", NULL, 0);
        shim_leave();
    }
    return (void *)syscall(SYS_mmap, where, len, protection, flags, fd, offset);
}

void *mmap64(void *where, size_t len, int protection, int flags, int fd, off64_t offset)
{
    return mmap(where, len, protection, flags, fd, offset);
}
