/* The calls that make, empty, rename and remove files and folders. */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Opens, and records a file that was made or emptied. */
static int do_open(int dirfd, const char *path, int flags, mode_t mode)
{
    place at;
    struct stat st;
    if (!shim_records() || !(flags & (O_CREAT | O_TRUNC)))
        return (int)syscall(SYS_openat, dirfd, path, flags, mode);
    shim_enter();
    bool there = fstatat(dirfd, path, &st, 0) == 0;
    int fd = (int)syscall(SYS_openat, dirfd, path, flags, mode);
    int failed = errno;
    if (fd >= 0 && shim_place_of(fd, &at)) {
        if (!there)
            shim_note(CREATE, 0, &at, 0, "", NULL, 0);
        else if ((flags & O_TRUNC) && st.st_size > 0)
            shim_note(TRUNCATE, 0, &at, 0, "", NULL, 0);
    }
    shim_leave();
    errno = failed;
    return fd;
}

/* The mode of an open call, which is there only where a file may be made. */
#define MODE_OF(mode, flags)                                                                                 \
    do {                                                                                                     \
        va_list rest;                                                                                        \
        va_start(rest, flags);                                                                               \
        mode = ((flags)&O_CREAT) || ((flags)&O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;             \
        va_end(rest);                                                                                        \
    } while (0)

int open(const char *path, int flags, ...)
{
    mode_t mode;
    MODE_OF(mode, flags);
    return do_open(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    mode_t mode;
    MODE_OF(mode, flags);
    return do_open(AT_FDCWD, path, flags, mode);
}

int openat(int dirfd, const char *path, int flags, ...)
{
    mode_t mode;
    MODE_OF(mode, flags);
    return do_open(dirfd, path, flags, mode);
}

int openat64(int dirfd, const char *path, int flags, ...)
{
    mode_t mode;
    MODE_OF(mode, flags);
    return do_open(dirfd, path, flags, mode);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
    place at;
    if (!shim_place_named(dirfd, path, &at))
        return (int)syscall(SYS_mkdirat, dirfd, path, mode);
    shim_enter();
    int rc = (int)syscall(SYS_mkdirat, dirfd, path, mode);
    int failed = errno;
    if (rc == 0 && shim_place_named(dirfd, path, &at))
        shim_note(MKDIR, 0, &at, 0, "", NULL, 0);
    shim_leave();
    errno = failed;
    return rc;
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int unlinkat(int dirfd, const char *path, int flags)
{
    place at;
    if (!shim_place_named(dirfd, path, &at))
        return (int)syscall(SYS_unlinkat, dirfd, path, flags);
    shim_enter();
    int rc = (int)syscall(SYS_unlinkat, dirfd, path, flags);
    int failed = errno;
    if (rc == 0)
        shim_note(UNLINK, 0, &at, 0, "", NULL, 0);
    shim_leave();
    errno = failed;
    return rc;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* A call that gives a file another name. One that crosses the border of the root would leave the records without a
 * part of the truth. */
static int do_rename(kind what, long call, int from_dir, const char *from, int to_dir, const char *to,
                     unsigned flags)
{
    place source, target;
    bool is_source = shim_place_named(from_dir, from, &source),
         is_target = shim_place_named(to_dir, to, &target);
    if (!is_source && !is_target)
        return (int)syscall(call, from_dir, from, to_dir, to, flags);
    if (is_source != is_target || (what == RENAME && (flags & RENAME_EXCHANGE))) {
        errno = EOPNOTSUPP;
        return -1;
    }
    shim_enter();
    int rc = (int)syscall(call, from_dir, from, to_dir, to, flags);
    int failed = errno;
    if (rc == 0)
        shim_note(what, 0, &source, 0, target.path, NULL, 0);
    shim_leave();
    errno = failed;
    return rc;
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    return do_rename(RENAME, SYS_renameat2, from_dir, from, to_dir, to, flags);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return renameat2(from_dir, from, to_dir, to, 0);
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    return do_rename(LINK, SYS_linkat, from_dir, from, to_dir, to, (unsigned)flags);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}
