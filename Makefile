# make run: everything a fresh machine needs, then Aurora. make test: the same for the tests. Nothing else is needed.
VENV := .venv
PY ?= python3
AURORA := $(VENV)/bin/aurora
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
PACKAGES := chromium prometheus prometheus-node-exporter prometheus-alertmanager postgresql pgbouncer redis-server mariadb-server git

.PHONY: run test check bench docs packages clean

run: $(STAMP)
	@exec $(AURORA) up $(ARGS)

test: $(DEV_STAMP) packages
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(DEV_STAMP)
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/mypy

bench: $(STAMP)
	@$(AURORA) bench $(ARGS)

docs: $(STAMP)
	@$(VENV)/bin/python -m aurora.docs

$(VENV)/bin/python:
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Aurora needs Python 3.11 or newer; set PY=python3.12 or such")'
	$(PY) -m venv $(VENV)

$(STAMP): $(VENV)/bin/python requirements.txt requirements-files.txt pyproject.toml
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-files.txt
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_STAMP): $(STAMP) requirements-dev.txt
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# System packages for the tests with real servers and a real browser; where they cannot be had, those tests say so.
packages:
	@sh tests/packages.sh $(PACKAGES)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
