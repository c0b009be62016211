# PYTHON, VENV, TORCH_INDEX, PORT and BROWSER may be set; the README says what for.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# pip says what it fetches; a hosted run's log stays short.
PIP := $(BIN)/python -m pip install $(if $(CI),--quiet) --disable-pip-version-check

lab: $(VENV)/lab.installed
	$(BIN)/course lab

# Two workers. tests/conftest.py says which tests stay together, and which begin.
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder

lint: $(VENV)/test.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo --no-cache

quick: lint
	$(PYTEST) -m "not (slow or full or browser or grading or prove)" --hypothesis-profile quick

test: lint
	$(PYTEST) -m "not (full or prove)"

full: lint
	$(PYTEST) -m "not prove"

# It takes hours; make prove TESTS=tests/grading proves a part, and leaves the rest as it was.
prove: lint
	$(BIN)/python tests/proof.py $(PYTEST) --hypothesis-profile prove $(TESTS)

bank: $(VENV)/test.installed
	$(BIN)/python tests/quizzes/bank.py

same: $(VENV)/test.installed
	$(BIN)/python tests/quizzes/same_scores.py

build: $(VENV)/lab.installed
	$(BIN)/course build

bench: $(VENV)/bench.installed
	$(BIN)/python benchmarks/run.py

# The C library would give large blocks back and fault them in again: training is 5 times slower so.
model calculator: export MALLOC_MMAP_THRESHOLD_ = 10000000000
model calculator: export MALLOC_TRIM_THRESHOLD_ = 10000000000
model: $(VENV)/test.installed
	$(BIN)/course train --corpus $(CORPUS)

calculator: $(VENV)/lab.installed
	$(BIN)/course train --calculator

# torch first and alone: any other way may take a build with several gigabytes of CUDA.
$(VENV)/lab.installed: pyproject.toml
	@echo "1/3 a virtual environment in $(VENV): some seconds"
	$(PYTHON) -m venv $(VENV)
	@echo "2/3 torch, 200 MB for a CPU, several GB with CUDA: a minute or more"
	$(PIP) torch==2.13.0 $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	@echo "3/3 JupyterLab, nbgrader and the course: a minute or so"
	$(PIP) --editable .
	touch $@

$(VENV)/test.installed: $(VENV)/lab.installed
	@echo "The tools of tests, grading, training and pages: a minute or so"
	$(PIP) --editable '.[test,grading,models,train,site,classroom]'
	touch $@

$(VENV)/bench.installed: $(VENV)/test.installed
	@echo "The other runtimes that make bench measures, 80 MB: a minute or less"
	$(PIP) --editable '.[bench]'
	touch $@

.PHONY: lab lint quick test full prove bank same build bench model calculator
