# `make demo` and `make test` set everything up by themselves; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
PYTEST_ARGS ?=
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
# A test that hangs shows where.
PYTEST := $(BIN)/python -m pytest -o faulthandler_timeout=300
# A benchmark is no hang.
MEASURE := $(BIN)/python -m pytest

# What the build, the tests and the checks need of Debian.
BUILD_PACKAGES := gcc pkg-config libzstd-dev liblz4-dev libsnappy-dev zlib1g-dev libxxhash-dev
TEST_PACKAGES := git g++ binutils strace rocksdb-tools librocksdb-dev strace
CHECK_PACKAGES := clang-14 clang-format-14 valgrind liblmdb0
FUZZ_PACKAGES := clang-14 libclang-rt-14-dev
BENCH_PACKAGES := strace chromium fonts-dejavu-core

NATIVE := mvcc/_native/_core.abi3.so
NATIVE_SOURCES := setup.py csrc/build_cffi.py $(wildcard csrc csrc/*/ csrc/*.h csrc/*/*.h csrc/*/*.c)
OOM_FILES := $(wildcard tests/c/oom/*.[ch])
C_FILES := $(sort $(wildcard csrc/*.h csrc/*/*.[ch] tests/*/*.[ch] tests/c/planted/*.c \
    tests/c/stress/*.[ch] bench/*/*.[ch]))
CLANG_FLAGS := -fsyntax-only -std=c11 -D_GNU_SOURCE -Icsrc -Itests/c -Wall -Wextra -Werror \
    -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith -Wwrite-strings

.PHONY: help demo test check format coverage sanitize reliability bench bench-large clean
.PHONY: build-packages test-packages check-packages fuzz-packages bench-packages venv

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(NATIVE) ## load real files, back them up, restore them and compare
	$(BIN)/python -m mvcc demo

test: test-packages $(NATIVE) ## run the tests
	$(PYTEST) $(PYTEST_ARGS)

check: check-packages test-packages $(NATIVE) ## format, lint, types, C warnings, sizes, layers, packaging, instruction counts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	clang-format-14 --dry-run --Werror $(C_FILES) $(OOM_FILES)
	$(BIN)/mypy
	MVCC_WERROR=1 $(BIN)/python setup.py -q build_ext --force --build-temp build/werror --build-lib build/werror
	clang-14 $(CLANG_FLAGS) $(filter %.c,$(C_FILES))
	clang-14 $(CLANG_FLAGS) -Wno-unused-function -x c $(filter %.h,$(C_FILES))
	clang-14 $(CLANG_FLAGS) -Wno-unused -x c -DMVCC_OOM $(OOM_FILES)
	$(BIN)/python tests/checks/sizes.py
	$(BIN)/python -m bench.kernels.gate
	$(PYTEST) -m "" tests/architecture tests/checks tests/packaging

coverage: test-packages venv ## run the tests and count lines: 90 % of mvcc/, 85 % of csrc/
	tests/checks/coverage.sh $(BIN)/python

sanitize: test-packages venv ## run the tests under ASan and UBSan, and see a planted overflow caught
	tests/checks/sanitize.sh $(BIN)/python

reliability: test-packages fuzz-packages $(NATIVE) ## prove the promises that have a test
	$(BIN)/python -m tests.reliability.run

bench: bench-packages $(NATIVE) ## measure beside the peers, in 15 minutes: table, page, docs/performance.md
	$(MEASURE) $(PYTEST_ARGS) bench
	$(BIN)/python -m bench.report

bench-large: bench-packages $(NATIVE) ## what takes an hour: ten times the rows, histories, how costs grow
	$(MEASURE) $(PYTEST_ARGS) --large bench
	$(BIN)/python -m bench.report

format: venv check-packages ## rewrite Python and C in the project's form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	clang-format-14 -i $(C_FILES) $(OOM_FILES)

clean: ## remove everything that was built, but the virtual environment
	rm -rf build dist *.egg-info mvcc/_native/*.so .coverage .hypothesis .benchmarks
	rm -rf .pytest_cache .mypy_cache .ruff_cache
	find mvcc tests bench csrc -name __pycache__ -prune -exec rm -rf {} +

build-packages:
	@.ci/debian-packages $(BUILD_PACKAGES)

test-packages:
	@.ci/debian-packages $(BUILD_PACKAGES) $(TEST_PACKAGES)

check-packages:
	@.ci/debian-packages $(CHECK_PACKAGES)

fuzz-packages:
	@.ci/debian-packages $(FUZZ_PACKAGES)

bench-packages:
	@.ci/debian-packages $(BENCH_PACKAGES)

venv:
	@.ci/venv $(PYTHON) $(VENV)

$(NATIVE): $(NATIVE_SOURCES) | build-packages venv
	$(BIN)/python setup.py -q build_ext --force --inplace --build-temp build/native
