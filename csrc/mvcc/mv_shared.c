#include "mvcc/mv_shared.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/mv_alloc.h"
#include "base/mv_error.h"
#include "mv_engine.h"

#define PATH_LIMIT 4096
#define BOOT_ID_LEN 36
#define NAME_PREFIX "shared-"
#define LOCK_BASE ((off_t)1 << 40) /* far behind the content */
#define FILE_MODE 0644
#define CLEARING UINT64_MAX /* an owner word that nobody has: the pin is being freed */

typedef struct pair {
    _Atomic uint64_t first, second;
} pair;

typedef struct layout {
    _Atomic uint64_t floor;
    uint64_t unused[7];
    pair owners[MV_OWNERS]; /* token */
    pair pins[MV_PINS];     /* owner, timestamp */
} layout;

struct mv_shared {
    int fd;
    mv_owner self;
    layout *map;
};

/* The kernel's boot id, or "0" where it cannot be read. It can be for all processes of a store or for none: else they
 * would use two files, and not see each other's pins. */
static void boot_id(char out[BOOT_ID_LEN + 1])
{
    strcpy(out, "0");
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    char text[BOOT_ID_LEN];
    if (read(fd, text, sizeof text) == BOOT_ID_LEN) {
        memcpy(out, text, BOOT_ID_LEN);
        out[BOOT_ID_LEN] = '\0';
    }
    close(fd);
}

/* Files of earlier boots mean nothing any more. Failures do not matter. */
static void remove_others(const char *folder, const char *name)
{
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        if (strncmp(entry->d_name, NAME_PREFIX, strlen(NAME_PREFIX)) == 0 && strcmp(entry->d_name, name) != 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
}

/* Tries to lock the byte of one owner: 0, or errno. */
static int lock_owner(int fd, uint64_t index)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_BASE + (off_t)index, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

/* A child that was forked at the wrong moment may have our descriptor: closing ours would leave the lock to it. */
static void unlock_owner(int fd, uint64_t index)
{
    struct flock lock = {
        .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = LOCK_BASE + (off_t)index, .l_len = 1};
    fcntl(fd, F_OFD_SETLK, &lock);
}

static bool owner_locked(int fd, uint64_t index)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_BASE + (off_t)index, .l_len = 1};
    return fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK; /* in doubt it lives */
}

/* What a pin says of its owner: the index, and enough of the token to tell a later owner of the same place. */
static uint64_t owner_word(mv_owner owner)
{
    return (owner.index + 1) | owner.token << 16;
}

static bool word_alive(const mv_shared *shared, uint64_t word)
{
    uint64_t index = (word & 0xffff) - 1;
    if (index >= MV_OWNERS ||
        word >> 16 != (atomic_load(&shared->map->owners[index].first) & ~(uint64_t)0 >> 16))
        return false;
    return index == shared->self.index || owner_locked(shared->fd, index);
}

/* Frees a pin that still is what was seen. The timestamp goes first: a place that is taken again begins by holding
 * everything back, never too little. */
static void clear_pin(pair *pin, uint64_t seen)
{
    if (atomic_compare_exchange_strong(&pin->first, &seen, CLEARING)) {
        atomic_store(&pin->second, 0);
        atomic_store(&pin->first, 0);
    }
}

/* Takes the first free owner's place; the new token makes what its last owner left dead. */
static int become_owner(mv_shared *shared, mv_err *err)
{
    uint64_t token;
    if (getrandom(&token, sizeof token, 0) != sizeof token)
        return mv_fail_os(err, errno, "drawing a random number");
    for (uint64_t i = 0; i < MV_OWNERS; i++) {
        int os_error = lock_owner(shared->fd, i);
        if (os_error == EAGAIN || os_error == EACCES)
            continue;
        if (os_error != 0)
            return mv_fail_os(err, os_error, "locking the shared file");
        shared->self = (mv_owner){i, token};
        atomic_store(&shared->map->owners[i].first, token);
        return MV_OK;
    }
    return mv_fail(err, MV_E_BUSY, "too many processes have the store open");
}

static int map_file(mv_shared *shared, const char *path, mv_err *err)
{
    shared->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (shared->fd < 0)
        return mv_fail_os(err, errno, "opening the shared file");
    if (fallocate(shared->fd, 0, 0, sizeof(layout)) !=
            0 && /* room now: later a full device would be a SIGBUS */
        (errno != EOPNOTSUPP || ftruncate(shared->fd, sizeof(layout)) != 0))
        return mv_fail_os(err, errno, "sizing the shared file");
    void *map = mmap(NULL, sizeof(layout), PROT_READ | PROT_WRITE, MAP_SHARED, shared->fd, 0);
    if (map == MAP_FAILED)
        return mv_fail_os(err, errno, "mapping the shared file");
    shared->map = map;
    return become_owner(shared, err);
}

int mv_shared_open(const char *folder, mv_shared **out, mv_err *err)
{
    char boot[BOOT_ID_LEN + 1], name[sizeof NAME_PREFIX + BOOT_ID_LEN], path[PATH_LIMIT];
    boot_id(boot);
    snprintf(name, sizeof name, NAME_PREFIX "%s", boot);
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
        return mv_fail(err, MV_E_INVALID, "the path is too long");
    mv_shared *shared = mv_calloc(1, sizeof *shared);
    if (shared == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "opening the shared file");
    shared->fd = -1;
    int rc = map_file(shared, path, err);
    if (rc != MV_OK) {
        mv_shared_close(shared);
        return rc;
    }
    remove_others(folder, name);
    *out = shared;
    return MV_OK;
}

void mv_shared_close(mv_shared *shared)
{
    if (shared->map != NULL)
        unlock_owner(shared->fd, shared->self.index);
    if (shared->map != NULL)
        munmap(shared->map, sizeof(layout));
    if (shared->fd >= 0)
        close(shared->fd);
    mv_free(shared);
}

int mv_shared_fd(const mv_shared *shared)
{
    return shared->fd;
}

uint64_t mv_shared_floor(const mv_shared *shared)
{
    return atomic_load(&shared->map->floor);
}

void mv_shared_raise_floor(mv_shared *shared, uint64_t ts)
{
    uint64_t seen = atomic_load(&shared->map->floor);
    while (seen < ts && !atomic_compare_exchange_weak(&shared->map->floor, &seen, ts))
        ;
}

/* Takes a free place, if there is one. */
static bool take_pin(mv_shared *shared, uint64_t ts, int *pin)
{
    for (int i = 0; i < MV_PINS; i++) {
        uint64_t none = 0;
        pair *p = &shared->map->pins[i];
        if (atomic_load_explicit(&p->first, memory_order_relaxed) != 0)
            continue;
        if (atomic_compare_exchange_strong(&p->first, &none, owner_word(shared->self))) {
            atomic_store(&p->second, ts);
            *pin = i;
            return true;
        }
    }
    return false;
}

int mv_shared_pin(mv_shared *shared, uint64_t ts, int *pin, mv_err *err)
{
    if (take_pin(shared, ts, pin))
        return MV_OK;
    mv_shared_oldest_pin(shared, NULL); /* frees what killed processes left */
    return take_pin(shared, ts, pin) ? MV_OK : mv_fail(err, MV_E_BUSY, "too many snapshots are open");
}

void mv_shared_unpin(mv_shared *shared, int pin)
{
    clear_pin(&shared->map->pins[pin], owner_word(shared->self));
}

uint64_t mv_shared_oldest_pin(mv_shared *shared, uint64_t *count)
{
    uint64_t oldest = MV_TS_MAX, living = 0;
    for (int i = 0; i < MV_PINS; i++) {
        pair *p = &shared->map->pins[i];
        uint64_t word = atomic_load(&p->first);
        if (word == 0 || word == CLEARING)
            continue;
        if (!word_alive(shared, word)) {
            clear_pin(p, word);
            continue;
        }
        uint64_t ts = atomic_load(&p->second);
        oldest = ts < oldest ? ts : oldest;
        living++;
    }
    if (count != NULL)
        *count = living;
    return oldest;
}

mv_owner mv_shared_self(const mv_shared *shared)
{
    return shared->self;
}

int mv_shared_alive(const mv_shared *shared, mv_owner owner)
{
    return word_alive(shared, owner_word(owner));
}
