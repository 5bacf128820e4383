# make demo        upscale real photographs in a fresh environment
# make check       format, lint, types and the fast tests: for every day, a minute or so
# make test        the same with every test
# make test-hosts  the plug-ins in the real GIMP and Krita, which it installs (Debian, as root)
# make test-gpu    the engine on WebGPU, by a driver that computes on the processor (Debian, as root)
# make test-ui     the page of `ganfx ui` in a real Chromium, which it installs (Debian, as root)
# make test-api    the service against its OpenAPI document, by schemathesis
# make test-foreign  a checkpoint of every architecture that spandrel knows, imported; takes an hour
# make fuzz        strange bytes for everything that parses, SECONDS=60 for each target
# make docs        the documentation site, into build/site
# make manual      the manual pages anew, where a command has changed
# make lock        the locked versions of all dependencies anew, with hashes
# make audit       known vulnerabilities of the locked versions, where the network is there
# make dist        wheel and sdist, tried in an empty environment of each Python that is here
PYTHON ?= python3
SECONDS ?= 60
BASE := .venv/base
DEV := .venv/dev
DIST := .venv/dist
API := .venv/api
LOCK := .venv/lock
PIP_FLAGS := --quiet --disable-pip-version-check
# What is locked comes with the hashes of its files, and all of it is in the lock: pip looks for nothing else.
LOCKED := $(PIP_FLAGS) --require-hashes --no-deps
# The lock has setuptools, too.
EDITABLE := $(PIP_FLAGS) --no-build-isolation --editable
UV_COMPILE := uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --excludes .ci/unlocked.txt

.PHONY: demo check lint test test-hosts test-gpu test-ui test-api cluster-ready test-cluster test-foreign fuzz docs architecture manual lock audit dist format clean

$(BASE)/ready: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(BASE)
	$(BASE)/bin/pip install $(LOCKED) --requirement requirements.lock
	$(BASE)/bin/pip install $(EDITABLE) . --no-deps
	touch $@

$(DEV)/ready: pyproject.toml requirements-dev.lock
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/pip install $(LOCKED) --requirement requirements-dev.lock
	$(DEV)/bin/pip install $(EDITABLE) ".[train,import,eval,gpu,docs,dev]"
	touch $@

$(LOCK)/ready:
	$(PYTHON) -m venv $(LOCK)
	$(LOCK)/bin/pip install $(PIP_FLAGS) "uv>=0.9" "pip-audit>=2.9"
	touch $@

$(DIST)/ready:
	$(PYTHON) -m venv $(DIST)
	$(DIST)/bin/pip install $(PIP_FLAGS) "build>=1.2" "twine>=6.1"
	touch $@

$(API)/ready: pyproject.toml
	$(PYTHON) -m venv $(API)
	$(API)/bin/pip install $(PIP_FLAGS) "schemathesis>=4.32,<5"
	touch $@

demo: $(BASE)/ready
	PYTHON=$(BASE)/bin/python sh tests/demo.sh

lint: $(DEV)/ready
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/ruff check .
	$(DEV)/bin/mypy

check: lint
	$(DEV)/bin/pytest -m "not slow and not hosts and not gpu and not ui and not api and not cluster and not foreign" -n auto --maxprocesses 8

test: lint
	$(DEV)/bin/pytest

test-hosts: $(DEV)/ready
	sh tests/real_hosts/install.sh
	$(DEV)/bin/pytest -m hosts tests/real_hosts

test-gpu: $(DEV)/ready
	sh tests/real_hosts/install.sh
	GANFX_TEST_PROVIDER=webgpu sh tests/gpu/inside.sh $(DEV)/bin/python -m pytest -m "not hosts" tests/gpu tests/engine

test-ui: $(DEV)/ready
	sh tests/ui/install.sh
	$(DEV)/bin/pytest -m ui tests/ui

cluster-ready: $(DEV)/ready
	$(DEV)/bin/python -c "import moto, s3fs" || $(DEV)/bin/pip install $(PIP_FLAGS) --editable ".[s3,cluster-test]"

test-cluster: cluster-ready
	$(DEV)/bin/pytest -m "cluster and not slow" tests/cluster

test-api: $(DEV)/ready $(API)/ready
	$(DEV)/bin/pytest -m api tests/server/test_contract.py

test-foreign: $(DEV)/ready
	$(DEV)/bin/pytest -m foreign tests/foreign

fuzz: $(DEV)/ready
	-$(DEV)/bin/python -c "import atheris" || $(DEV)/bin/pip install $(PIP_FLAGS) --editable ".[fuzz]"
	$(DEV)/bin/python -m tests.fuzz.run --seconds $(SECONDS)

docs: $(DEV)/ready
	NO_MKDOCS_2_WARNING=1 $(DEV)/bin/mkdocs build --strict

architecture: $(DEV)/ready
	$(DEV)/bin/python docs/hooks/rooms.py

manual: $(DEV)/ready
	$(DEV)/bin/python docs/hooks/manual.py

lock: $(LOCK)/ready
	rm -f requirements.lock requirements-dev.lock
	$(LOCK)/bin/python .ci/build_requires.py | $(LOCK)/bin/$(UV_COMPILE) --output-file requirements.lock pyproject.toml -
	$(LOCK)/bin/python .ci/build_requires.py | $(LOCK)/bin/$(UV_COMPILE) --output-file requirements-dev.lock \
		--constraints requirements.lock --extra train --extra import --extra eval --extra gpu --extra docs --extra dev pyproject.toml -

audit: $(LOCK)/ready
	@$(LOCK)/bin/python .ci/audit.py

dist: $(DIST)/ready
	rm -rf dist build/lib
	$(DIST)/bin/python -m build --outdir dist .
	$(DIST)/bin/twine check --strict dist/*
	$(DIST)/bin/python tests/dist.py dist

format: $(DEV)/ready
	$(DEV)/bin/ruff format .
	$(DEV)/bin/ruff check --fix .

clean:
	rm -rf .venv build dist demo *.egg-info
