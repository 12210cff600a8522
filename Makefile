# Each target does everything it needs from a fresh clone.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
APT_LINE := sudo apt-get install -y make git python3 python3-venv chromium \
  libmodbus-dev gcc libc6-dev mbpoll socat influxdb nginx-light

.PHONY: demo test test-long install bench soak lock docs clean
.DEFAULT_GOAL := install

demo: install
	$(BIN)/energiewaage demo

test: install check-browser check-modbus check-influx
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -m "not long" $(PYTEST_ARGS)

test-long: install check-browser check-modbus check-influx
	$(BIN)/pytest -m long $(PYTEST_ARGS)

PEERS := build/peers
bench: install check-modbus check-influx $(if $(filter peers,$(ONLY)),$(PEERS)/.installed)
	@$(BIN)/python -m tests.benchmarks $(ONLY) $(if $(SEED),--seed $(SEED)) $(if $(SIZES),--sizes $(SIZES))

# Other tools for planning, in an environment of their own: nothing of ours needs them.
$(PEERS)/.installed: tests/benchmarks/peers.lock
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tests/benchmarks/peers.lock
	@touch $@

soak: install
	$(BIN)/energiewaage demo --headless --days $(or $(DAYS),14) --seed $(or $(SEED),1) --json

docs: install
	$(BIN)/python -m tools.write_schemas

lock:
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet --disable-pip-version-check pip-tools
	build/lock/bin/pip-compile --quiet --strip-extras --allow-unsafe --no-header --no-annotate --generate-hashes \
	  --extra test --all-build-deps --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --output-file requirements.lock pyproject.toml
	build/lock/bin/pip-compile --quiet --strip-extras --allow-unsafe --no-header --no-annotate --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --output-file tests/benchmarks/peers.lock tests/benchmarks/peers.in

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "Python 3.11 or newer is needed. On Debian: $(APT_LINE)" >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "Python's venv module is missing. On Debian: $(APT_LINE)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

.PHONY: check-browser
check-browser:
	@command -v chromium >/dev/null \
	  || { echo "chromium is missing: the tests open the dashboard in it. On Debian: $(APT_LINE)" >&2; exit 2; }

.PHONY: check-modbus
check-modbus:
	@for tool in gcc mbpoll socat; do command -v $$tool >/dev/null \
	  || { echo "$$tool is missing: the tests talk to real Modbus devices with it. On Debian: $(APT_LINE)" >&2; exit 2; }; done
	@echo '#include <modbus/modbus.h>' | gcc -E -x c - >/dev/null 2>&1 \
	  || { echo "libmodbus is missing: the tests compile a Modbus server with it. On Debian: $(APT_LINE)" >&2; exit 2; }

.PHONY: check-influx
check-influx:
	@for tool in influxd nginx; do PATH="$$PATH:/usr/sbin" command -v $$tool >/dev/null \
	  || { echo "$$tool is missing: the tests talk to a real InfluxDB behind it. On Debian: $(APT_LINE)" >&2; exit 2; }; done

clean:
	rm -rf $(VENV) build dist
