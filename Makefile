# Each target works alone on a machine with make and Python 3.11, 3.12 or 3.13:
# it creates .venv, installs the tested versions there, and runs.

VENV      := .venv
BIN       := $(VENV)/bin
INSTALLED := $(VENV)/.installed
WORKERS   ?= 2
# The interpreters tried, in this order; `make PYTHON=/path/to/python3.12 test` names one.
PYTHON    ?= python3.11 python3.12 python3.13 python3

.PHONY: help compare test lint bench thorough format clean

help:
	@echo "make compare   train every system in NumPy and in Keras, and show that they agree"
	@echo "make test      lint, type check and all tests (under 20 minutes on two cores)"
	@echo "make bench     how fast every system is against Keras"
	@echo "make thorough  the tests with many more examples, XLA and the other back-ends"
	@echo "make format    format the source"
	@echo "make clean     remove caches and builds (the environment stays; remove .venv by hand)"

compare: $(INSTALLED)
	@missed=0; \
	for dtype in float64 float32; do \
	    $(BIN)/numpynn compare --all --dtype $$dtype || missed=1; \
	done; \
	exit $$missed

test: lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict numpynn kerasref

bench: $(INSTALLED)
	$(BIN)/numpynn bench --all
	$(BIN)/python -m pytest benchmarks

thorough: $(INSTALLED)
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf build dist *.egg-info .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all]'
	@touch $@

$(BIN)/python:
	@for python in $(PYTHON); do \
	    if $$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	        2>/dev/null; then \
	        echo "creating $(VENV) with $$($$python --version)"; \
	        exec $$python -m venv $(VENV); \
	    fi; \
	done; \
	echo "Python 3.11, 3.12 or 3.13 with its venv module is needed (TensorFlow has no other)." >&2; \
	echo "Tried: $(PYTHON). Install one, or name it: make PYTHON=/path/to/python3.12" >&2; \
	exit 1
