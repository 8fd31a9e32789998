/* The keys and spans that a transaction read, arranged so that one changed key is looked up in logarithmic time. */
#ifndef MV_READSET_H
#define MV_READSET_H

#include "mvcc/mv_changelog.h"

typedef struct mv_read_span {
    uint32_t table;
    mv_bound start, end; /* a point uses start alone */
} mv_read_span;

typedef struct mv_readset { /* points and spans, each sorted by (table, start); spans are disjoint */
    mv_read_span *points;
    size_t point_count;
    mv_read_span *spans;
    size_t span_count;
} mv_readset;

/* Arranges the caller's columns, which must outlive the set. MV_E_NO_MEMORY. End with mv_readset_free. */
int mv_readset_build(const mv_spans *columns, mv_readset *out, mv_err *err);
void mv_readset_free(mv_readset *set);

/* Whether a change falls into the set: of a span or a load any key between its bounds. */
bool mv_readset_touched(const mv_readset *set, const mv_change *change);

#endif
