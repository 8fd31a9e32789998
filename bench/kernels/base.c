/* What every row passes through: checksums, version keys, records. */
#include "kernels.h"
#include "mvcc/mv_key.h"
#include "mvcc/mv_record.h"

enum {
    CHECKSUMMED_KIB = 64,
    TABLE = 100
};

typedef struct base_data {
    uint8_t block[CHECKSUMMED_KIB * 1024];
    uint8_t vkeys[ROWS][KEY_BYTES + MV_KEY_OVERHEAD];
    uint8_t records[ROWS][MV_RECORD_HEAD + VALUE_BYTES];
    uint64_t sum; /* of the results, so that none is left out */
} base_data;

static mv_slice vkey_of(const base_data *d, size_t i)
{
    return (mv_slice){d->vkeys[i], sizeof d->vkeys[i]};
}

static void checksum(void *data)
{
    base_data *d = data;
    d->sum += mv_crc32c(0, d->block, sizeof d->block);
}

static void write_keys(void *data)
{
    base_data *d = data;
    for (size_t i = 0; i < ROWS; i++) {
        uint8_t key[KEY_BYTES];
        row_key(i, key);
        d->sum += mv_vkey_write(d->vkeys[i], TABLE, (mv_slice){key, sizeof key}, 1000 + i).len;
    }
}

static void compare_keys(void *data)
{
    base_data *d = data;
    for (size_t i = 1; i < ROWS; i++) {
        mv_val a = {sizeof d->vkeys[i], d->vkeys[i - 1]}, b = {sizeof d->vkeys[i], d->vkeys[i]};
        d->sum += mv_vkey_compare(&a, &b) < 0;
    }
}

static void seal_records(void *data)
{
    base_data *d = data;
    for (size_t i = 0; i < ROWS; i++)
        mv_record_seal(d->records[i], vkey_of(d, i), MV_KIND_VALUE, VALUE_BYTES);
}

static void open_records(void *data)
{
    base_data *d = data;
    for (size_t i = 0; i < ROWS; i++) {
        uint8_t kind;
        mv_slice payload;
        CHECK(
            mv_record_open(vkey_of(d, i), (mv_slice){d->records[i], sizeof d->records[i]}, &kind, &payload));
    }
}

void base_kernels(void)
{
    base_data *d = calloc(1, sizeof *d);
    CHECK(d != NULL);
    for (size_t i = 0; i < sizeof d->block; i++)
        d->block[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < ROWS; i++)
        row_value(i, d->records[i] + MV_RECORD_HEAD);
    measure(&(kernel){"crc32c", "KiB", CHECKSUMMED_KIB, checksum}, d);
    measure(&(kernel){"key-write", "key", ROWS, write_keys}, d);
    measure(&(kernel){"key-compare", "key", ROWS, compare_keys}, d);
    measure(&(kernel){"record-seal", "row", ROWS, seal_records}, d);
    measure(&(kernel){"record-open", "row", ROWS, open_records}, d);
    CHECK(d->sum > 0);
    free(d);
}
