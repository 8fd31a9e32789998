/* Kernels: pieces of the core that are run once under callgrind, which counts their instructions.
 *
 * A file of kernels makes its data, measures each of its kernels, and frees what it made. All of it is the same in
 * every run: no clock, no random numbers, fixed sizes.
 */
#ifndef KERNELS_H
#define KERNELS_H

#include "base/mv_bytes.h"
#include "check.h"
#include "mv_sst.h"

enum {
    ROWS = 1000,      /* of every kernel that works on rows */
    KEY_BYTES = 12,   /* of a user key */
    VALUE_BYTES = 100 /* of a value: half of it compresses */
};

typedef struct kernel {
    const char *name;
    const char *unit;        /* what is counted, in the singular */
    uint64_t units;          /* of them in one run */
    void (*run)(void *data); /* the same work in every run */
} kernel;

/* Runs a kernel twice: once so that memory is mapped and symbols are bound, once counted. Prints its name, unit and
 * units, in the order of callgrind's dumps. */
void measure(const kernel *k, void *data);

/* The user key of row i, in key order, to out (KEY_BYTES). */
void row_key(uint64_t i, uint8_t *out);

/* The value of row i, to out (VALUE_BYTES). */
void row_value(uint64_t i, uint8_t *out);

void base_kernels(void);
void sst_kernels(void);
void memtable_kernels(void);
void engine_kernels(const char *folder); /* an empty one; LMDB is loaded */

#endif
