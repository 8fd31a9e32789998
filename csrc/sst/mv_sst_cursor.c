#include "sst/mv_sst_cursor.h"

#include "base/mv_buf.h"
#include "base/mv_error.h"
#include "sst/mv_sst_key.h"

#define RESTARTS_MAX ((1u << 28) - 1) /* the bits above announce features */
#define SUFFIX_MAX_BYTES (SST_TS_BYTES + SST_KEY_TAIL_BYTES)

typedef struct entry { /* an entry as it lies in the block */
    uint32_t shared;
    const uint8_t *rest; /* key behind the shared bytes */
    uint32_t rest_len;
    const uint8_t *value;
    uint32_t value_len;
    sst_handle handle;
    size_t end; /* offset of the next entry */
} entry;

static int corrupt(const sst_cursor *c, mv_err *err, const char *what)
{
    return mv_fail_ab(err, MV_E_CORRUPT_SST, c->offset, 0, what);
}

static size_t restart_at(const sst_cursor *c, uint32_t i)
{
    return mv_get_le32(c->content + c->entries_end + 4 * (size_t)i);
}

int sst_cursor_open(sst_cursor *c, const uint8_t *content, size_t len, uint64_t offset, sst_form form,
                    mv_err *err)
{
    c->offset = offset;
    if (len < 8)
        return corrupt(c, err, "block is shorter than its restarts");
    uint32_t restarts = mv_get_le32(content + len - 4);
    if (restarts > RESTARTS_MAX)
        return mv_fail(err, MV_E_UNSUPPORTED, "block feature bits %#x", restarts >> 28);
    if (restarts == 0 || restarts > len / 4 - 1)
        return corrupt(c, err, "number of restarts");
    c->content = content;
    c->entries_end = len - 4 - 4 * (size_t)restarts;
    c->restarts = restarts;
    if (restart_at(c, 0) != 0)
        return corrupt(c, err, "first restart");
    c->form = form;
    c->next_restart = 0;
    c->at = 0;
    c->follows = false;
    c->key.len = 0;
    c->handle = (sst_handle){0, 0};
    return MV_OK;
}

/* The handle of a bare index entry: whole where nothing is shared, else the difference to the entry before. */
static bool read_bare_handle(mv_rd *r, uint32_t shared, sst_handle before, sst_handle *out)
{
    uint64_t zigzag;
    if (shared == 0)
        return sst_rd_handle(r, out);
    if (!mv_rd_varint(r, &zigzag))
        return false;
    out->offset = before.offset + before.size + SST_TRAILER_BYTES;
    out->size = before.size + ((zigzag >> 1) ^ (0 - (zigzag & 1)));
    return true;
}

/* Reads the entry at an offset; false where the bytes do not suffice. */
static bool read_entry(const sst_cursor *c, size_t at, entry *e)
{
    if (at > c->entries_end)
        return false;
    mv_rd r = mv_rd_over(c->content + at, c->entries_end - at);
    e->value = NULL;
    e->value_len = 0;
    bool good = mv_rd_varint32(&r, &e->shared) && mv_rd_varint32(&r, &e->rest_len);
    if (good && !c->form.bare)
        good = mv_rd_varint32(&r, &e->value_len);
    good = good && mv_rd_bytes(&r, e->rest_len, &e->rest);
    if (good && c->form.bare)
        good = read_bare_handle(&r, e->shared, c->handle, &e->handle);
    good = good && mv_rd_bytes(&r, e->value_len, &e->value);
    e->end = (size_t)(r.at - c->content);
    return good;
}

/* Whether the entry's key is above the current one, looking only at what they do not share. */
static bool is_above(const sst_cursor *c, const entry *e)
{
    size_t suffix = c->form.suffix, shared = e->shared;
    size_t old_bytes = c->key.len - suffix, new_bytes = shared + e->rest_len - suffix;
    size_t shorter = old_bytes < new_bytes ? old_bytes : new_bytes;
    int order = shared < shorter ? memcmp(c->key.data + shared, e->rest, shorter - shared) : 0;
    if (order != 0)
        return order < 0;
    if (old_bytes != new_bytes)
        return old_bytes < new_bytes;
    uint8_t joined[SUFFIX_MAX_BYTES];
    const uint8_t *new_suffix = joined;
    if (shared <= new_bytes)
        new_suffix = e->rest + (new_bytes - shared);
    else {
        memcpy(joined, c->key.data + new_bytes, shared - new_bytes);
        memcpy(joined + (shared - new_bytes), e->rest, e->rest_len);
    }
    return sst_compare_suffix(c->key.data + old_bytes, new_suffix, suffix) < 0;
}

static int check_entry(const sst_cursor *c, const entry *e, mv_err *err)
{
    if (e->shared > (c->follows ? c->key.len : 0))
        return corrupt(c, err, "entry shares more than the key before it has");
    if ((uint64_t)e->shared + e->rest_len < c->form.suffix)
        return corrupt(c, err, "key is too short");
    if (c->form.ordered && c->follows && !is_above(c, e))
        return corrupt(c, err, "keys are not in order");
    return MV_OK;
}

/* Restarts must be the offsets of entries that share nothing, in order. */
static int pass_restart(sst_cursor *c, uint32_t shared, mv_err *err)
{
    if (c->next_restart == c->restarts)
        return MV_OK;
    size_t restart = restart_at(c, c->next_restart);
    if (restart < c->at || (restart == c->at && shared != 0))
        return corrupt(c, err, "restart");
    c->next_restart += restart == c->at;
    return MV_OK;
}

static int pass_end(const sst_cursor *c, mv_err *err)
{
    bool empty = c->entries_end == 0 && c->restarts == 1;
    return empty || c->next_restart == c->restarts ? MV_DONE : corrupt(c, err, "restart behind the entries");
}

int sst_cursor_next(sst_cursor *c, mv_err *err)
{
    entry e;
    if (c->at == c->entries_end)
        return pass_end(c, err);
    if (!read_entry(c, c->at, &e))
        return corrupt(c, err, "entry is longer than its block");
    int rc = pass_restart(c, e.shared, err);
    if (rc == MV_OK)
        rc = check_entry(c, &e, err);
    if (rc == MV_OK)
        rc = mv_buf_reserve(&c->key, (size_t)e.shared + e.rest_len + 1, err); /* never NULL */
    if (rc != MV_OK)
        return rc;
    if (e.rest_len > 0)
        memcpy(c->key.data + e.shared, e.rest, e.rest_len);
    c->key.len = (size_t)e.shared + e.rest_len;
    c->value = e.value;
    c->value_len = e.value_len;
    if (c->form.bare)
        c->handle = e.handle;
    c->at = e.end;
    c->follows = true;
    return MV_OK;
}

/* Whether the key at a restart is below the target, in *below. */
static int restart_is_below(const sst_cursor *c, uint32_t i, const uint8_t *target, size_t target_len,
                            size_t dropped, bool *below, mv_err *err)
{
    entry e;
    size_t at = restart_at(c, i);
    if (at >= c->entries_end || !read_entry(c, at, &e) || e.shared != 0 || e.rest_len < c->form.suffix)
        return corrupt(c, err, "restart");
    *below = sst_compare(c->form.suffix - dropped, e.rest, e.rest_len - dropped, target, target_len) < 0;
    return MV_OK;
}

int sst_cursor_seek(sst_cursor *c, const uint8_t *target, size_t target_len, size_t dropped, mv_err *err)
{
    uint32_t low = 0,
             high = c->entries_end == 0 ? 0 : c->restarts - 1; /* the last restart below is in [low, high] */
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        bool below = false;
        int rc = restart_is_below(c, middle, target, target_len, dropped, &below, err);
        if (rc != MV_OK)
            return rc;
        if (below)
            low = middle;
        else
            high = middle - 1;
    }
    c->next_restart = low;
    c->at = low == 0 ? 0 : restart_at(c, low);
    c->follows = false;
    c->key.len = 0;
    return MV_OK;
}

void sst_cursor_free(sst_cursor *c)
{
    mv_buf_free(&c->key);
    *c = (sst_cursor){0};
}
