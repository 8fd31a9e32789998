/* Merges layers of files: a heap of the layers' next rows, with the newest layer first among equal user keys. */
#include "base/mv_alloc.h"
#include "base/mv_buf.h"
#include "base/mv_error.h"
#include "sst/mv_sst_key.h"
#include "sst/mv_sst_page.h"
#include "sst/mv_sst_reader.h"

typedef struct lane { /* a layer, and where the merge stands in it */
    mv_sst_layer layer;
    size_t rank; /* 0 is the newest layer */
    size_t file; /* index of the file that the iterator is over */
    mv_sst_iter *it;
    mv_sst_row row;  /* the layer's next row */
    mv_buf last_key; /* of the file before, which this one must begin above */
} lane;

struct mv_sst_merge {
    lane *lanes;
    size_t lane_count;
    lane **heap; /* lanes that have a row */
    size_t heap_count;
    bool started; /* from then on the row given last stands at the top of the heap */
    uint64_t as_of;
    bool latest;
    mv_buf start; /* user key to begin at, with its timestamp; empty: the first row */
    mv_buf end;   /* key to end at, if has_end */
    bool has_end;
    mv_buf seen; /* user key of the row given last; empty before the first */
};

static size_t key_bytes(const mv_sst_row *row)
{
    return row->key_len - SST_TS_BYTES;
}

/* Whether lane a's row comes before lane b's. */
static bool comes_first(const lane *a, const lane *b)
{
    int order = sst_compare(SST_TS_BYTES, a->row.key, a->row.key_len, b->row.key, b->row.key_len);
    return order != 0 ? order < 0 : a->rank < b->rank;
}

static void sift_down(mv_sst_merge *m, size_t i)
{
    lane *moved = m->heap[i];
    for (size_t child = 2 * i + 1; child < m->heap_count; child = 2 * i + 1) {
        if (child + 1 < m->heap_count && comes_first(m->heap[child + 1], m->heap[child]))
            child++;
        if (!comes_first(m->heap[child], moved))
            break;
        m->heap[i] = m->heap[child];
        i = child;
    }
    m->heap[i] = moved;
}

static int open_file(lane *l, const mv_buf *start, mv_err *err)
{
    mv_sst_iter_free(l->it);
    l->it = NULL;
    int rc = mv_sst_iter_new(l->layer.files[l->file], &l->it, err);
    if (rc != MV_OK)
        return rc;
    if (start->len > 0)
        return mv_sst_iter_seek(l->it, start->data, start->len, &l->row, err);
    return mv_sst_iter_first(l->it, &l->row, err);
}

/* Goes to the first row at or above start (empty: any) in the files from l->file on; MV_DONE where there is none. */
static int enter_files(lane *l, const mv_buf *start, mv_err *err)
{
    int rc = MV_DONE;
    for (; l->file < l->layer.count; l->file++) {
        rc = open_file(l, start, err);
        if (rc != MV_DONE)
            break;
    }
    if (rc == MV_OK && l->last_key.len > 0 &&
        sst_compare(SST_TS_BYTES, l->row.key, l->row.key_len, l->last_key.data, l->last_key.len) <= 0)
        return mv_fail(err, MV_E_CORRUPT_SST, "files of a layer overlap");
    return rc;
}

/* Sets the lane's row to its next one; MV_DONE where the layer has no more. */
static int step_lane(lane *l, mv_err *err)
{
    static const mv_buf from_the_first = {0};
    bool last_file = l->file + 1 == l->layer.count;
    int rc = last_file ? MV_OK : mv_buf_set(&l->last_key, l->row.key, l->row.key_len, err);
    if (rc == MV_OK)
        rc = mv_sst_iter_next(l->it, &l->row, err);
    if (rc != MV_DONE || last_file)
        return rc;
    l->file++;
    return enter_files(l, &from_the_first, err);
}

/* Replaces the row at the top of the heap by the next one of its layer. */
static int drop_top(mv_sst_merge *m, mv_err *err)
{
    if (m->heap_count == 0)
        return MV_OK;
    int rc = step_lane(m->heap[0], err);
    if (rc == MV_DONE)
        m->heap[0] = m->heap[--m->heap_count];
    else if (rc != MV_OK)
        return rc;
    if (m->heap_count > 0)
        sift_down(m, 0);
    return MV_OK;
}

static int start(mv_sst_merge *m, mv_err *err)
{
    m->started = true;
    for (size_t i = 0; i < m->lane_count; i++) {
        int rc = enter_files(&m->lanes[i], &m->start, err);
        if (rc == MV_OK)
            m->heap[m->heap_count++] = &m->lanes[i];
        else if (rc != MV_DONE)
            return rc;
    }
    for (size_t i = m->heap_count / 2; i-- > 0;)
        sift_down(m, i);
    return MV_OK;
}

static bool is_past_end(const mv_sst_merge *m, const mv_sst_row *row)
{
    return m->has_end && sst_compare(0, row->key, key_bytes(row), m->end.data, m->end.len) >= 0;
}

/* Whether the row is one that the caller asked for and has not had from a newer layer. */
static bool is_wanted(const mv_sst_merge *m, const mv_sst_row *row)
{
    if (row->ts > m->as_of)
        return false;
    size_t compared = m->latest ? key_bytes(row) : row->key_len;
    return m->seen.len != row->key_len || memcmp(m->seen.data, row->key, compared) != 0;
}

int mv_sst_merge_next(mv_sst_merge *m, mv_sst_row *row, mv_err *err)
{
    int rc = m->started ? drop_top(m, err) : start(m, err);
    for (; rc == MV_OK && m->heap_count > 0; rc = drop_top(m, err)) {
        const mv_sst_row *top = &m->heap[0]->row;
        if (is_past_end(m, top))
            break;
        if (!is_wanted(m, top))
            continue;
        if (top->type != MV_SST_VALUE && top->type != MV_SST_TOMBSTONE)
            return mv_fail(err, MV_E_UNSUPPORTED, "merge of row type %d", top->type);
        rc = mv_buf_set(&m->seen, top->key, top->key_len, err);
        if (rc == MV_OK)
            *row = *top;
        return rc;
    }
    return rc == MV_OK ? MV_DONE : rc;
}

int mv_sst_merge_page(mv_sst_merge *m, uint64_t max_rows, uint64_t max_bytes, mv_sst_page *page, mv_err *err)
{
    mv_sst_row row;
    int rc = MV_OK;
    sst_page_clear(page);
    while (rc == MV_OK && !sst_page_is_full(page, max_rows, max_bytes)) {
        rc = mv_sst_merge_next(m, &row, err);
        if (rc == MV_OK)
            rc = sst_page_add(page, &row, SST_TS_BYTES, err);
    }
    return rc == MV_DONE && page->rows > 0 ? MV_OK : rc;
}

static int take_layers(mv_sst_merge *m, const mv_sst_layer *layers, size_t count, mv_err *err)
{
    m->lanes = mv_calloc(count + 1, sizeof *m->lanes);
    m->heap = mv_calloc(count + 1, sizeof *m->heap);
    if (m->lanes == NULL || m->heap == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "SST merge");
    m->lane_count = count;
    for (size_t i = 0; i < count; i++) {
        lane *l = &m->lanes[i];
        size_t files = layers[i].count;
        mv_sst_reader **copy = mv_calloc(files + 1, sizeof *copy);
        if (copy == NULL)
            return mv_fail(err, MV_E_NO_MEMORY, "SST merge");
        l->layer = (mv_sst_layer){copy, files};
        l->rank = i;
        for (size_t f = 0; f < files; f++) {
            if (mv_sst_reader_order(layers[i].files[f]) != MV_SST_ORDER_U64TS)
                return mv_fail(err, MV_E_INVALID, "file is not in the order u64ts");
            copy[f] = layers[i].files[f];
        }
    }
    return MV_OK;
}

static int take_window(mv_sst_merge *m, const mv_sst_window *window, mv_err *err)
{
    uint8_t newest[SST_TS_BYTES];
    int rc = MV_OK;
    m->as_of = window->as_of;
    m->latest = window->latest != 0;
    m->has_end = window->end != NULL;
    mv_put_le64(newest, UINT64_MAX);
    if (window->start != NULL)
        rc = mv_buf_append(&m->start, window->start, window->start_len, err);
    if (rc == MV_OK && window->start != NULL)
        rc = mv_buf_append(&m->start, newest, sizeof newest, err);
    if (rc == MV_OK && m->has_end)
        rc = mv_buf_append(&m->end, window->end, window->end_len, err);
    return rc;
}

int mv_sst_merge_new(const mv_sst_layer *layers, size_t count, const mv_sst_window *window,
                     mv_sst_merge **out, mv_err *err)
{
    mv_sst_merge *m = mv_calloc(1, sizeof *m);
    if (m == NULL)
        return mv_fail(err, MV_E_NO_MEMORY, "SST merge");
    int rc = take_layers(m, layers, count, err);
    if (rc == MV_OK)
        rc = take_window(m, window, err);
    if (rc == MV_OK)
        *out = m;
    else
        mv_sst_merge_free(m);
    return rc;
}

void mv_sst_merge_free(mv_sst_merge *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->lane_count; i++) {
        mv_sst_iter_free(m->lanes[i].it);
        mv_buf_free(&m->lanes[i].last_key);
        mv_free((void *)m->lanes[i].layer.files);
    }
    mv_free(m->lanes);
    mv_free(m->heap);
    mv_buf_free(&m->start);
    mv_buf_free(&m->end);
    mv_buf_free(&m->seen);
    mv_free(m);
}
