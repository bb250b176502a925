# Needs a POSIX shell, make and Python 3.11 or later, nothing else. `make help` says what there is.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PORT ?= 8000
# Not from the environment: several tools export a HOST that means something else.
HOST := 127.0.0.1
SERVE ?= 1
# The first of these that is 3.11 or later and can make a virtual environment.
PYTHON ?= python3.14 python3.13 python3.12 python3.11 python3 python
# More for pytest or uv: make test ARGS="tests/reviews -x", make lock ARGS=--upgrade
ARGS ?=
POSTGRES_URL ?= postgres://postgres@127.0.0.1:5432/postgres
REDIS_URL ?= redis://127.0.0.1:6379/5

VENV := .venv
PY := $(VENV)/bin/python
INSTALL := $(PY) -m pip --disable-pip-version-check --no-input install --quiet --require-hashes
RUNTIME := $(VENV)/runtime.installed
DEV := $(VENV)/dev.installed
# What the tests must not inherit from a shell in which somebody runs Winnow.
PLAIN := env -u DATABASE_URL -u WINNOW_BROKER_URL -u WINNOW_MODEL -u WINNOW_API_BASE -u WINNOW_ALLOWED_HOSTS

.PHONY: help run test check lint test-postgres test-browser lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

run: $(RUNTIME) ## everything on this machine until Ctrl-C; PORT=8001, SERVE=0 (do all of it and stop)
	@exec $(PY) manage.py up --host $(HOST) --port $(PORT) $(if $(filter 0 no false,$(SERVE)),--no-serve)

test: $(DEV) ## the test suite on SQLite; ARGS="tests/reviews -x" for a part of it
	@$(PLAIN) $(PY) -m pytest -n auto $(ARGS)

check: lint test ## what a contributor runs before asking for a review

lint: $(DEV)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy .
	@$(PLAIN) $(PY) manage.py makemigrations --check --dry-run

test-postgres: $(DEV) ## the suite on PostgreSQL and Redis; POSTGRES_URL=..., REDIS_URL=...
	@DATABASE_URL="$(POSTGRES_URL)" WINNOW_BROKER_URL="$(REDIS_URL)" \
		$(PY) -m pytest -n auto -m "not browser" $(ARGS)

test-browser: $(DEV) ## the pages in headless Chromium, which must be installed
	@DJANGO_ALLOW_ASYNC_UNSAFE=true $(PLAIN) $(PY) -m pytest -m browser $(ARGS)

lock: ## write both lock files anew (maintainers; needs uv); ARGS=--upgrade for newer versions
	uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-header --no-annotate \
		$(ARGS) pyproject.toml -o requirements.lock
	uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-header --no-annotate \
		$(ARGS) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

clean: ## remove what can be made again; the data folder stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The interpreter is a link to the system's, so this also notices when that one has been replaced.
$(PY):
	@found= ; bare= ; \
	for candidate in $(PYTHON); do \
		"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		if "$$candidate" -c 'import ensurepip, venv' 2>/dev/null; then found="$$candidate"; break; fi; \
		bare="$${bare:-$$candidate}"; \
	done; \
	if [ -z "$$found" ] && [ -n "$$bare" ]; then \
		echo "$$bare is new enough, but cannot make virtual environments: its venv module is not installed." >&2; \
		echo "On Debian or Ubuntu: apt install python3-venv. Then run make again." >&2; exit 1; \
	fi; \
	if [ -z "$$found" ]; then \
		echo "Winnow needs Python 3.11 or later, and none of these is it: $(PYTHON)" >&2; \
		echo "Install one, or say where it is: make PYTHON=/path/to/python3.11 run" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$($$found --version)"; \
	"$$found" -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }

$(RUNTIME): requirements.lock $(PY)
	@echo "Installing the locked packages into $(VENV): about 110 MB, a minute or so, once"
	@$(INSTALL) -r requirements.lock
	@touch $@

# The development set holds the whole runtime set at the same versions (a test says so).
$(DEV): requirements-dev.lock requirements.lock $(PY)
	@echo "Installing the locked packages for development into $(VENV): about 180 MB, once"
	@$(INSTALL) -r requirements-dev.lock
	@touch $(RUNTIME) $@
