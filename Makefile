# make run    set everything up, compile Whisper base for the host target, transcribe samples/jfk.wav
# make test   set everything up, run all tests
# make lint   ruff and pyright (strict)
# make clean  remove the environment, built artifacts and caches of the checkout

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PYTEST_FLAGS ?=

.PHONY: run test lint clean compiler python
.DELETE_ON_ERROR:

run: compiler $(VENV)/.run
	$(BIN)/aiebuild run samples/jfk.wav --model base

test: compiler $(VENV)/.dev
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

# The only system package needed. $CXX, if set, must work.
compiler:
	@for cxx in "$$CXX" g++ clang++ g++-15 g++-14 g++-13 g++-12 clang++-20 clang++-19 clang++-18 clang++-17 clang++-16; do \
	  if [ -n "$$cxx" ] && printf '#include <coroutine>\n#include <concepts>\nstd::suspend_always s; int main() {}\n' \
	    | $$cxx -std=c++20 -x c++ -fsyntax-only - >/dev/null 2>&1; then exit 0; fi; \
	done; \
	echo 'error: no C++20 compiler (g++ >= 12 or clang++ >= 16) found' >&2; \
	echo 'hint: sudo apt-get install g++' >&2; exit 3

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'error: no Python >= 3.11 found as $(PYTHON)' >&2; \
	  echo 'hint: sudo apt-get install python3 python3-venv, or make PYTHON=/path/to/python3.11' >&2; exit 3; }

$(BIN)/python: | python
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo 'error: $(PYTHON) cannot create virtual environments' >&2; \
	  echo 'hint: sudo apt-get install python3-venv' >&2; exit 3; }

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@

clean:
	rm -rf $(VENV) artifacts build dist .pytest_cache .ruff_cache .hypothesis
	find aiebuild tests -name __pycache__ -type d -prune -exec rm -rf {} +
