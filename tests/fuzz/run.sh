#!/usr/bin/env bash
# usage: tests/fuzz/run.sh TARGET SECONDS
# Builds tests/fuzz/fuzz_TARGET.c with libFuzzer, ASan and UBSan, and runs it on its corpus. A finding is left in
# build/fuzz/TARGET, and so is every new input: the corpus in the tree changes by hand alone.
set -euo pipefail

target=$1 seconds=$2
work=build/fuzz/$target
mkdir -p "$work/found"
# shellcheck disable=SC2046
clang-14 -g -O1 -std=c11 -D_GNU_SOURCE -UNDEBUG -fno-omit-frame-pointer \
    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
    $(pkg-config --cflags libzstd liblz4 snappy zlib libxxhash) -Icsrc -o "$work/fuzz" \
    "tests/fuzz/fuzz_$target.c" csrc/base/*.c csrc/sst/*.c $(pkg-config --libs libzstd liblz4 snappy zlib)
"$work/fuzz" -max_total_time="$seconds" -max_len=8192 -timeout=2 -rss_limit_mb=512 -print_final_stats=1 \
    -artifact_prefix="$work/" "$work/found" "tests/fuzz/corpus/${target%_reader}"
