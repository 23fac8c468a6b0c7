# Two commands on a fresh machine with git, python3 >= 3.11 and make: `make demo`, or `make install` and then `sweeptree`.
# Every path below is relative, so the folder's own path may hold spaces.

BIN := .venv/bin
PY := $(BIN)/python
UV ?= uv
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links $(UPGRADE)
# At most four processes: the tests that need Prefect share one server, which is what they wait for.
PYTEST = $(PY) -m pytest -n auto --maxprocesses 4 --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help demo install test check bench build lock clean .venv-dev

help: ## What there is
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/make \1	\2/p' Makefile | expand -t 16

demo: install ## A real sweep on ECG records: leaderboard, report and Prefect UI at the end
	@$(BIN)/sweeptree demo

install: ## The environment .venv with the command sweeptree in it
	@requirements/install.sh run

test: .venv-dev ## Every test
	$(PYTEST)

check: .venv-dev ## Format, lint, types, layers and the core tests, in some two to four minutes
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m mypy examples/ecg
	$(BIN)/lint-imports --no-cache --no-logo
	$(PYTEST) -q -m "not slow" tests/core

bench: .venv-dev ## The benchmarks
	$(PY) -m tests.bench

build: .venv-dev ## dist/: sdist and wheel
	$(PY) -m build --no-isolation

lock: ## Make requirements/ fit pyproject.toml again (needs uv and the public index alone; newest versions: make lock UPGRADE=--upgrade)
	$(LOCK) pyproject.toml --group build --output-file requirements/run.txt >/dev/null
	$(LOCK) --group installer --output-file requirements/uv.txt >/dev/null
	$(LOCK) pyproject.toml --all-extras --group dev --constraints requirements/run.txt --output-file requirements/dev.txt >/dev/null

clean: ## Remove build outputs and caches; .venv, results and .sweeptree stay
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.venv/*' -not -path './.sweeptree/*' -prune -exec rm -rf {} +

.venv-dev:
	@requirements/install.sh dev
