/* A compact copy of an environment. LMDB writes it out of its own map: no second descriptor of data.mdb is opened, whose
 * close would drop LMDB's locks. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mv_error.h"
#include "lmdb/mv_substrate.h"

#define FILE_MODE 0644

/* Copies and syncs; fd stays the caller's. */
static int copy_to_fd(mv_sub *sub, int fd, mv_err *err)
{
    int rc = mv_lmdb.env_copyfd2(sub->env, fd, MDB_CP_COMPACT);
    if (rc != 0)
        return mv_lmdb_fail(err, rc, "copying the store");
    return fsync(fd) == 0 ? MV_OK : mv_fail_os(err, errno, "syncing the copy");
}

int mv_sub_copy(mv_sub *sub, const char *path, mv_err *err)
{
    if (atomic_load(&sub->forked))
        return mv_fail(err, MV_E_FORKED, "the store was opened by the parent process");
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return mv_fail_os(err, errno, "making the copy's file");
    int rc = copy_to_fd(sub, fd, err);
    if (close(fd) != 0 && rc == MV_OK)
        rc = mv_fail_os(err, errno, "closing the copy");
    if (rc != MV_OK)
        unlink(path);
    return rc;
}
