/* Copying an open store. */
#include "mvcc/mv_env.h"

int mv_env_copy(mv_env *env, const char *file, mv_err *err)
{
    int rc = mv_env_enter(env, err);
    if (rc != MV_OK)
        return rc;
    rc = mv_sub_copy(env->sub, file, err);
    mv_env_leave(env);
    return rc;
}
