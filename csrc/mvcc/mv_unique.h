/* A batch holds each key of a table at most once: of two versions at one timestamp only one could be read. */
#ifndef MV_UNIQUE_H
#define MV_UNIQUE_H

#include "mv_engine.h"

/* MV_E_DUPLICATE_KEY names a key that stands twice; MV_E_NO_MEMORY. */
int mv_check_unique(const mv_ops *ops, mv_err *err);

#endif
