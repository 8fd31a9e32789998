/* A look at data.mdb before it is mapped: LMDB trusts the file's size, and a page that is not there is a SIGBUS. */
#ifndef MV_FILE_CHECK_H
#define MV_FILE_CHECK_H

#include <stdbool.h>

#include "mv_base.h"

typedef struct mv_file_id {
    uint64_t device, inode;
    bool exists;
    uint64_t size;
} mv_file_id;

/* Identifies a file without opening it. A path that is not a regular file: MV_E_NOT_A_STORE. */
int mv_file_identify(const char *path, mv_file_id *out, mv_err *err);

/* Reads LMDB's two meta pages, then compares the file's size with the last used page: MV_E_NOT_A_STORE where there is
 * no LMDB 0.9 header, MV_E_CORRUPT_STORE where pages are missing. Only while this process has not mapped the file: the
 * close at the end of this function would drop LMDB's locks. */
int mv_file_check(const char *path, mv_err *err);

/* Takes the room for LMDB's lock file, which is made if it is not there: a page of its map that finds no room when it is
 * first written to is a SIGBUS. MV_E_FULL; what else fails LMDB will meet too. Under the same condition. */
int mv_file_reserve(const char *path, uint64_t size, mv_err *err);

#endif
