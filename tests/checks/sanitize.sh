#!/usr/bin/env bash
# usage: tests/checks/sanitize.sh PYTHON
# Runs the tests and the C drivers under the address and undefined-behaviour sanitizers; then once more with a
# planted overflow, which must be caught: a sanitizer that reports nothing may also be one that is not there.
set -euo pipefail

python=$1
checks=$(dirname "$0")
SANITIZERS="-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover -UNDEBUG"

# Runs the tests of build/NAME; further arguments go to pytest. Reports go to sanitizer.log.* there, because
# pytest swallows what a dying process prints.
run_tests() {
    local tree=build/$1
    shift
    (
        cd "$tree"
        LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" \
            ASAN_OPTIONS=detect_leaks=0:log_path="$PWD/sanitizer.log" \
            UBSAN_OPTIONS=print_stacktrace=1:log_path="$PWD/sanitizer.log" \
            PYTHONMALLOC=malloc \
            "$python" -m pytest -p no:faulthandler --ignore=tests/architecture --ignore=tests/checks --ignore=tests/packaging "$@"
    )
}

# Builds and runs each C driver, without Python, so that a leak is ours.
run_drivers() {
    local driver program
    mkdir -p build/drivers
    for driver in tests/c/*.c; do
        program=build/drivers/$(basename "$driver" .c)
        # shellcheck disable=SC2086
        gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra $SANITIZERS -Icsrc -Itests/c -o "$program" \
            "$driver" csrc/*/*.c $(pkg-config --cflags --libs libzstd liblz4) -ldl -lpthread
        ASAN_OPTIONS=detect_leaks=1 "$program"
        echo "$driver: clean"
    done
}

run_drivers
"$checks/flavour.sh" "$python" asan "$SANITIZERS" "-fsanitize=address,undefined"
status=0
run_tests asan || status=$?
if compgen -G "build/asan/sanitizer.log*" >/dev/null; then
    cat build/asan/sanitizer.log*
    exit 1
fi
[ "$status" = 0 ] || exit "$status"

"$checks/flavour.sh" "$python" planted "$SANITIZERS -DMVCC_PLANT_OVERFLOW" "-fsanitize=address,undefined"
if run_tests planted --exitfirst >build/planted/pytest.log 2>&1; then
    echo "the planted overflow was not caught"
    exit 1
fi
grep -hm 1 heap-buffer-overflow build/planted/sanitizer.log* || { cat build/planted/pytest.log; exit 1; }
echo "the planted overflow was caught"
