# `make demo` and `make test` do all of their own set-up; `make lock` renews the pinned versions.

PYTHON ?= python3
CORES ?= 2
BIN := .venv/bin
INSTALLED := .venv/.installed

.DEFAULT_GOAL := install
.PHONY: install demo picture settings test lint lock clean

install: $(INSTALLED)

$(INSTALLED): envs/requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("unface needs Python 3.11 or newer; call make with PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r envs/requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: $(INSTALLED)
	$(BIN)/python -m demo.run --cores $(CORES)

# The README's picture, from the results of `make demo`.
picture: $(INSTALLED)
	$(BIN)/python -m demo.picture demo/results docs/demo.png

# config.yaml and the table of docs/settings.md, from the schema of the settings.
settings: $(INSTALLED)
	$(BIN)/python resources/write_settings.py

test: $(INSTALLED) lint
	$(BIN)/python -m pytest -n $$(($(CORES) + 1)) --dist worksteal  # one more than cores: some wait most of the time

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy
	$(BIN)/snakemake --lint

lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet uv
	.venv-lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header envs/requirements.in --output-file envs/requirements.lock
	rm -r .venv-lock

clean:
	rm -rf .venv demo/dicom demo/results
