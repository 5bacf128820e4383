# make demo   upscale real photographs in a fresh environment      make test   format, lint, types, all tests
PYTHON ?= python3
BASE := .venv/base
DEV := .venv/dev
PIP_FLAGS := --quiet --disable-pip-version-check

.PHONY: demo test format clean

$(BASE)/ready: pyproject.toml
	$(PYTHON) -m venv $(BASE)
	$(BASE)/bin/pip install $(PIP_FLAGS) --editable .
	touch $@

$(DEV)/ready: pyproject.toml
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/pip install $(PIP_FLAGS) --editable ".[train,import,dev]"
	touch $@

demo: $(BASE)/ready
	PYTHON=$(BASE)/bin/python sh tests/demo.sh

test: $(DEV)/ready
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/ruff check .
	$(DEV)/bin/mypy
	$(DEV)/bin/pytest

format: $(DEV)/ready
	$(DEV)/bin/ruff format .
	$(DEV)/bin/ruff check --fix .

clean:
	rm -rf .venv build demo *.egg-info
