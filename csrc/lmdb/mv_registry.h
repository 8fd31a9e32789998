/* The registry of environments that this process has open: one per file, and none in a forked child. */
#ifndef MV_REGISTRY_H
#define MV_REGISTRY_H

#include "lmdb/mv_substrate.h"

/* Holds the registry while a file is looked at and opened; end with mv_registry_unlock. */
void mv_registry_lock(void);
void mv_registry_unlock(void);

/* With the registry held: */
bool mv_registry_has(uint64_t device, uint64_t inode);
void mv_registry_add(mv_sub *sub);    /* stays owned by the caller */
void mv_registry_remove(mv_sub *sub); /* ignored where it is absent */

#endif
