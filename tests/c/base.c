/* The base layer without Python: buffers, bounds-checked reading, error records. */
#include <errno.h>
#include <string.h>

#include "base/mv_buf.h"
#include "base/mv_bytes.h"
#include "base/mv_error.h"
#include "check.h"

static void a_buffer_keeps_what_is_appended(void)
{
    mv_buf buf = {0};
    mv_err err = {0};
    for (unsigned i = 0; i < 10000; i++) {
        uint8_t byte = (uint8_t)i;
        CHECK(mv_buf_append(&buf, &byte, 1, &err) == MV_OK);
    }
    CHECK(buf.len == 10000);
    for (unsigned i = 0; i < 10000; i++)
        CHECK(buf.data[i] == (uint8_t)i);
    CHECK(mv_buf_set(&buf, buf.data + 1, 4, &err) == MV_OK);
    CHECK(buf.len == 4 && memcmp(buf.data, "\1\2\3\4", 4) == 0);
    mv_buf_free(&buf);
    CHECK(buf.data == NULL && buf.cap == 0);
}

static void a_buffer_that_memory_cannot_hold_is_refused(void)
{
    mv_buf buf = {0};
    mv_err err = {0};
    CHECK(mv_buf_append(&buf, "abc", 3, &err) == MV_OK);
    CHECK(mv_buf_reserve(&buf, SIZE_MAX, &err) == MV_E_NO_MEMORY);
    CHECK(mv_buf_append(&buf, "abc", SIZE_MAX, &err) == MV_E_NO_MEMORY);
    CHECK(buf.len == 3 && memcmp(buf.data, "abc", 3) == 0);
    mv_buf_free(&buf);
}

static void every_varint_reads_back_and_no_prefix_does(void)
{
    for (unsigned shift = 0; shift < 64; shift++) {
        uint64_t written = UINT64_MAX >> shift, read = 0;
        uint8_t bytes[10];
        size_t len = mv_put_varint(bytes, written);
        mv_rd whole = mv_rd_over(bytes, len), cut = mv_rd_over(bytes, len - 1);
        CHECK(mv_rd_varint(&whole, &read) && read == written && mv_rd_left(&whole) == 0);
        CHECK(!mv_rd_varint(&cut, &read) && mv_rd_left(&cut) == len - 1);
    }
}

static void a_varint_of_more_than_64_bits_is_refused(void)
{
    uint8_t bytes[11];
    uint64_t read;
    memset(bytes, 0xff, sizeof bytes);
    mv_rd reader = mv_rd_over(bytes, sizeof bytes);
    CHECK(!mv_rd_varint(&reader, &read));
    bytes[9] = 2;
    CHECK(!mv_rd_varint(&reader, &read));
    bytes[9] = 1;
    CHECK(mv_rd_varint(&reader, &read) && read == UINT64_MAX);
}

static void a_failure_cuts_what_is_too_long(void)
{
    mv_err err = {0};
    char text[1000];
    uint8_t key[1000] = {7};
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    CHECK(mv_fail(&err, MV_E_INVALID, "%s", text) == MV_E_INVALID);
    CHECK(strlen(err.what) == sizeof err.what - 1);
    CHECK(mv_fail_at(&err, 3, key, sizeof key, 9) == MV_E_INVALID);
    CHECK(err.key_len == sizeof err.key && err.key[0] == 7 && err.table == 3 && err.ts == 9);
    CHECK(mv_fail_os(&err, ENOSPC, "writing") == MV_E_FULL && err.os_error == ENOSPC);
    CHECK(mv_fail_os(&err, EIO, "writing") == MV_E_IO && err.key_len == 0);
}

int main(void)
{
    a_buffer_keeps_what_is_appended();
    a_buffer_that_memory_cannot_hold_is_refused();
    every_varint_reads_back_and_no_prefix_does();
    a_varint_of_more_than_64_bits_is_refused();
    a_failure_cuts_what_is_too_long();
    return 0;
}
