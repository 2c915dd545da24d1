# Everything a newcomer types: `make run` and `make test`. Both create .venv and install into it on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Each test process starts a Postgres of its own, so more processes than this gain little.
JOBS ?= 2
SECONDS ?= 600

.DEFAULT_GOAL := help
.PHONY: help run test test-full check bench docs fuzz

help: ## Show these targets.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

run: $(STAMP) ## Start everything: Postgres, data, API and dashboard, Dagster, worker. Ctrl-C ends it.
	@exec $(BIN)/stormcom up

test: $(STAMP) ## Run the tests.
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile $(ARGS)

test-full: $(STAMP) ## Run the tests at the sizes that are stated for production.
	STORMCOM_TEST_SCALE=full $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile $(ARGS)

check: $(STAMP) ## Check style, types and architecture.
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/architecture

bench: $(STAMP) ## Run the benchmarks: each prints ratios against peers measured in the same run.
	@for file in benchmarks/[a-z]*.py; do echo "== $$file"; \
	  $(BIN)/python -m "benchmarks.$$(basename "$$file" .py)" || exit 1; done

fuzz: $(STAMP) ## Send the API everything its OpenAPI document allows, and more, for SECONDS (600).
	$(BIN)/python -m tests.fuzzing.run $(SECONDS)

docs: $(STAMP) ## Write the generated files of docs/ anew from the program itself.
	$(BIN)/stormcom reference > docs/commands.md
	$(BIN)/stormcom reference --metrics > docs/metrics.md
	$(BIN)/stormcom reference --schema > docs/schema.md
	$(BIN)/stormcom reference --diagram > docs/er.md
	$(BIN)/stormcom reference --permissions > docs/permissions.md

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no '$(PYTHON)'. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "StormCom needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Name a newer one, e.g." \
	       "make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' can't make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing into $(VENV); the first time this downloads some hundred megabytes and takes minutes."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $(STAMP)
