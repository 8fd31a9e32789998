#include "bank.h"

#include <string.h>

#include "base/mv_bytes.h"

enum {
    TABLE = 100,
    BALLAST = 101, /* rows that nobody reads */
    BALLAST_ROWS = 10000,
    KEY = 4, /* bytes: the account's number, which is scattered over the table */
    VALUE_HEAD = 12,
    VALUE_ROOM = VALUE_HEAD + 200,
    MOST_MOVED = 6,
    PAGE_ROWS = 60
};

int bank_is(int rc, const mv_err *err, int also, const char *file, int line)
{
    if (rc != MV_OK && rc != MV_E_CLOSED && rc != also) {
        fprintf(stderr, "%s:%d: result %d: %s\n", file, line, rc, rc < 0 ? err->what : "");
        exit(1);
    }
    return rc;
}

/* ---- rows ---- */

static void write_key(uint8_t *out, unsigned account)
{
    mv_put_be32(out, account);
}

static unsigned account_of(const uint8_t *key, size_t len)
{
    CHECK(len == KEY);
    uint32_t account = mv_get_be32(key);
    CHECK(account < BANK_ACCOUNTS);
    return account;
}

static size_t value_len(unsigned account, uint64_t amount)
{
    return VALUE_HEAD + stress_mix(amount + account) % (VALUE_ROOM - VALUE_HEAD);
}

static size_t write_value(uint8_t *out, unsigned account, uint64_t amount)
{
    size_t len = value_len(account, amount);
    mv_put_be32(out, account);
    mv_put_le64(out + 4, amount);
    memset(out + VALUE_HEAD, (int)(stress_mix(account ^ amount) & 0xff), len - VALUE_HEAD);
    return len;
}

static uint64_t amount_of(unsigned account, const uint8_t *value, size_t len)
{
    uint8_t expected[VALUE_ROOM];
    CHECK(len >= VALUE_HEAD && mv_get_be32(value) == account);
    uint64_t amount = mv_get_le64(value + 4);
    CHECK(amount > 0 && write_value(expected, account, amount) == len && memcmp(expected, value, len) == 0);
    return amount;
}

void bank_check(const bank_state *state)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < BANK_ACCOUNTS; i++)
        sum += state->amounts[i];
    CHECK(sum == (uint64_t)BANK_ACCOUNTS * BANK_AMOUNT);
}

/* ---- commits ---- */

typedef struct batch {
    unsigned count;
    uint8_t keys[BANK_ACCOUNTS * KEY];
    uint32_t key_lens[BANK_ACCOUNTS], value_lens[BANK_ACCOUNTS], tables[BANK_ACCOUNTS], points[BANK_ACCOUNTS];
    size_t values_len;
    uint8_t values[BANK_ACCOUNTS * VALUE_ROOM];
} batch;

static void add(batch *b, unsigned account, uint64_t amount)
{
    unsigned i = b->count++;
    write_key(b->keys + (size_t)i * KEY, account);
    b->key_lens[i] = KEY;
    b->tables[i] = TABLE;
    b->points[i] = MV_POINT;
    b->value_lens[i] = MV_TOMBSTONE;
    if (amount > 0) {
        size_t len = write_value(b->values + b->values_len, account, amount);
        b->value_lens[i] = (uint32_t)len;
        b->values_len += len;
    }
}

static mv_ops ops_of(const batch *b, uint32_t table)
{
    return (mv_ops){
        .count = b->count,
        .table = table,
        .keys = b->keys,
        .key_lens = b->key_lens,
        .values = b->values,
        .value_lens = b->value_lens,
    };
}

/* What it writes, provided that none of the same keys has changed since read_ts. */
static int commit(mv_env *env, const batch *b, uint64_t read_ts, uint64_t *ts, mv_err *err)
{
    mv_commit_args args = {
        .ops = ops_of(b, TABLE),
        .reads = {.count = b->count,
                  .tables = b->tables,
                  .starts = b->keys,
                  .start_lens = b->key_lens,
                  .end_lens = b->points},
        .read_ts = read_ts,
        .catalog_ts = MV_TS_MAX,
    };
    return mv_commit(env, &args, ts, err);
}

/* Writes count rows of a table in one commit. */
static void fill(mv_env *env, uint32_t table, unsigned first, unsigned count)
{
    mv_err err;
    uint64_t ts;
    batch *b = calloc(1, sizeof *b);
    CHECK(b != NULL);
    for (unsigned i = first; i < first + count; i++)
        add(b, i, BANK_AMOUNT);
    mv_commit_args args = {.ops = ops_of(b, table), .catalog_ts = MV_TS_MAX};
    CHECK(mv_commit(env, &args, &ts, &err) == MV_OK);
    free(b);
}

void bank_open(mv_env *env)
{
    for (unsigned i = 0; i < BALLAST_ROWS; i += BANK_ACCOUNTS)
        fill(env, BALLAST, i, BANK_ACCOUNTS);
    fill(env, TABLE, 0, BANK_ACCOUNTS);
}

static int read_one(mv_env *env, mv_view *view, unsigned account, mv_got *got, uint64_t *amount)
{
    uint8_t key[KEY];
    mv_place place = {.env = env, .view = view, .catalog_ts = MV_TS_MAX, .table = TABLE};
    write_key(key, account);
    int length = mv_get(&place, key, KEY, got);
    if (length < 0)
        return bank_result(length, &got->err, MV_OK);
    *amount = 0;
    if (length != MV_ABSENT) {
        CHECK(got->ts <= mv_view_timestamp(view));
        *amount = amount_of(account, (const uint8_t *)got->room, (size_t)length);
    }
    return MV_OK;
}

/* Takes all that the accounts have and deals it out anew; sometimes one of them gets nothing. */
static void deal(uint64_t *random, uint64_t *amounts, unsigned count)
{
    uint64_t left = 0;
    for (unsigned i = 0; i < count; i++)
        left += amounts[i];
    for (unsigned i = 0; i + 1 < count; i++) {
        amounts[i] = stress_any(random, 5) == 0 ? 0 : stress_any(random, left + 1);
        left -= amounts[i];
    }
    amounts[count - 1] = left;
}

static int move_at(mv_env *env, mv_view *view, uint64_t *random, batch *b, uint64_t *ts)
{
    mv_err err;
    mv_got got = {0};
    uint64_t amounts[BANK_ACCOUNTS];
    bool all = stress_any(random, 100) == 0;
    unsigned count = all ? BANK_ACCOUNTS : 2 + (unsigned)stress_any(random, MOST_MOVED - 1);
    unsigned first = (unsigned)stress_any(random, BANK_ACCOUNTS), step = all ? 1 : 7;
    int rc = MV_OK;
    for (unsigned i = 0; i < count && rc == MV_OK; i++)
        rc = read_one(env, view, (first + i * step) % BANK_ACCOUNTS, &got, &amounts[i]);
    mv_buf_free(&got.large);
    if (rc != MV_OK)
        return rc;
    deal(random, amounts, count);
    for (unsigned i = 0; i < count; i++)
        add(b, (first + i * step) % BANK_ACCOUNTS, amounts[i]);
    rc = commit(env, b, mv_view_timestamp(view), ts, &err);
    if (rc == MV_E_BELOW_GC) /* what it has read stays, but what has changed since is not known */
        return MV_E_CONFLICT;
    rc = bank_result(rc, &err, MV_E_CONFLICT);
    if (rc == MV_OK)
        CHECK(*ts > mv_view_timestamp(view));
    return rc;
}

int bank_move(mv_env *env, uint64_t *random, uint64_t *ts)
{
    mv_err err;
    mv_view *view;
    int rc = bank_result(mv_view_open(env, MV_TS_MAX, 0, &view, &err), &err, MV_OK);
    if (rc != MV_OK)
        return rc;
    batch *b = calloc(1, sizeof *b);
    CHECK(b != NULL);
    rc = move_at(env, view, random, b, ts);
    free(b);
    mv_view_free(view);
    return rc;
}

/* ---- reads ---- */

static size_t end_at(const mv_buf *ends, uint64_t row)
{
    uint64_t end;
    memcpy(&end, ends->data + row * sizeof end, sizeof end);
    return (size_t)end;
}

static uint64_t number_at(const mv_buf *numbers, uint64_t row)
{
    return end_at(numbers, row);
}

/* Takes over the value of an account from a row of a page. */
static void take_value(const mv_page *page, uint64_t row, unsigned account, bank_state *out)
{
    size_t value = row > 0 ? end_at(&page->value_ends, row - 1) : 0;
    size_t len = end_at(&page->value_ends, row) - value;
    bool there = page->kinds.data[row] == 1;
    out->amounts[account] = there ? amount_of(account, page->values.data + value, len) : 0;
}

/* Takes over a row; returns its account. */
static unsigned take_row(const mv_page *page, uint64_t row, bank_state *out)
{
    size_t key = row > 0 ? end_at(&page->key_ends, row - 1) : 0;
    unsigned account = account_of(page->keys.data + key, end_at(&page->key_ends, row) - key);
    take_value(page, row, account, out);
    return account;
}

/* Takes over a page of a scan, whose rows rise or fall. */
static void take_page(const mv_page *page, bool reverse, int *last, bank_state *out)
{
    for (uint64_t row = 0; row < page->rows; row++) {
        int account = (int)take_row(page, row, out);
        CHECK(*last < 0 || (reverse ? account < *last : account > *last));
        CHECK(number_at(&page->timestamps, row) <= out->ts);
        *last = account;
    }
}

int bank_scan(mv_env *env, const mv_view *view, bool reverse, uint64_t *random, bank_state *out)
{
    mv_err err;
    mv_page page = {0};
    uint8_t bound[KEY + 1];
    mv_scan_args args = {
        .table = TABLE,
        .flags = reverse ? MV_SCAN_REVERSE : 0,
        .start = bound,
        .start_len = MV_UNBOUNDED,
        .end = bound,
        .end_len = MV_UNBOUNDED,
        .catalog_ts = MV_TS_MAX,
    };
    int rc, last = -1;
    *out = (bank_state){.ts = mv_view_timestamp(view)};
    do {
        args.max_rows = 1 + stress_any(random, PAGE_ROWS);
        rc = bank_result(mv_scan(env, view, &args, &page, &err), &err, MV_OK);
        if (rc != MV_OK)
            break;
        take_page(&page, reverse, &last, out);
        if (page.more) {
            CHECK(page.resume_key.len <= sizeof bound);
            memcpy(bound, page.resume_key.data, page.resume_key.len);
            *(reverse ? &args.end_len : &args.start_len) = (uint32_t)page.resume_key.len;
        }
    } while (page.more);
    mv_page_free(&page);
    return rc;
}

int bank_look(mv_env *env, const mv_view *view, bank_state *out)
{
    mv_err err;
    mv_page page = {0};
    uint8_t keys[BANK_ACCOUNTS * KEY];
    uint32_t lens[BANK_ACCOUNTS];
    *out = (bank_state){.ts = mv_view_timestamp(view)};
    for (unsigned i = 0; i < BANK_ACCOUNTS; i++) {
        write_key(keys + (size_t)i * KEY, i);
        lens[i] = KEY;
    }
    int rc = mv_get_many(env, view, MV_TS_MAX, TABLE, BANK_ACCOUNTS, keys, lens, &page, &err);
    rc = bank_result(rc, &err, MV_OK);
    for (unsigned i = 0; rc == MV_OK && i < BANK_ACCOUNTS; i++)
        take_value(&page, i, i, out); /* without keys: they are the caller's */
    mv_page_free(&page);
    return rc;
}

/* Applies a page of changes; the sum holds wherever a commit ends. */
static void apply(const mv_page *page, bank_state *state, uint64_t *commits)
{
    for (uint64_t row = 0; row < page->rows; row++) {
        uint64_t ts = number_at(&page->timestamps, row);
        CHECK(ts >= state->ts);
        if (ts > state->ts) {
            bank_check(state);
            ++*commits;
        }
        state->ts = ts;
        take_row(page, row, state);
    }
}

int bank_follow(mv_env *env, bank_state *state, uint64_t until, uint64_t *commits)
{
    mv_err err;
    mv_page page = {0};
    mv_changes_args args = {.table = TABLE, .since = state->ts, .until = until, .max_rows = 3 * PAGE_ROWS};
    int rc;
    do {
        rc = bank_result(mv_changes(env, &args, &page, &err), &err, MV_E_BELOW_GC);
        if (rc != MV_OK)
            break;
        apply(&page, state, commits);
        args.until = page.until;
        args.resume_ts = page.resume_ts;
        args.resume_seq = page.resume_seq;
        CHECK(page.resume_key.len == 0); /* of ingested spans alone */
    } while (page.more);
    if (rc == MV_OK) {
        bank_check(state);
        state->ts = until;
    }
    mv_page_free(&page);
    return rc;
}
