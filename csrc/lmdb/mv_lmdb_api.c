/* Loads LMDB: one copy in the process, the one that the lmdb wheel brought, or the system's. */
#include "lmdb/mv_lmdb_api.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/mv_error.h"
#include "mv_engine.h"

#define PATH_LIMIT 4096

mv_lmdb_api mv_lmdb;

static struct { /* what the table was filled from; guarded by lock */
    pthread_mutex_t lock;
    char file[PATH_LIMIT];
    const char *version; /* static memory of LMDB; NULL until loaded */
} loaded = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Sets *out to the function prefix + name of an open library; fails with MV_E_LIBRARY naming it. */
static int look_up(void *library, const char *file, const char *prefix, const char *name, void **out,
                   mv_err *err)
{
    char symbol[64];
    snprintf(symbol, sizeof symbol, "%s%s", prefix, name);
    *out = dlsym(library, symbol);
    if (*out == NULL)
        return mv_fail(err, MV_E_LIBRARY, "%s has no function %s", file, symbol);
    return MV_OK;
}

/* Fills api; on failure api is in an unspecified state. */
static int fill(void *library, const char *file, const char *prefix, mv_lmdb_api *api, mv_err *err)
{
#define X(result, name, arguments)                                                                           \
    do {                                                                                                     \
        void *symbol;                                                                                        \
        int rc = look_up(library, file, prefix, #name, &symbol, err);                                        \
        if (rc != MV_OK)                                                                                     \
            return rc;                                                                                       \
        memcpy(&api->name, &symbol, sizeof symbol); /* ISO C has no cast from void * */                      \
    } while (0);
    MV_LMDB_FUNCTIONS(X)
#undef X
    return MV_OK;
}

/* Opens the library and fills api; only 0.9.x is accepted, since its format and interface are what we know. */
static int open_library(const char *file, const char *prefix, mv_lmdb_api *api, const char **version,
                        mv_err *err)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *reason = dlerror();
        return mv_fail(err, MV_E_LIBRARY, "%s", reason != NULL ? reason : file);
    }
    int rc = fill(library, file, prefix, api, err);
    if (rc == MV_OK) {
        int major = 0, minor = 0, patch = 0;
        *version = api->version(&major, &minor, &patch);
        if (major != 0 || minor != 9)
            rc = mv_fail(err, MV_E_LIBRARY, "%s is LMDB %d.%d.%d, not 0.9", file, major, minor, patch);
    }
    if (rc != MV_OK)
        dlclose(library);
    return rc;
}

int mv_lmdb_load(const char *file, const char *prefix, mv_err *err)
{
    int rc = MV_OK;
    pthread_mutex_lock(&loaded.lock);
    if (loaded.version != NULL) {
        if (strcmp(loaded.file, file) != 0)
            rc = mv_fail(err, MV_E_LIBRARY, "LMDB is loaded from %s already", loaded.file);
    } else if (strlen(file) >= sizeof loaded.file) {
        rc = mv_fail(err, MV_E_LIBRARY, "the library's path is too long");
    } else {
        mv_lmdb_api api;
        const char *version = "";
        rc = open_library(file, prefix, &api, &version, err);
        if (rc == MV_OK) {
            mv_lmdb = api;
            strcpy(loaded.file, file);
            loaded.version = version;
        }
    }
    pthread_mutex_unlock(&loaded.lock);
    return rc;
}

const char *mv_lmdb_version(void)
{
    pthread_mutex_lock(&loaded.lock);
    const char *version = loaded.version != NULL ? loaded.version : "";
    pthread_mutex_unlock(&loaded.lock);
    return version;
}

int mv_lmdb_fail(mv_err *err, int rc, const char *what)
{
    switch (rc) {
    case MDB_MAP_FULL:
        return mv_fail(err, MV_E_MAP_FULL, "%s", what);
    case MDB_MAP_RESIZED:
        return mv_fail(err, MV_E_MAP_FULL, "%s: another process has grown the store beyond this map", what);
    case MDB_READERS_FULL:
        return mv_fail(err, MV_E_BUSY, "%s: no reader slot is free", what);
    case MDB_PANIC:
        return mv_fail(err, MV_E_FAILED, "%s", what);
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
        return mv_fail(err, MV_E_NOT_A_STORE, "%s", mv_lmdb.strerror(rc));
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return mv_fail(err, MV_E_CORRUPT_STORE, "%s: %s", what, mv_lmdb.strerror(rc));
    default:
        if (rc > 0)
            return mv_fail_os(err, rc, what);
        return mv_fail(err, MV_E_CORRUPT_STORE, "%s: %s", what, mv_lmdb.strerror(rc));
    }
}
