# What a person does with this repository; README.md tells more.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := contract datasets service server deployer parser simulation
VENDOR := server/nnt_server/static/vendor
INSTALLED := .venv/installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup up down env test check bench format

help:  ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

setup: $(INSTALLED) $(VENDOR)/.installed  ## install everything into .venv

up: setup  ## run Neural Net Tracker on this machine; Ctrl-C ends it
	@$(BIN)/python -m scripts.up

down: setup  ## end a Neural Net Tracker that runs elsewhere on this machine
	@$(BIN)/python -m scripts.up --stop

env:  ## write .env with new secrets, for docker compose; what is there already stays
	@scripts/env

test: setup  ## every test that this machine can run
	$(BIN)/python -m pytest

check: setup  ## ruff, mypy, who may import whom, bandit, and known holes in what is installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(PACKAGES) scripts
	$(BIN)/python -m scripts.audit

bench: setup  ## measure what is promised; results in bench/results.json and docs/benchmarks.md
	$(BIN)/python -m bench

format: setup  ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(INSTALLED): constraints.txt pyproject.toml $(PACKAGES:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"Python 3.11 to 3.13 is needed, {sys.executable} is {v[0]}.{v[1]}; choose another with make PYTHON=…")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt \
		--group single --group dev $(PACKAGES:%=--editable %)
	touch $@

$(VENDOR)/.installed: server/package.json server/package-lock.json $(INSTALLED)
	cd server && PATH="$(CURDIR)/$(BIN):$$PATH" && npm ci --silent --no-audit --no-fund && npm run --silent vendor
	touch $@
