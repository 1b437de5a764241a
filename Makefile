# Thin on purpose: each target is a command or two that can as well be typed by hand. `make help` lists them.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MANAGE = $(BIN)/python backend/sandbox/manage.py
# Whatever database the shell is set up for, what has to work without a server uses SQLite.
SERVERLESS := env -u DATABASE_URL -u REDIS_URL

# The address of `make demo`: http://127.0.0.1:$(PORT).
PORT ?= 8000
# A folder with the Open University Learning Analytics data set; without it, the demo has invented learners.
OULAD_PATH ?= ../shared/data/oulad
# The day of the course at which the demo stands.
OULAD_DAY ?= 120

# The languages that the package is translated into. What `make messages` prints at its end is still to be translated.
TRANSLATIONS := es

# The first interpreter that runs and is new enough. A version manager may offer a name that does not run.
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$name; break; }; done)

# `sandbox` is not installed: the tools that import it find it here.
export PYTHONPATH := backend

.PHONY: help install demo test test-e2e screenshots frontend-packages browser bench-1k bench-100k bench-1m test-services services-deps lint check-migrations format openapi contract messages constraints clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(STAMP) ## Create the environment, or bring it up to date

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer was not found; name one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	@touch $@

demo: $(STAMP) ## Run the sandbox with demo data at http://127.0.0.1:8000 (PORT=…, OULAD_PATH=…)
	$(MANAGE) migrate --verbosity 0
	@if [ -d "$(OULAD_PATH)" ]; then \
		echo "Loading $(OULAD_PATH), day $(OULAD_DAY)"; $(MANAGE) load_oulad "$(OULAD_PATH)" --day $(OULAD_DAY); \
	else \
		echo "Loading invented learners"; $(MANAGE) load_demo; \
	fi
	@PORT=$(PORT) $(MANAGE) demo
	$(MANAGE) runserver 127.0.0.1:$(PORT)

# What needs Node is left out of the tests, with a word, where there is none; CI must have it.
frontend-packages: ## Install the packages of frontend-contract, where there is Node
	@if command -v npm >/dev/null; then \
		cd frontend-contract; \
		test node_modules/.package-lock.json -nt package-lock.json || { npm ci --no-audit --no-fund --silent </dev/null; \
		touch node_modules/.package-lock.json; }; \
	else \
		echo "Node is not installed: the tests of frontend-contract are left out"; \
	fi

test: lint check-migrations frontend-packages ## All that needs no server: linters, types, layers, migrations, tests on SQLite
	$(SERVERLESS) $(BIN)/pytest -n auto --dist worksteal -m "not services" --ignore=tests/e2e $(PYTEST_ARGS)

# Apart, and one after the other: a browser beside the other tests on two cores is too slow to be believed.
test-e2e: $(STAMP) frontend-packages browser ## The group builder in Chromium, on a running sandbox (needs Node and Chromium)
	$(SERVERLESS) $(BIN)/pytest tests/e2e $(PYTEST_ARGS)

# The pictures of the documentation, from the running builder.
screenshots: $(STAMP) frontend-packages browser ## Take the pictures of the group builder again (needs Node, Chromium and OULAD_PATH)
	$(SERVERLESS) OULAD_PATH="$(abspath $(OULAD_PATH))" UPDATE_SCREENSHOTS=1 $(BIN)/pytest tests/e2e -k "real_data and story" $(PYTEST_ARGS)

browser:
	@if command -v npm >/dev/null && ! command -v "$${CHROMIUM:-chromium}" >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
				chromium fonts-liberation </dev/null; \
		else \
			echo "Chromium is not installed (Debian: chromium): the tests in a browser are left out"; \
		fi; \
	fi

bench-1k: services-deps ## Measure a course of 1,000 learners against hand-written SQL, on MariaDB
	$(BIN)/python benchmarks/run.py --size 1000

bench-100k: services-deps ## The same with 100,000 learners
	$(BIN)/python benchmarks/run.py --size 100000

bench-1m: services-deps ## The same with 1,000,000 learners
	$(BIN)/python benchmarks/run.py --size 1000000

test-services: services-deps frontend-packages ## The tests on each database that answers (MARIADB_*, POSTGRES_*, MYSQL_*, REDIS_URL)
	$(BIN)/python tests/services/run.py $(PYTEST_ARGS)

# mysqlclient is compiled: it needs a compiler, Python's headers and those of MariaDB's client library.
services-deps: $(STAMP)
	@if ! $(BIN)/python -c 'import MySQLdb, psycopg, redis' 2>/dev/null; then \
		packages=""; \
		command -v gcc >/dev/null || packages="$$packages gcc"; \
		command -v pkg-config >/dev/null || packages="$$packages pkg-config"; \
		pkg-config --exists mysqlclient 2>/dev/null || pkg-config --exists mariadb 2>/dev/null \
			|| pkg-config --exists libmariadb 2>/dev/null || packages="$$packages default-libmysqlclient-dev"; \
		$(BIN)/python -c 'import pathlib, sys, sysconfig; sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())' \
			|| packages="$$packages python3-dev"; \
		if [ -n "$$packages" ]; then \
			if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
				apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$packages </dev/null; \
			else \
				echo "To compile mysqlclient, install these Debian packages first:$$packages" >&2; exit 1; \
			fi; \
		fi; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[services]' -c constraints.txt; \
	fi

lint: $(STAMP) ## Style, formatting, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(SERVERLESS) $(BIN)/mypy
	$(BIN)/lint-imports

check-migrations: $(STAMP)
	$(SERVERLESS) $(MANAGE) makemigrations --check --dry-run

format: $(STAMP) ## Rewrite the Python code in the common style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

openapi: $(STAMP) ## Write openapi.yaml again from the code
	$(SERVERLESS) $(MANAGE) spectacular --file openapi.yaml --validate --fail-on-warn

contract: $(STAMP) ## Write the schemas and fixtures of frontend-contract again from the code
	$(SERVERLESS) $(MANAGE) write_contract

# Django collects into conf/locale by itself when it is started in the folder of the package. `locale` is a link to it:
# there Django finds an app's translations.
messages: $(STAMP) ## Collect the translatable texts and compile the translations (needs gettext)
	@command -v msgfmt >/dev/null || { echo "msgfmt is missing: install the Debian package gettext" >&2; exit 1; }
	cd backend/openedx_user_groups && PYTHONPATH=.. $(abspath $(BIN))/django-admin makemessages \
		$(addprefix --locale ,en $(TRANSLATIONS)) --no-obsolete --add-location file
	cd backend/openedx_user_groups && PYTHONPATH=.. $(abspath $(BIN))/django-admin compilemessages $(addprefix --locale ,$(TRANSLATIONS))
	@cd backend/openedx_user_groups/conf/locale && for locale in $(TRANSLATIONS); do \
		for what in untranslated only-fuzzy; do msgattrib --$$what --no-obsolete "$$locale/LC_MESSAGES/django.po"; done; \
	done

# In an environment of its own, so that nothing that was tried out by hand gets pinned.
constraints: ## Pin the newest versions of everything that is installed for development
	rm -rf build/constraints && "$(PYTHON)" -m venv build/constraints
	build/constraints/bin/python -m pip install --quiet '.[dev,services]'
	sed '/^[^#]/,$$d' constraints.txt > build/constraints.txt
	build/constraints/bin/python -m pip freeze --exclude openedx-user-groups >> build/constraints.txt
	mv build/constraints.txt constraints.txt

clean: ## Remove the environment, caches and local databases
	rm -rf .venv build dist backend/*.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis .tox
	find backend tests -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -maxdepth 3 -name '*.sqlite3*' -not -path './.git/*' -delete
