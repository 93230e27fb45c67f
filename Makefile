# Everything a developer says to the project. `make help` lists it.
# A stamp file stands for each thing set up, so that a second run has nothing to do.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The oldest Python that will do, so that what works here works on every supported one.
SYSTEM_PYTHON ?= $(shell command -v python3.11 || command -v python3)
PYTHON := .venv/bin/python
WEB_SOURCES := $(shell find web/src web/public -type f 2>/dev/null) \
	$(wildcard web/*.html web/*.ts web/*.json)

.PHONY: help setup run check test bench soak new lock api-types manual needs format
help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: .venv/.ready web/dist/.ready ## install what the product needs; the program is then .venv/bin/intercanal

run: setup ## serve a demonstration tenant on http://127.0.0.1:8080
	$(PYTHON) -m intercanal.apps.demo --data .data/demo --port 8080

check: .venv/.ready web/node_modules/.ready ## lint, types, contracts, house, unit tests
	$(PYTHON) -m tools.verify check

test: setup needs ## every check and every test
	$(PYTHON) -m tools.verify test

format: .venv/.ready web/node_modules/.ready ## put the source in its usual shape
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .
	cd web && npx --no-install biome check --write .

bench: setup ## measure everything (bench/results/)
	$(PYTHON) -m tools.benches

bench-%: setup
	$(PYTHON) -m tools.benches $*

soak: setup needs ## the long forms: hours, hundreds of faults
	$(PYTHON) -m pytest -m soak --timeout=0

new: .venv/.ready ## make the places of a new feature: make new FEATURE=word
	$(PYTHON) -m tools.new $(FEATURE)

api-types: .venv/.ready web/node_modules/.ready ## write web/src/api/schema.ts from the server's own description
	$(PYTHON) -m tools.api_types

manual: .venv/.ready ## write docs/settings.md from the program
	$(PYTHON) -m intercanal.apps.manual > docs/.settings.md && mv docs/.settings.md docs/settings.md

lock: .venv/.ready ## choose versions anew; the locks keep hashes and no download address
	$(PYTHON) -m tools.lock
	cd web && npm install --package-lock-only

needs: ## install the other programs that tests use (Debian; needs root)
	@$(SYSTEM_PYTHON) tools/needs.py --install

.venv/.ready: locks/dev.txt pyproject.toml
	$(SYSTEM_PYTHON) tools/needs.py --python
	test -x $(PYTHON) || $(SYSTEM_PYTHON) -m venv .venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/dev.txt
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

web/node_modules/.ready: web/package-lock.json web/package.json
	cd web && npm ci --no-audit --no-fund
	touch $@

web/dist/.ready: web/node_modules/.ready $(WEB_SOURCES)
	cd web && npm run --silent build
	touch $@
