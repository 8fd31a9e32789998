/* Preloaded into a process: counts its syncs, and its writes to descriptors that sync each write. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_ulong syncs, synced_writes;

unsigned long count_syncs(void);
unsigned long count_synced_writes(void);

unsigned long count_syncs(void)
{
    return syncs;
}

unsigned long count_synced_writes(void)
{
    return synced_writes;
}

typedef ssize_t write_at(int fd, const void *data, size_t len, off_t at);
typedef int sync_one(int fd);

static ssize_t counted_write(const char *name, int fd, const void *data, size_t len, off_t at)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    write_at *next;
    memcpy(&next, &symbol, sizeof next);
    if (fcntl(fd, F_GETFL) & O_DSYNC)
        synced_writes++;
    return next(fd, data, len, at);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    return counted_write("pwrite", fd, data, len, at);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off_t at)
{
    return counted_write("pwrite64", fd, data, len, at);
}

int fdatasync(int fd)
{
    void *symbol = dlsym(RTLD_NEXT, "fdatasync");
    sync_one *next;
    memcpy(&next, &symbol, sizeof next);
    syncs++;
    return next(fd);
}
