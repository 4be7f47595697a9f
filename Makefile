# Học bạ số. `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test check bench fix lock messages clean system-packages

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 18

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

setup: $(VENV)/.runtime ## The environment with the `hocbaso` command

setup-dev: $(VENV)/.dev ## The environment with the tools for tests and checks

system-packages: ## Debian packages that the tests need
	@bash tools/system_packages.sh

demo: setup ## Everything, from nothing to a running demo province: prints address and accounts
	$(BIN)/hocbaso demo

test: setup-dev system-packages ## All tests on SQLite, then what uses the database on a PostgreSQL of the run
	@bash tools/run_tests.sh

check: setup-dev ## Lint, types, architecture
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports --config pyproject.toml

bench: setup-dev ## Every benchmark; results under benchmarks/results
	$(BIN)/python -m benchmarks

fix: setup-dev ## Format and mend what the linter can mend
	$(BIN)/ruff check --fix src tests benchmarks
	$(BIN)/ruff format src tests benchmarks

lock: setup-dev ## Compile the lock files anew
	for part in build runtime dev; do $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements/$$part.in -o requirements/$$part.txt; done

messages: setup-dev ## Bring the English catalogue up to date; lists what is untranslated
	$(BIN)/python tools/messages.py

clean: ## Remove the environment and the local state
	rm -rf $(VENV) var
