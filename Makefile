# Two commands do everything on a fresh machine with Python 3.11 and make: `make demo`, `make test`.
SHELL := bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PY := $(VENV)/bin/python
DEV := $(VENV)/.dev
STACK := $(PY) -m sandbox.stack
WITH_SERVICES := $(STACK) services --

export PYTHONDONTWRITEBYTECODE ?= 1
export XDG_RUNTIME_DIR ?= /tmp

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(DEV): requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=…")'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

.PHONY: setup
setup: $(DEV) locale/ko/LC_MESSAGES/django.mo ## Virtual environment with the locked dependencies

locale/ko/LC_MESSAGES/django.mo: locale/ko/LC_MESSAGES/django.po $(DEV)
	@$(PY) -c 'import polib; polib.pofile("$<").save_as_mofile("$@")'

.PHONY: demo
demo: setup ## The whole platform with its sandbox; Ctrl-C stops it
	@exec $(STACK) demo

.PHONY: demo-check
demo-check: setup ## The main job without a person, compared with the exchange's ledger
	@exec $(STACK) demo --check

.PHONY: browser
browser: setup
	@bash .ci/browser

.PHONY: test
test: setup browser ## Every test: unit, integration, browser
	@exec $(WITH_SERVICES) $(PY) -m pytest -n 2 --dist loadgroup -q

.PHONY: test-unit
test-unit: setup ## Unit tests alone, in seconds
	@exec $(PY) -m pytest tests/unit -q

.PHONY: fuzz
fuzz: setup ## The engine's invariants under random events, at length: make fuzz EXAMPLES=5000
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),2000) exec $(PY) -m pytest tests/fuzz -n 2 -q

.PHONY: lint
lint: setup ## Style, types, imports, templates, migrations, deployment
	@$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/djlint templates --check --lint --quiet
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy .
	$(VENV)/bin/deptry .
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(WITH_SERVICES) bash .ci/checks

.PHONY: format
format: setup ## Put the code into shape
	@$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(VENV)/bin/djlint templates --reformat --quiet || true

.PHONY: bench
bench: setup ## Speed against what binds physically: all parts, or make bench PARTS="B1 B5"
	@exec $(PY) -m benchmarks $(PARTS)

.PHONY: chaos
chaos: setup ## Every fault, the ledger compared: make chaos SEED=1 SEEDS=20 BROKER=rabbitmq
	@exec $(PY) -m chaos --seed $(or $(SEED),1) --seeds $(or $(SEEDS),1) \
	  --accounts $(or $(ACCOUNTS),200) --broker $(or $(BROKER),redis) --only "$(FAULTS)"

.PHONY: messages
messages: $(DEV) ## Collect the texts to translate (needs gettext)
	@SECRET_KEY=x DATABASE_URL=postgres://x@localhost/x REDIS_URL=redis://localhost \
	  $(PY) manage.py makemessages -l ko --no-location --no-wrap --ignore .venv --ignore build
	rm -f locale/ko/LC_MESSAGES/django.mo
	$(MAKE) locale/ko/LC_MESSAGES/django.mo

.PHONY: lock
lock: ## Lock the dependencies anew (needs uv)
	@for part in "base:" "local:--extra local" "dev:--extra local --extra dev"; do
	  uv pip compile pyproject.toml $${part#*:} --upgrade --generate-hashes --universal \
	    --python-version 3.11 --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" -q -o requirements/$${part%%:*}.txt
	done

.PHONY: clean
clean: ## Remove what was built
	@rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
