/* An open file: what its iterators need of it. Nothing of it changes after it was opened. */
#ifndef MV_SST_READER_H
#define MV_SST_READER_H

#include "sst/mv_sst_block.h"
#include "sst/mv_sst_cursor.h"

struct mv_sst_reader {
    sst_source source;
    uint32_t format_version;
    sst_handle metaindex;
    uint64_t global_seqno; /* 0: each row has its own */
    int order;             /* mv_sst_order */
    sst_form data_form;    /* of data blocks */
    sst_form index_form;   /* of the index block */
    bool index_user_key;   /* index keys lack sequence and type */
    mv_sst_page properties;
    sst_block index;
};

/* Moves an index cursor over the reader's index to its next entry and sets *handle; else as sst_cursor_next. */
int sst_index_next(sst_cursor *c, sst_handle *handle, mv_err *err);

/* A property that is a varint; false where it is absent or no varint. */
bool sst_reader_number(const mv_sst_reader *r, const char *name, uint64_t *out);

#endif
