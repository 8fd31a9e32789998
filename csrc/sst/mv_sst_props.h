/* The list of properties that a writer collects, and the block it becomes. */
#ifndef MV_SST_PROPS_H
#define MV_SST_PROPS_H

#include "sst/mv_sst_builder.h"

typedef struct sst_prop { /* positions in the list's bytes */
    size_t name, name_len;
    size_t value, value_len;
} sst_prop;

typedef struct sst_props { /* all zero is an empty list; frees by sst_props_free */
    mv_buf bytes;          /* names and values */
    mv_buf list;           /* sst_prop, in the order of names */
} sst_props;

/* Adds a property, copied. MV_E_INVALID: the name is there already; MV_E_NO_MEMORY: unchanged. */
int sst_props_add(sst_props *p, const char *name, const void *value, size_t value_len, mv_err *err);

typedef enum sst_number { /* how a number is written */
    SST_VARINT,
    SST_LE32,
    SST_LE64,
    SST_DECIMAL /* text: our own properties, which any tool then prints readably */
} sst_number;

/* As sst_props_add, with a number for the value. */
int sst_props_number(sst_props *p, const char *name, sst_number form, uint64_t value, mv_err *err);

/* Adds every property to the block, by name. MV_E_NO_MEMORY: the block is incomplete. */
int sst_props_build(const sst_props *p, sst_builder *block, mv_err *err);

void sst_props_free(sst_props *p);

#endif
