/* Public declarations that every part of the core shares: result codes, the error record, buffers.
 *
 * Codes: 0 is success, a positive code is an answer that is not a failure, a negative one is a failure.
 * A function that fails fills the mv_err that it was given (never NULL) and leaves its outputs as they were,
 * unless its comment says otherwise.
 */
#ifndef MV_BASE_H
#define MV_BASE_H

#include <stddef.h>
#include <stdint.h>

/* cdef: begin */
enum mv_status {
    MV_OK = 0,
    MV_NOT_FOUND = 1, /* no such key: an answer */
    MV_DONE = 2,      /* an iterator has no more: an answer */

    MV_E_NO_MEMORY = -1,        /* an allocation failed */
    MV_E_INVALID = -2,          /* an argument breaks the function's contract */
    MV_E_IO = -3,               /* a system call failed: os_error */
    MV_E_FULL = -4,             /* no room on the device or under a quota: os_error */
    MV_E_CORRUPT_STORE = -5,    /* bytes of the store are not what was written: what, table, ts, key */
    MV_E_CORRUPT_SST = -6,      /* bytes of an SST are not what was written: what, a = offset in the file */
    MV_E_CLOSED = -7,           /* the environment was closed */
    MV_E_FORKED = -8,           /* the environment belongs to the parent process */
    MV_E_ALREADY_OPEN = -9,     /* this process has the file open already */
    MV_E_NOT_A_STORE = -10,     /* the path holds something else */
    MV_E_NO_STORE = -11,        /* nothing at the path */
    MV_E_FORMAT_VERSION = -12,  /* a = version found, b = version known */
    MV_E_READ_ONLY = -13,       /* the handle cannot write */
    MV_E_KEY_TOO_LONG = -14,    /* a = length, b = limit */
    MV_E_VALUE_TOO_LARGE = -15, /* a = length, b = limit */
    MV_E_DUPLICATE_KEY = -16,   /* a key stands twice in one batch */
    MV_E_IN_FUTURE = -17,       /* a = timestamp asked for, b = the highest that is allowed */
    MV_E_BELOW_GC = -18,        /* a = timestamp asked for, b = GC threshold */
    MV_E_CONFLICT = -19,        /* validation failed: table, key, ts = the commit that is in the way */
    MV_E_CATALOG_CHANGED = -20, /* a = catalog timestamp of the store, b = the caller's */
    MV_E_CLOCK_SKEW = -21,      /* commit(at): a = at, b = the bound that it breaks */
    MV_E_MAP_FULL = -22,        /* the memory map is full: a = its size */
    MV_E_BUSY = -23,            /* no reader slot or snapshot slot is free */
    MV_E_LIBRARY = -24,         /* LMDB cannot be loaded: what */
    MV_E_TOO_BIG = -25,         /* one row is larger than the maximum size: a = size, b = maximum */
    MV_E_FAILED = -26,          /* a sync failed before: the environment must be opened anew */
    MV_E_UNSUPPORTED = -27      /* a valid file that uses a feature this reader does not have: what */
};

typedef struct mv_err {
    int code;         /* an mv_status */
    int os_error;     /* errno, or 0 */
    uint32_t table;   /* table id, or 0 */
    uint32_t key_len; /* bytes of key that are set */
    uint64_t ts;      /* timestamp, or 0 */
    uint64_t a, b;    /* numbers: their meaning stands with the code */
    char what[128];   /* what was being done or what is wrong, one clause, NUL-terminated */
    uint8_t key[512]; /* user key */
} mv_err;

typedef struct mv_buf { /* grows; owned by whoever holds the struct; all zero is an empty buffer */
    uint8_t *data;
    size_t len;
    size_t cap;
} mv_buf;

void mv_buf_free(mv_buf *buf); /* frees the memory and leaves an empty buffer */

uint32_t mv_crc32c(uint32_t crc, const uint8_t *data, size_t len); /* CRC-32C of more bytes; begin with 0 */
/* cdef: end */

#endif
