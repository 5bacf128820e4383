# make demo   upscale real photographs in a fresh environment      make test   format, lint, types, all tests
# make test-hosts   the plug-ins in the real GIMP and Krita, which it installs (Debian, as root)
PYTHON ?= python3
BASE := .venv/base
DEV := .venv/dev
PIP_FLAGS := --quiet --disable-pip-version-check

.PHONY: demo test test-hosts architecture format clean

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

test-hosts: $(DEV)/ready
	sh tests/real_hosts/install.sh
	$(DEV)/bin/pytest -m hosts tests/real_hosts

architecture: $(DEV)/ready
	$(DEV)/bin/python docs/hooks/rooms.py

format: $(DEV)/ready
	$(DEV)/bin/ruff format .
	$(DEV)/bin/ruff check --fix .

clean:
	rm -rf .venv build demo *.egg-info
