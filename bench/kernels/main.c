/* usage: kernels LIBLMDB FOLDER: measures every kernel; the store's are measured in the empty folder. The first line
 * printed names the compiler, the second the libraries that the counts depend on. */
#include <gnu/libc-version.h>
#include <lz4.h>
#include <valgrind/callgrind.h>
#include <zstd.h>

#include "kernels.h"
#include "mv_engine.h"

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

void measure(const kernel *k, void *data)
{
    k->run(data);
    CALLGRIND_ZERO_STATS;
    k->run(data);
    CALLGRIND_DUMP_STATS_AT(k->name);
    printf("%s %s %llu\n", k->name, k->unit, (unsigned long long)k->units);
}

void row_key(uint64_t i, uint8_t *out)
{
    memcpy(out, "row-", 4);
    mv_put_be64(out + 4, i * 3);
}

void row_value(uint64_t i, uint8_t *out)
{
    uint64_t state = i + 1;
    for (size_t at = 0; at < VALUE_BYTES; at++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out[at] = at % 2 == 0 ? (uint8_t)(state >> 56) : 'v';
    }
}

/* Libraries choose their code by what the processor has. */
static const char *processor(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2") ? "AVX2" : "no AVX2";
#else
    return "any processor";
#endif
}

int main(int count, char **arguments)
{
    mv_err err;
    CHECK(count == 3 && mv_lmdb_load(arguments[1], "mdb_", &err) == MV_OK);
    printf("%s\n", COMPILER);
    printf("glibc %s, lz4 %s, zstd %s, %.11s, %s\n", gnu_get_libc_version(), LZ4_versionString(),
           ZSTD_versionString(), mv_lmdb_version(), processor());
    base_kernels();
    sst_kernels();
    memtable_kernels();
    engine_kernels(arguments[2]);
    return 0;
}
