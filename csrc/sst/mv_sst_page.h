/* Filling the columns of a page. */
#ifndef MV_SST_PAGE_H
#define MV_SST_PAGE_H

#include "sst/mv_sst_format.h"

/* Empties the page, memory kept. */
void sst_page_clear(mv_sst_page *page);

/* Appends a row whose key ends in a timestamp of ts_len bytes, 8 or 0. MV_E_NO_MEMORY: the page is as before. */
int sst_page_add(mv_sst_page *page, const mv_sst_row *row, size_t ts_len, mv_err *err);

/* Whether a page with a row or more has reached one of its limits. */
static inline bool sst_page_is_full(const mv_sst_page *page, uint64_t max_rows, uint64_t max_bytes)
{
    return page->rows > 0 && (page->rows >= max_rows || page->keys.len + page->values.len >= max_bytes);
}

#endif
