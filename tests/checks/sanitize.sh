#!/usr/bin/env bash
# usage: tests/checks/sanitize.sh PYTHON
# Runs the tests and the C drivers under the address and undefined-behaviour sanitizers; then planted faults, which
# must be caught: a sanitizer that reports nothing may also be one that is not there.
set -euo pipefail

python=$1
checks=$(dirname "$0")
# Fewer random runs than make test has: this one is slow.
export MVCC_MODEL_EXAMPLES=10 MVCC_LOG_EXAMPLES=10
LIBRARIES="libzstd liblz4 snappy zlib"
SANITIZERS="-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover -UNDEBUG"

# Runs the tests of build/NAME; further arguments go to pytest. Reports go to sanitizer.log.* there, because
# pytest swallows what a dying process prints. CPython's own leaks are not looked at.
run_tests() {
    local tree=build/$1
    shift
    (
        cd "$tree"
        LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" \
            ASAN_OPTIONS=detect_leaks=0:log_path="$PWD/sanitizer.log" \
            UBSAN_OPTIONS=print_stacktrace=1:log_path="$PWD/sanitizer.log" \
            PYTHONMALLOC=malloc \
            "$python" -m pytest -p no:faulthandler \
            --ignore=tests/architecture --ignore=tests/checks --ignore=tests/packaging "$@"
    )
}

# Builds the core in build/NAME with more flags, for drivers, which need no Python.
build_core() {
    rm -rf "build/$1"
    mkdir -p "build/$1"
    # shellcheck disable=SC2046,SC2086
    (
        flags="$SANITIZERS ${2:-} $(pkg-config --cflags $LIBRARIES libxxhash)"
        cd "build/$1"
        gcc -std=c11 -D_GNU_SOURCE $flags -I../../csrc -c ../../csrc/*/*.c
        ar rcs libcore.a ./*.o
    )
}

# Builds a driver over the core of build/NAME and runs it: a leak there is ours.
run_driver() {
    local program
    program=build/$1/$(basename "$2" .c)
    # shellcheck disable=SC2046,SC2086
    gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra $SANITIZERS ${3:-} -Icsrc -Itests/c -o "$program" \
        "$2" "build/$1/libcore.a" $(pkg-config --libs $LIBRARIES) -ldl -lpthread
    ASAN_OPTIONS=detect_leaks=1 "$program"
}

# Runs a planted driver, whose report must hold the text.
expect_report() {
    local report
    if report=$(run_driver drivers "tests/c/planted/$1.c" 2>&1) || [[ $report != *"$2"* ]]; then
        echo "$report"
        echo "planted $1: not caught"
        exit 1
    fi
    echo "planted $1: caught"
}

build_core drivers
expect_report leak "LeakSanitizer: detected memory leaks"
expect_report undefined "signed integer overflow"
for driver in tests/c/*.c; do
    run_driver drivers "$driver"
    echo "$driver: clean"
done
build_core failing -DMVCC_OOM
for driver in tests/c/oom/*.c; do
    run_driver failing "$driver" -DMVCC_OOM
    echo "$driver: clean"
done

# With the portable CRC-32C, so that the whole suite has run over both forms of it.
"$checks/flavour.sh" "$python" asan "$SANITIZERS -DMVCC_CRC_PORTABLE" "-fsanitize=address,undefined"
status=0
run_tests asan || status=$?
if compgen -G "build/asan/sanitizer.log*" >/dev/null; then
    cat build/asan/sanitizer.log*
    exit 1
fi
[ "$status" = 0 ] || exit "$status"

"$checks/flavour.sh" "$python" planted "$SANITIZERS -DMVCC_PLANT_OVERFLOW" "-fsanitize=address,undefined"
if run_tests planted --exitfirst >build/planted/pytest.log 2>&1; then
    echo "planted overflow: not caught"
    exit 1
fi
grep -hm 1 heap-buffer-overflow build/planted/sanitizer.log* || { cat build/planted/pytest.log; exit 1; }
echo "planted overflow: caught"
