# `make app` and `make test` set up what they need and then run; a second run starts at once,
# because the stamps below are only older than the locks when a lock has changed.

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$name"; break; }; done)
VENV := .venv
# Without compiled modules every command the tests start would compile the program anew.
unexport PYTHONDONTWRITEBYTECODE
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
# uv installs a lock in seconds where pip takes minutes. Where it finds no wheel of its own, or no registry (it does
# not read pip's settings), pip installs the same lock.
# Unlike pip it compiles nothing unless it is told to, and a shell that keeps Python from doing so later
# (PYTHONDONTWRITEBYTECODE, as in most containers) would have every start compile a thousand modules anew.
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python
install_lock = { $(PIP) install --require-hashes --requirement requirements-uv.txt && \
	$(UV) --require-hashes --requirement $(1); } 2>$(VENV)/.uv.log || $(PIP) install --require-hashes --requirement $(1)
# The project itself is installed last, without looking anything up: all it needs is in the lock.
INSTALL_PROJECT := $(PIP) install --no-deps --no-build-isolation --editable . && $(BIN)/python -m compileall -q geo

.PHONY: app test lint types unit fuzz bench bench-small fix lock setup clean

# On another port: make app PORT=8600
PORT ?= 8501
app: $(VENV)/.app
	$(BIN)/atlas app --port $(PORT)

test: lint types unit

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache

types: $(VENV)/.dev
	$(BIN)/mypy

unit: $(VENV)/.dev $(VENV)/.browser
	$(BIN)/python -m pytest -n 2 --dist loadfile

# Every broken file there is through the importer, and ten thousand awkward geometries through both engines; the
# tests take the first two hundred of each.
fuzz: $(VENV)/.dev
	@mkdir -p .cache
	$(BIN)/python tests/fuzz/fuzz_run.py > .cache/fuzz.jsonl || { grep -v '"fault": null' .cache/fuzz.jsonl; exit 1; }
	$(BIN)/python tests/fuzz/engines_run.py

# Ours and the peers in turn on the same data; writes benchmarks/RESULTS.md. SIZE: small (some minutes), aims,
# full (hours, 20 GB of disk); ONLY="clip scope" for some of the works; BENCH="--repeats 5 --resume" and the like.
SIZE ?= small
bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks.run --size $(SIZE) $(addprefix --only ,$(ONLY)) $(BENCH)

# What a person waits for in a district of ordinary size, step by step.
bench-small: $(VENV)/.dev
	$(BIN)/python -m pytest benchmarks/small --benchmark-enable --benchmark-columns=min,median,max,rounds --benchmark-sort=name

# Everything `make test` needs, without running it.
setup: $(VENV)/.dev $(VENV)/.browser

fix: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The locks hold exact versions and hashes, and no address of a registry.
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock" --quiet
lock:
	$(LOCK) --group pyproject.toml:uv --output-file requirements-uv.txt
	$(LOCK) pyproject.toml --group pyproject.toml:build --output-file requirements.txt
	$(LOCK) pyproject.toml --group pyproject.toml:dev --output-file requirements-dev.txt
	$(LOCK) pyproject.toml --group pyproject.toml:bench --constraint requirements-dev.txt --output-file requirements-bench.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .cache build dist

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found: install it, or say make PYTHON=/path/to/python"; exit 1; }
	@echo "making $(VENV) with $(PYTHON)"
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); echo "this Python cannot make environments: install its venv and pip parts (on Debian and Ubuntu: apt-get install python3-venv)"; exit 1; }

$(VENV)/.app: requirements.txt pyproject.toml | $(BIN)/python
	@echo "installing what the program needs (once)"
	@$(call install_lock,requirements.txt)
	$(INSTALL_PROJECT)
	@touch $@

$(VENV)/.dev: requirements-dev.txt pyproject.toml | $(BIN)/python
	@echo "installing what the program and its tests need (once)"
	@$(call install_lock,requirements-dev.txt)
	$(INSTALL_PROJECT)
	@touch $@ $(VENV)/.app

$(VENV)/.bench: requirements-bench.txt pyproject.toml | $(BIN)/python
	@echo "installing what the program is measured against (once)"
	@$(call install_lock,requirements-bench.txt)
	$(INSTALL_PROJECT)
	@touch $@

$(VENV)/.browser: tests/setup.sh | $(BIN)/python
	sh tests/setup.sh
	@touch $@
