# What people run, and what CI runs: the same targets. Everything lives in .venv; a second run finds it ready.

PYTHONS := python3 python3.14 python3.13 python3.12 python3.11 $(wildcard $(HOME)/.pyenv/versions/3.1[1-9].*/bin/python3)
# Those that start and are 3.11 or newer, as lines of minor version and path.
usable = $(shell for p in $(PYTHONS); do $$p -c 'import sys; v = sys.version_info; v >= (3, 11) and print(v.minor, sys.executable)' 2>/dev/null; done)
PYTHON ?= $(word 2,$(usable))
BIN := .venv/bin
# A file's tests stay together on one worker; many of them wait for a server, so there is one worker more than processors.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
SPREAD := --numprocesses $(WORKERS) --dist loadfile

.PHONY: demo test test-all test-latest test-transformers lint unit pictures requirements clean

demo: .venv/.demo
	@$(BIN)/roadworthy demo

test: lint unit

lint: .venv/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# Each worker has a processor: threads of a numerical library would only wait for one another.
unit: export OMP_NUM_THREADS = 1
unit: .venv/.dev
	$(BIN)/python -m pytest -m "not slow" $(SPREAD) --cov --cov-report=term

test-all: lint
	$(BIN)/python -m pytest --hypothesis-profile=thorough --cov --cov-report=term

# Every dependency unpinned, on the newest Python found, in an environment of its own.
test-latest:
	$$(echo "$(usable)" | xargs -n 2 | sort -rn | head -1 | cut -d' ' -f2) -m venv .venv-latest
	.venv-latest/bin/python -m pip install --quiet --upgrade pip
	.venv-latest/bin/python -m pip install --quiet --upgrade --group dev --editable ".[arrow,encoder,http,mlflow,postgres,serve]"
	.venv-latest/bin/python -m pytest -m "not slow" $(SPREAD)

# What the extra transformers adapts, in an environment of its own, as torch is large; a test that skips fails it, too.
test-transformers: export OMP_NUM_THREADS = 1
test-transformers:
	$(PYTHON) -m venv .venv-transformers
	.venv-transformers/bin/python -m pip install --quiet --upgrade pip
	.venv-transformers/bin/python -m pip install --quiet --group dev --editable ".[mlflow,transformers]"
	.venv-transformers/bin/python -m pytest tests/models/test_huggingface.py tests/models/test_encoder.py \
	  --junitxml=.venv-transformers/junit.xml
	@! grep -q "<skipped" .venv-transformers/junit.xml || { echo "make: tests were skipped, see above"; exit 1; }

pictures: .venv/.dev
	$(BIN)/python docs/pictures.py

requirements:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-strip-extras \
	  --custom-compile-command "make requirements" --quiet --upgrade --group build \
	  --extra mlflow --extra serve pyproject.toml --output-file requirements/demo.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-strip-extras \
	  --custom-compile-command "make requirements" --quiet --upgrade --group build --group dev \
	  --constraint requirements/demo.txt \
	  --extra arrow --extra encoder --extra http --extra mlflow --extra postgres --extra serve pyproject.toml \
	  --output-file requirements/dev.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-strip-extras \
	  --custom-compile-command "make requirements" --quiet --upgrade --group build \
	  --constraint requirements/demo.txt \
	  --extra postgres --extra serve pyproject.toml --output-file requirements/serve.txt

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
	rm -rf .venv .venv-latest .venv-transformers .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
