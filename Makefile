# PYTHON, VENV, TORCH_INDEX, PORT and BROWSER may be set; the README says what for.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

lab: $(VENV)/lab.installed
	$(BIN)/course lab

test: $(VENV)/test.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python -m pytest

bank: $(VENV)/test.installed
	$(BIN)/python tests/quizzes/bank.py

same: $(VENV)/test.installed
	$(BIN)/python tests/quizzes/same_scores.py

build: $(VENV)/lab.installed
	$(BIN)/course build

bench: $(VENV)/test.installed
	$(BIN)/python benchmarks/run.py

# The C library would give large blocks back and fault them in again: training is 5 times slower so.
model: export MALLOC_MMAP_THRESHOLD_ = 10000000000
model: export MALLOC_TRIM_THRESHOLD_ = 10000000000
model: $(VENV)/test.installed
	$(BIN)/course train --corpus $(CORPUS)

# torch first and alone: any other way may take a build with several gigabytes of CUDA.
$(VENV)/lab.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0 $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(PIP) --editable .
	touch $@

$(VENV)/test.installed: $(VENV)/lab.installed
	$(PIP) --editable '.[test,grading,oracle,train,site,classroom]'
	touch $@

.PHONY: lab test bank same build bench model
