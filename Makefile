# What people run, and what CI runs: the same targets. Everything lives in .venv; a second run finds it ready.

PYENV := $(wildcard $(HOME)/.pyenv/versions/3.1[1-9].*/bin/python3)
NEWEST_FIRST := python3.14 $(filter %.14.%,$(PYENV)) python3.13 $(PYENV:%=%) python3.12 python3.11 python3
# The first of some Pythons that starts and is 3.11 or newer.
usable = $(shell for p in $(1); do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

PYTHON ?= $(call usable,python3 $(NEWEST_FIRST))
BIN := .venv/bin

.PHONY: demo test test-all test-latest lint unit pictures requirements benchmarks clean

demo: .venv/.demo
	@$(BIN)/roadworthy demo

test: lint unit

lint: .venv/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: .venv/.dev
	$(BIN)/python -m pytest -m "not slow" --cov --cov-report=term

test-all: lint
	$(BIN)/python -m pytest --cov --cov-report=term

# Every dependency unpinned, on the newest Python found, in an environment of its own.
test-latest:
	$(call newest) -m venv .venv-latest
	.venv-latest/bin/python -m pip install --quiet --upgrade pip
	.venv-latest/bin/python -m pip install --quiet --upgrade --group dev --editable ".[arrow,mlflow,serve]"
	.venv-latest/bin/python -m pytest -m "not slow"

newest = $(shell for p in $(NEWEST_FIRST); do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && $$p -c 'import sys; print(sys.version_info.minor, sys.executable)'; done | sort -rn | head -1 | cut -d' ' -f2)

pictures: .venv/.dev
	$(BIN)/python docs/pictures.py

requirements:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make requirements" --quiet --upgrade --group build \
	  --extra mlflow --extra serve pyproject.toml --output-file requirements/demo.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make requirements" --quiet --upgrade --group build --group dev \
	  --constraint requirements/demo.txt \
	  --extra arrow --extra mlflow --extra serve pyproject.toml --output-file requirements/dev.txt

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed; set PYTHON=..."; exit 2; }
	$(PYTHON) -m venv .venv

.venv/.demo: requirements/demo.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/demo.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements/dev.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@ .venv/.demo

clean:
	rm -rf .venv .venv-latest .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
