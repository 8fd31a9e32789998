#include "mvcc/mv_readset.h"

#include "base/mv_alloc.h"

/* Starts: unbounded comes first. */
static int compare_starts(const void *a, const void *b)
{
    const mv_read_span *x = a, *y = b;
    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    if (x->start.open || y->start.open)
        return (int)y->start.open - (int)x->start.open;
    return mv_slice_compare(x->start.key, y->start.key);
}

static bool key_below_end(mv_slice key, mv_bound end)
{
    return end.open || mv_slice_compare(key, end.key) < 0;
}

/* Merges overlapping and touching spans of a sorted array; returns how many are left. */
static size_t make_disjoint(mv_read_span *spans, size_t count)
{
    size_t last = 0;
    for (size_t i = 1; i < count; i++) {
        mv_read_span *held = &spans[last], *next = &spans[i];
        bool joins = next->table == held->table && (next->start.open || held->end.open ||
                                                    mv_slice_compare(next->start.key, held->end.key) <= 0);
        if (!joins)
            spans[++last] = *next;
        else if (!held->end.open && (next->end.open || mv_slice_compare(held->end.key, next->end.key) < 0))
            held->end = next->end;
    }
    return count == 0 ? 0 : last + 1;
}

static mv_bound take_bound(const uint8_t **at, uint32_t len)
{
    mv_bound bound = {{*at, 0}, len == MV_UNBOUNDED};
    if (len < MV_POINT) {
        bound.key.len = len;
        *at += len;
    }
    return bound;
}

int mv_readset_build(const mv_spans *columns, mv_readset *out, mv_err *err)
{
    *out = (mv_readset){0};
    if (columns->count == 0)
        return MV_OK;
    out->points = mv_calloc(columns->count, sizeof *out->points);
    out->spans = mv_calloc(columns->count, sizeof *out->spans);
    if (out->points == NULL || out->spans == NULL) {
        mv_readset_free(out);
        return mv_fail(err, MV_E_NO_MEMORY, "arranging the read set");
    }
    const uint8_t *starts = columns->starts, *ends = columns->ends;
    for (uint64_t i = 0; i < columns->count; i++) {
        mv_read_span span = {.table = columns->tables[i]};
        span.start = take_bound(&starts, columns->start_lens[i]);
        span.end = take_bound(&ends, columns->end_lens[i]);
        if (columns->end_lens[i] == MV_POINT)
            out->points[out->point_count++] = span;
        else
            out->spans[out->span_count++] = span;
    }
    qsort(out->points, out->point_count, sizeof *out->points, compare_starts);
    qsort(out->spans, out->span_count, sizeof *out->spans, compare_starts);
    out->span_count = make_disjoint(out->spans, out->span_count);
    return MV_OK;
}

void mv_readset_free(mv_readset *set)
{
    mv_free(set->points);
    mv_free(set->spans);
    *set = (mv_readset){0};
}

/* The last element that starts at or below (table, key), or NULL. */
static const mv_read_span *at_or_below(const mv_read_span *spans, size_t count, uint32_t table, mv_slice key)
{
    mv_read_span wanted = {.table = table, .start = {key, false}};
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_starts(&spans[middle], &wanted) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && spans[low - 1].table == table ? &spans[low - 1] : NULL;
}

static bool starts_below(mv_bound start, mv_bound end)
{
    return start.open || key_below_end(start.key, end);
}

/* Whether anything of the set lies in the span of a change. */
static bool span_touched(const mv_readset *set, const mv_change *change)
{
    for (size_t i = 0; i < set->point_count; i++) {
        const mv_read_span *point = &set->points[i];
        if (point->table == change->table && key_below_end(point->start.key, change->end) &&
            (change->start.open || mv_slice_compare(change->start.key, point->start.key) <= 0))
            return true;
    }
    for (size_t i = 0; i < set->span_count; i++) {
        const mv_read_span *span = &set->spans[i];
        if (span->table == change->table && starts_below(span->start, change->end) &&
            starts_below(change->start, span->end))
            return true;
    }
    return false;
}

bool mv_readset_touched(const mv_readset *set, const mv_change *change)
{
    if (mv_change_is_span(change))
        return span_touched(set, change);
    const mv_read_span *point = at_or_below(set->points, set->point_count, change->table, change->key);
    if (point != NULL && mv_slice_equal(point->start.key, change->key))
        return true;
    const mv_read_span *span = at_or_below(set->spans, set->span_count, change->table, change->key);
    return span != NULL && key_below_end(change->key, span->end);
}
