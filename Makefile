# Every chore has one name, the same for people and for CI. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
# The first interpreter of a supported version; override with `make PYTHON=/path/to/python3.12 ...`.
PYTHON ?= $(shell for p in python3.12 python3.13 python3.11 python3; do \
	$$p -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
# Linear algebra libraries would start one thread per core in every worker otherwise.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help setup setup-dev demo serve test lint format protos node contract contract-record bench bench-quick soak doctor docs lock wheelhouse clean

help: ## list the chores
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' Makefile

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.13 was not found. Install it, or name it: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Creating the virtual environment failed. On Debian or Ubuntu: apt-get install -y python3-venv"; exit 1; }

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "Installing Station Matcher into $(VENV) (about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@echo "Compiling search and comparison for this processor ..."
	@$(BIN)/station-matcher index compile
	@touch $@

# The photograph that the demonstration shows, and no code: the package's own dependencies are left out.
$(VENV)/.installed-demo: $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps 'insightface>=0.7.3'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing the development tools ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@$(BIN)/python -c 'import cv2' 2>/dev/null || { $(BIN)/python -c 'import cv2' 2>&1 | tail -n 1; \
		echo "OpenCV cannot load its system libraries. On Debian or Ubuntu this line mends it:"; \
		echo "    apt-get install -y libgl1 libglib2.0-0"; exit 1; }
	@touch $@

setup: $(VENV)/.installed ## create .venv and install the service
setup-dev: $(VENV)/.installed-dev ## the same with the development tools

demo: $(VENV)/.installed-demo ## enroll and identify demonstration people, with pictures
	@$(BIN)/python -m benchmarks.demo

serve: setup ## start the server on 127.0.0.1
	@$(BIN)/station-matcher serve

doctor: setup ## say what is installed, ready and missing
	@$(BIN)/station-matcher doctor

test: setup-dev ## set everything up and run the tests
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: setup-dev ## ruff, mypy --strict, import contracts, generated code up to date
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m protos.generate --check

format: setup-dev ## rewrite the code in the project's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

protos: setup-dev ## regenerate the gRPC code
	@$(BIN)/python -m protos.generate

# Node's packages for the tests of other languages, from a lock without addresses.
NODE := build/node
BUF := $(NODE)/node_modules/.bin/buf
$(NODE)/.installed: tests/clients/package-lock.json tests/clients/package.json tests/clients/.npmrc
	@mkdir -p $(NODE)
	@cp tests/clients/package.json tests/clients/package-lock.json tests/clients/.npmrc $(NODE)/
	@cd $(NODE) && npm ci
	@touch $@

node: $(NODE)/.installed ## install what the tests of other languages need (Node 20)

contract: node ## buf: the .proto files in good form, and nothing that breaks clients of the last version
	@$(BUF) lint . --config protos/buf.yaml
	@$(BUF) breaking . --config protos/buf.yaml --against protos/last_version.binpb

contract-record: node ## at a release: the .proto files of today are the last version
	@$(BUF) build . --config protos/buf.yaml --exclude-source-info -o protos/last_version.binpb

bench: setup-dev ## run the benchmarks and write BENCHMARKS.md
	@$(BIN)/python -m benchmarks report

bench-quick: setup-dev ## quick profile against the committed baseline (at most 3 minutes)
	@$(BIN)/python -m benchmarks quick

soak: setup-dev ## the long rounds: crashes, malformed inputs, load
	@$(BIN)/python -m pytest -m soak --timeout=0 $(PYTEST_ARGS)

$(VENV)/.installed-docs: $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

docs: $(VENV)/.installed-docs ## the documentation as a site in build/site; a warning is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "build/site/index.html"

# It solves for every supported Python at once, and for another than ours.
build/uv/bin/uv: | $(BIN)/python
	@$(BIN)/python -m venv build/uv
	@build/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
UV_COMPILE = build/uv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --system-certs

lock: build/uv/bin/uv ## write requirements/server.txt: every package of a server, by version and hash
	@$(UV_COMPILE) --universal --python-version 3.11 --custom-compile-command 'make lock' \
		--output-file requirements/server.txt $(LOCK_ARGS) pyproject.toml

# Of the Python of the machine that will use it: make wheelhouse WHEELS_FOR=3.13
WHEELS_FOR ?= $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
PLATFORMS = manylinux_2_28_x86_64 manylinux_2_27_x86_64 manylinux_2_17_x86_64 manylinux2014_x86_64
wheelhouse: build/uv/bin/uv ## fill wheelhouse/ with all that a server without a network needs
	@rm -rf wheelhouse
	@mkdir wheelhouse
	@echo "Collecting packages for Python $(WHEELS_FOR) on Linux (300 MB) ..."
	@$(UV_COMPILE) --python-version $(WHEELS_FOR) --python-platform x86_64-manylinux_2_28 --no-annotate \
		--custom-compile-command 'make wheelhouse' --output-file wheelhouse/server.txt requirements/server.txt
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir wheelhouse .
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --require-hashes --only-binary=:all: --no-deps \
		--python-version $(WHEELS_FOR) $(PLATFORMS:%=--platform %) --dest wheelhouse -r wheelhouse/server.txt
	@echo "Carry wheelhouse/ to the machine, and there:"
	@echo "    python3 -m venv /opt/station-matcher"
	@echo "    /opt/station-matcher/bin/pip install --no-index --find-links wheelhouse --require-hashes -r wheelhouse/server.txt"
	@echo "    /opt/station-matcher/bin/pip install --no-index --no-deps wheelhouse/station_matcher-*.whl"

clean: ## remove .venv and caches; databases and packs stay
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
