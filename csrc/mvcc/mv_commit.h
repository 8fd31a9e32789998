/* Commits from within the core. */
#ifndef MV_COMMIT_H
#define MV_COMMIT_H

#include "mv_engine.h"

/* As mv_commit, of a batch whose lengths mv_ops_check has passed and in which no key stands twice. */
int mv_commit_checked(mv_env *env, const mv_commit_args *args, uint64_t *ts, mv_err *err);

#endif
