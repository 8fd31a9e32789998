/* Filling an mv_page: rows in columns. */
#ifndef MV_ROWS_H
#define MV_ROWS_H

#include "lmdb/mv_substrate.h"
#include "mv_engine.h"

enum {
    MV_KIND_ABSENT = 2
}; /* a row of mv_get_many for a key that is not there */

/* Empties the columns and keeps their memory, unless one has grown far beyond what a page needs. */
void mv_page_clear(mv_page *page);

int mv_page_add(mv_page *page, mv_slice key, uint64_t ts, uint8_t kind, mv_slice value, mv_err *err);

/* Whether one more row of the given size would break a limit (0: none); a page always takes one row. */
bool mv_page_full(const mv_page *page, uint64_t max_rows, uint64_t max_bytes, size_t row_bytes);

/* Says where the next page begins. */
int mv_page_resume(mv_page *page, mv_slice key, uint64_t ts, mv_err *err);

#endif
