#!/usr/bin/env bash
# usage: tests/checks/coverage.sh PYTHON
# Runs the tests over a build that counts lines, and fails below 90 % of mvcc/ or 85 % of csrc/.
set -euo pipefail

python=$1
"$(dirname "$0")/flavour.sh" "$python" gcov "--coverage -O0 -fprofile-update=atomic -UNDEBUG" --coverage
cd build/gcov
# Fewer random runs than make test has: they cover nothing new.
export MVCC_MODEL_EXAMPLES=10 MVCC_LOG_EXAMPLES=10
"$python" -m coverage run -m pytest --ignore=tests/architecture --ignore=tests/checks --ignore=tests/packaging
"$python" -m coverage combine -q
status=0
"$python" -m coverage report || status=1
"$python" -m gcovr --root . --filter csrc/ --txt csrc.txt --print-summary --fail-under-line 85 build || status=1
cat csrc.txt
# gcovr calls an empty table a success, so its rows are asked for.
grep -q '^csrc/' csrc.txt || { echo "gcovr counted no file of csrc/"; status=1; }
exit "$status"
