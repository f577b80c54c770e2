# Everything runs from .venv; nothing needs to be activated. `make help` lists the targets.

PYTHON ?= python3
BIN := .venv/bin
RUN_STAMP := .venv/.installed
DEV_STAMP := .venv/.installed-dev

# A PYTHON that was asked for is taken or refused; else any version this was tried with will do.
PYTHONS := $(PYTHON) $(if $(filter file,$(origin PYTHON)),python3.13 python3.12 python3.11)
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/python -m piptools compile --quiet \
	--generate-hashes --no-emit-index-url --no-emit-find-links --strip-extras --allow-unsafe

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test nightly lint lock bench chaos scale clean

help: ## Show this list
	@echo "make run [PORT=8000] [VAR_DIR=var]   starts everything; DATABASE_URL names another database"
	@echo
	@sed -n 's/^\([a-z]*\):.*## /  \1\t/p' $(MAKEFILE_LIST)

# The last line of `run`, `test` and `nightly` is a plain command: make then starts it without a shell between,
# so that a signal to make reaches it.
run: $(RUN_STAMP) ## Start the product with demo data; Ctrl-C stops it
	@$(BIN)/python manage.py run

test: $(DEV_STAMP) ## Run the whole suite on a PostgreSQL of its own (ARGS= for pytest)
	@$(BIN)/python -m tests.run $(ARGS)

nightly: export NIGHTLY = 1
nightly: $(DEV_STAMP) ## Run the whole suite with more than 10,000 seeded differences (ARGS= for pytest)
	@$(BIN)/python -m tests.run $(ARGS)

lint: export SECRET_KEY ?= only-for-checking
lint: $(DEV_STAMP) ## Check style, types, layers and migrations
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

lock: $(DEV_STAMP) ## Write both lock files anew from pyproject.toml (ARGS=--upgrade)
	$(COMPILE) $(ARGS) --output-file requirements.lock pyproject.toml
	$(COMPILE) $(ARGS) --extra dev -c requirements.lock --output-file requirements-dev.lock pyproject.toml

bench: $(DEV_STAMP) ## Measure speed and growth, write docs/bench.md (ARGS=--help)
	@$(BIN)/python -m tests.bench $(ARGS)

chaos: $(DEV_STAMP) ## Kill, freeze and mislead what runs; some 40 min (ARGS=--help)
	@$(BIN)/python -m tests.chaos $(ARGS)

scale: $(DEV_STAMP) ## Measure, kill and simulate several processes with a replica
	@$(BIN)/python -m tests.scale $(ARGS)

clean: ## Remove .venv and caches; the data in var/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN_STAMP): requirements.lock | $(BIN)/python
	@$(call install,the dependencies,20)

$(DEV_STAMP): requirements-dev.lock | $(BIN)/python
	@$(call install,the dependencies for development,45)

# The stamp is a copy of the lock, so that a newer file with the same content installs nothing.
define install
if ! cmp -s $< $@; then \
	echo "Installing $(1), about $(2) s ..."; \
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null || exit 1; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-input \
		--require-hashes -r $< || exit 1; \
fi; \
cp $< $@
endef

$(BIN)/python:
	@new=; usable=; \
	for python in $(PYTHONS); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		new=$${new:-$$python}; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null && { usable=$$python; break; }; \
	done; \
	if [ -z "$$new" ]; then \
		echo "Python 3.11 or newer is needed; $(PYTHON) is: $$($(PYTHON) --version 2>&1 | head -n 1)" >&2; \
		echo "Name another one with: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	if [ -z "$$usable" ]; then \
		echo "$$new cannot make a virtual environment: its ensurepip module is missing." >&2; \
		echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; \
		exit 1; \
	fi; \
	echo "Making .venv with $$("$$usable" --version), about 5 s ..."; \
	"$$usable" -m venv --clear .venv
