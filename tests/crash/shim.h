/* What the parts of the shim share: the log of records, and the places that it records. shim.c says what it is. */
#ifndef SHIM_H
#define SHIM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#pragma GCC visibility push(hidden)

typedef enum kind {
    WRITE = 1,
    TRUNCATE,
    SYNC,
    CREATE,
    MKDIR,
    RENAME,
    LINK,
    UNLINK,
    MAP,
    ACK
} kind;

enum flag {
    SYNCED = 1 /* a write to a descriptor with O_DSYNC or O_SYNC */
};

/* A file below the root: its path from there, "" for the root itself. */
typedef struct place {
    char path[PATH_MAX];
    uint64_t inode;
} place;

/* Whether anything is recorded in this process. */
bool shim_records(void);

/* Take and give back the lock of all threads and processes that record. */
void shim_enter(void);
void shim_leave(void);

/* Appends a record, between enter and leave. The first `len` bytes of `iov` are its data; `other` is the new path of
 * a file that gets one, else "". Ends the process where it cannot: a hole in the records would pass for a fact. */
void shim_note(kind what, int flags, const place *at, uint64_t offset, const char *other,
               const struct iovec *iov, size_t len);

/* Whether a descriptor's file is to be recorded, and where it is. */
bool shim_place_of(int fd, place *out);

/* The same for a name, which need not be there (inode 0). A link at its end is not followed. */
bool shim_place_named(int dirfd, const char *name, place *out);

/* Prints a line with errno and ends the process. */
_Noreturn void shim_die(const char *what);

#pragma GCC visibility pop

#endif
