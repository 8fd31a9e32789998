/* Records what a program does to the files below one folder, in order; loaded by LD_PRELOAD.
 *
 * MVCC_CRASH_ROOT names the folder, MVCC_CRASH_LOG the file for the records; without them every call passes through.
 * A call and its record are one step under a lock of all threads and processes, so the records stand in the order in
 * which the files changed. What a write covers is taken from the descriptor's position after it, so lseek needs no
 * record; a descriptor's path and inode come from /proc and fstat, so neither do close and dup. Stores into shared
 * mappings cannot be seen: the mapping is recorded, and the replayer refuses it where it matters.
 *
 * A write to the descriptor 1 << 30, which nobody has, is an acknowledgement and stands among the records.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOG_FD_FROM 900 /* out of the way of the program's own */
#define HEAD_BYTES 4096

/* Before each record's path, other path and data. */
typedef struct record {
    uint32_t size; /* of all four */
    uint16_t kind, flags;
    uint64_t sequence, inode, offset; /* TRUNCATE: the new size */
    uint32_t path_len, other_len;
} record;

/* The first page of the log. */
typedef struct head {
    uint64_t sequence, end;
} head;

static struct {
    pthread_mutex_t lock;
    char root[PATH_MAX]; /* empty: nothing is recorded */
    char log_path[PATH_MAX];
    int log;
    head *head;
} self = {.lock = PTHREAD_MUTEX_INITIALIZER, .log = -1};

_Noreturn void shim_die(const char *what)
{
    char text[256];
    int len = snprintf(text, sizeof text, "shim: %s: %s\n", what, strerror(errno));
    syscall(SYS_write, STDERR_FILENO, text, len);
    _exit(99);
}

bool shim_records(void)
{
    return self.root[0] != '\0';
}

/* ---- the log ---- */

static void open_log(void)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, self.log_path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || (self.log = fcntl(fd, F_DUPFD_CLOEXEC, LOG_FD_FROM)) < 0)
        shim_die("opening the log");
    syscall(SYS_close, fd);
    flock(self.log, LOCK_EX);
    if (lseek(self.log, 0, SEEK_END) < HEAD_BYTES && syscall(SYS_ftruncate, self.log, HEAD_BYTES) != 0)
        shim_die("making the log");
    self.head = (head *)syscall(SYS_mmap, NULL, HEAD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, self.log, 0);
    if (self.head == MAP_FAILED)
        shim_die("mapping the log");
    if (self.head->end == 0)
        self.head->end = HEAD_BYTES;
    flock(self.log, LOCK_UN);
}

static void before_fork(void)
{
    pthread_mutex_lock(&self.lock);
}

static void in_parent(void)
{
    pthread_mutex_unlock(&self.lock);
}

/* The child needs a lock of its own on the log: flock belongs to what was opened, not to the process. */
static void in_child(void)
{
    syscall(SYS_close, self.log);
    open_log();
    pthread_mutex_unlock(&self.lock);
}

__attribute__((constructor)) static void begin(void)
{
    const char *root = getenv("MVCC_CRASH_ROOT"), *log = getenv("MVCC_CRASH_LOG");
    if (root == NULL || log == NULL)
        return;
    if (realpath(root, self.root) == NULL || strlen(log) >= sizeof self.log_path)
        shim_die("MVCC_CRASH_ROOT");
    strcpy(self.log_path, log);
    open_log();
    pthread_atfork(before_fork, in_parent, in_child);
}

void shim_enter(void)
{
    pthread_mutex_lock(&self.lock);
    while (flock(self.log, LOCK_EX) != 0)
        if (errno != EINTR)
            shim_die("locking the log");
}

void shim_leave(void)
{
    flock(self.log, LOCK_UN);
    pthread_mutex_unlock(&self.lock);
}

static uint64_t put(uint64_t at, const void *bytes, size_t len)
{
    if (len > 0 && syscall(SYS_pwrite64, self.log, bytes, len, at) != (ssize_t)len)
        shim_die("writing the log");
    return at + len;
}

void shim_note(kind what, int flags, const place *at, uint64_t offset, const char *other,
               const struct iovec *iov, size_t len)
{
    record r = {.kind = (uint16_t)what,
                .flags = (uint16_t)flags,
                .sequence = self.head->sequence + 1,
                .inode = at->inode,
                .offset = offset,
                .path_len = (uint32_t)strlen(at->path),
                .other_len = (uint32_t)strlen(other)};
    uint64_t end = put(self.head->end + sizeof r, at->path, r.path_len);
    end = put(end, other, r.other_len);
    for (; len > 0; iov++) {
        size_t part = iov->iov_len < len ? iov->iov_len : len;
        end = put(end, iov->iov_base, part);
        len -= part;
    }
    r.size = (uint32_t)(end - self.head->end);
    put(self.head->end, &r, sizeof r);
    self.head->end = end;
    self.head->sequence++;
}

/* ---- places ---- */

/* Turns an absolute path into one from the root; false where it is not below. */
static bool from_root(char *path)
{
    size_t len = strlen(self.root);
    if (strncmp(path, self.root, len) != 0 || (path[len] != '/' && path[len] != '\0'))
        return false;
    memmove(path, path + len + (path[len] == '/'), strlen(path + len) + (path[len] != '/'));
    return true;
}

bool shim_place_of(int fd, place *out)
{
    char name[64];
    struct stat st;
    if (!shim_records() || fd < 0)
        return false;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(name, out->path, sizeof out->path - 1);
    if (len <= 0 || out->path[0] != '/')
        return false;
    out->path[len] = '\0';
    if (!from_root(out->path) || fstat(fd, &st) != 0)
        return false;
    out->inode = st.st_ino;
    return true;
}

bool shim_place_named(int dirfd, const char *name, place *out)
{
    char full[PATH_MAX], folder[PATH_MAX];
    struct stat st;
    if (!shim_records())
        return false;
    bool in_folder = dirfd != AT_FDCWD && name[0] != '/';
    int len = in_folder ? snprintf(full, sizeof full, "/proc/self/fd/%d/%s", dirfd, name)
                        : snprintf(full, sizeof full, "%s%s", name[0] == '/' ? "" : "./", name);
    while (len > 1 && len < PATH_MAX && full[len - 1] == '/')
        full[--len] = '\0';
    char *slash = strrchr(full, '/');
    if (len >= PATH_MAX || slash == NULL)
        return false;
    *slash = '\0';
    if (realpath(slash == full ? "/" : full, folder) == NULL)
        return false;
    if ((size_t)snprintf(out->path, sizeof out->path, "%s/%s", folder, slash + 1) >= sizeof out->path)
        return false;
    out->inode = lstat(out->path, &st) == 0 ? st.st_ino : 0;
    return from_root(out->path);
}
