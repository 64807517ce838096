# make run | test | check | bench | bench-peers bench-record | load | faults | contract | slow | install
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
# On Linux: make install TORCH_INDEX=<PyTorch's CPU index> (README, "Size") avoids the CUDA build.
TORCH_INDEX ?=
LOAD ?=
RECORD ?=
PEERS ?=
BIN := .venv/bin
# Of make contract.
CASES ?= 10000
UNGDC ?= ../shared/corpora/ungdc

.PHONY: run test slow contract faults check bench bench-peers bench-record load install

run: .venv/installed
	$(BIN)/python -m service serve --host $(HOST) --port $(PORT)

# One thread a worker: those of several would only wait for each other.
test: .venv/installed
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

slow: .venv/installed
	$(BIN)/python -m pytest -m 'slow and not faults'

contract: .venv/installed
	CONCORD_CASES=$(CASES) $(BIN)/python -m pytest -s tests/web/test_fuzzed_contract.py

# 200 kills, full disks, damaged files: half an hour. CONCORD_KILLS and CONCORD_FUZZ for other numbers.
faults: .venv/installed
	$(BIN)/python -m pytest -m faults tests/faults

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed
	$(BIN)/python -m service.evaluation.bench --corpus $(UNGDC)
	$(BIN)/python -m service.evaluation.bulk

# Concord and the field, on the index that make bench has built: half an hour, on all of the record
# an hour and more. PEERS="--claims 100000" for less, PEERS=--write to have it in the README.
bench-peers: .venv/installed
	$(BIN)/python -m service.evaluation.peers $(PEERS)

# All of 1946-2023: an hour and a half before the first figure, ten minutes once it is built.
bench-record: .venv/installed
	$(BIN)/python -m service.evaluation.record --corpus $(UNGDC) $(RECORD)

# Ten minutes each, on Concord and on txtai in turn; LOAD="--minutes 1 --only bundled" for less.
load: .venv/installed
	$(BIN)/python -m service.evaluation.load $(LOAD)

install: .venv/installed

.venv/installed: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Concord needs Python 3.11 or later")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(if $(TORCH_INDEX),$(BIN)/python -m pip install --quiet --index-url $(TORCH_INDEX) "$$(grep '^torch==' requirements.txt)")
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@
