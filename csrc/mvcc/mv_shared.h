/* The shared-memory file beside the data: the read floor, and the timestamps that open snapshots hold.
 *
 *      0  floor u64: no commit gets a timestamp at or below it
 *     64  owners: MV_OWNERS x { token u64, unused u64 }
 *      .  pins: MV_PINS x { owner u64 (index + 1 | token << 16; 0: free), timestamp u64 }
 *
 * The name holds the boot id, so that a reboot begins with a new file: all zero is a valid one. An owner (an open
 * environment) holds a kernel lock on one byte far behind the file's end for as long as it lives; a pin or a record
 * whose owner holds no lock is dead. Nothing here is needed after a reboot.
 */
#ifndef MV_SHARED_H
#define MV_SHARED_H

#include "mv_base.h"

enum {
    MV_OWNERS = 1024,
    MV_PINS = 8192,
    MV_NO_PIN = -1
};

typedef struct mv_shared mv_shared;

typedef struct mv_owner { /* names one open environment, also after it has gone */
    uint64_t index, token;
} mv_owner;

/* Opens or creates the file in a folder; files of other boots are removed. MV_E_BUSY where every owner's place is
 * taken. The caller ends with mv_shared_close. */
int mv_shared_open(const char *folder, mv_shared **out, mv_err *err);
void mv_shared_close(
    mv_shared *shared); /* drops the lock: pins that are left are dead. Not in a forked child. */
int mv_shared_fd(const mv_shared *shared);

uint64_t mv_shared_floor(const mv_shared *shared);
void mv_shared_raise_floor(mv_shared *shared, uint64_t ts);

/* Registers a timestamp; *pin is released once. MV_E_BUSY where none is free. */
int mv_shared_pin(mv_shared *shared, uint64_t ts, int *pin, mv_err *err);
void mv_shared_unpin(mv_shared *shared, int pin);

/* The oldest timestamp that a living owner pins (MV_TS_MAX: none) and, where count is not NULL, how many there are.
 * Clears pins of owners that are gone. */
uint64_t mv_shared_oldest_pin(mv_shared *shared, uint64_t *count);

mv_owner mv_shared_self(const mv_shared *shared);
int mv_shared_alive(const mv_shared *shared, mv_owner owner); /* 1, or 0 once it is gone for certain */

#endif
