/* Walks the entries of one block whose bytes nobody has checked. Linear in the block's size, whatever it holds. */
#ifndef MV_SST_CURSOR_H
#define MV_SST_CURSOR_H

#include "sst/mv_sst_format.h"

typedef struct sst_form { /* what the entries of a block look like */
    bool ordered;         /* their order is known, and checked */
    bool bare;            /* index entries with delta-coded handles: no value, no length of it */
    size_t suffix;        /* bytes behind the key bytes: see mv_sst_key.h */
} sst_form;

typedef struct sst_cursor { /* all zero before sst_cursor_open; frees by sst_cursor_free */
    const uint8_t *content; /* borrowed */
    size_t entries_end;     /* entries are content[0, entries_end), restarts follow */
    uint64_t offset;        /* of the block in its file, for errors */
    sst_form form;
    uint32_t restarts;
    uint32_t next_restart; /* the first restart at or behind at */
    size_t at;             /* offset of the next entry */
    bool follows;          /* key holds the entry right before at */
    mv_buf key;            /* of the current entry */
    const uint8_t *value;  /* of the current entry, in content */
    size_t value_len;
    sst_handle handle; /* of the current entry, if form.bare */
} sst_cursor;

/* Places the cursor before the first entry of content, which must outlive its use. MV_E_CORRUPT_SST,
 * MV_E_UNSUPPORTED. */
int sst_cursor_open(sst_cursor *c, const uint8_t *content, size_t len, uint64_t offset, sst_form form,
                    mv_err *err);

/* Moves to the next entry; MV_DONE behind the last. MV_E_CORRUPT_SST: also where a key is not above the one before;
 * MV_E_NO_MEMORY. After a failure the cursor must be opened again. */
int sst_cursor_next(sst_cursor *c, mv_err *err);

/* Places the cursor at a restart from which the first entry at or above target, a key of the form without
 * its last dropped bytes, can be reached by sst_cursor_next. REQUIRES: form.ordered; target_len is at least
 * form.suffix - dropped. MV_E_CORRUPT_SST. */
int sst_cursor_seek(sst_cursor *c, const uint8_t *target, size_t target_len, size_t dropped, mv_err *err);

void sst_cursor_free(sst_cursor *c);

#endif
