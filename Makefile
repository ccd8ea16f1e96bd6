# Everything a desk or a developer runs. `make` alone lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.run-ready
TEST_READY := $(VENV)/.test-ready
export PYTHON

# Homebrew's libraries lie where macOS does not look by itself. The shell of a recipe must set this:
# macOS takes it away from the programs it protects, make among them.
ifeq ($(shell uname -s),Darwin)
WITH_PANGO := DYLD_FALLBACK_LIBRARY_PATH=$(shell brew --prefix 2>/dev/null)/lib:/usr/lib
endif
REPORTGEN := $(WITH_PANGO) $(BIN)/reportgen
PYTEST := $(WITH_PANGO) $(BIN)/python -m pytest -n auto --dist worksteal

.PHONY: help note test test-all lint format sample embedded bench lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

note: $(RUN_READY) ## build the Treasury weekly; AS_OF=2025-04-10 for another date, ARGS=... for more
	@$(REPORTGEN) build $(if $(AS_OF),--as-of $(AS_OF)) $(ARGS)

test: $(TEST_READY) lint ## format, lint, types, import layers and the fast tests
	$(PYTEST) -m "not slow and not network" $(ARGS)

test-all: $(TEST_READY) lint ## the same with the slow tests: every week, wheels, PDF samples, a real mail server
	@.ci/system-packages test-all
	$(PYTEST) -m "not network" $(ARGS)

lint: $(TEST_READY) ## format, lint, types and import layers alone
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(TEST_READY) ## bring the code into its format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

SAMPLE_AS_OF := 2025-04-10
sample: $(TEST_READY) ## build output/sample anew, with a picture of its first page
	@set -eu; \
	made=$$(mktemp -d); trap 'rm -rf "$$made"' EXIT; \
	$(REPORTGEN) build --as-of $(SAMPLE_AS_OF) --out "$$made"; \
	note="$$made/$(SAMPLE_AS_OF)/treasury-weekly"; \
	mkdir -p output/sample; \
	cp "$$note/note.pdf" "$$note/note.html" output/sample/; \
	pdftoppm -png -r 80 -f 1 -l 1 -singlefile output/sample/note.pdf output/sample/page-1; \
	ls -l output/sample

embedded: $(TEST_READY) ## rebuild the embedded data: make embedded FROM=folder-of-csv-files
	@test -n "$(FROM)" || { echo "Name the folder of CSV files: make embedded FROM=folder" >&2; exit 2; }
	$(BIN)/python -m reportgen.embedded $(FROM)

BENCH := .venv-bench
MEASURED := facts_startup facts_next gauge_history preview store_load publication ledger_append archive_verify send
bench: $(RUN_READY) ## measure against papermill and Chromium, smtplib, sha256sum, pandas (half an hour)
	@.ci/system-packages test
	@.ci/venv $(BENCH) benchmarks/requirements.lock
	$(WITH_PANGO) $(BIN)/python benchmarks/build_vs_notebook.py --notebook-python $(BENCH)/bin/python
	@missed=; for each in $(MEASURED); do \
	    echo "# $$each"; $(WITH_PANGO) $(BIN)/python benchmarks/$$each.py || missed="$$missed $$each"; \
	done; [ -z "$$missed" ] || { echo "Over their limits:$$missed" >&2; exit 1; }

# uv resolves once for every Python and system (settings in pyproject.toml); the two smaller locks are
# cut from the first. Pins stay unless told otherwise: make lock ARGS=--upgrade
COMPILE = $(BIN)/uv pip compile --quiet pyproject.toml
lock: $(TEST_READY) ## resolve pyproject.toml into the lock files (network)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	$(COMPILE) --extra dev --output-file requirements-dev.lock $(ARGS)
	$(COMPILE) --extra setup --constraint requirements-dev.lock --output-file requirements.lock
	$(COMPILE) --extra bench --constraint requirements-dev.lock --output-file benchmarks/requirements.lock

clean: ## remove environments, caches and built notes (the sample stays)
	rm -rf $(VENV) $(BENCH) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find output -mindepth 1 -maxdepth 1 ! -name sample ! -name .gitkeep -exec rm -rf {} +
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN_READY): requirements.lock pyproject.toml .ci/venv .ci/system-packages
	@.ci/system-packages run
	@.ci/venv $(VENV) requirements.lock editable
	@touch $@

$(TEST_READY): requirements-dev.lock pyproject.toml .ci/venv .ci/system-packages
	@.ci/system-packages test
	@.ci/venv $(VENV) requirements-dev.lock editable
	@touch $@
