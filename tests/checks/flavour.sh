#!/usr/bin/env bash
# usage: tests/checks/flavour.sh PYTHON NAME CFLAGS LDFLAGS
# Copies the project to build/NAME and builds its extension there with more flags, so that two builds never mix.
set -euo pipefail

python=$1 tree=build/$2
rm -rf "$tree"
mkdir -p "$tree"
tar --create --exclude=./build --exclude=./.venv --exclude=./.git --exclude='./.*_cache' --exclude=./.hypothesis \
    --exclude='*.so' --exclude=__pycache__ . | tar --extract --directory "$tree"
cd "$tree"
MVCC_CFLAGS=$3 MVCC_LDFLAGS=$4 "$python" setup.py -q build_ext --inplace
