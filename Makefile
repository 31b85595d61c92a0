# The only entry point: every target here is what CI runs. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help book test serve lab execute exercises lint format system-deps repository clean install coverage notebooks unit demo-class quick mutants records student-edition

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2
PORT ?= 8000
NOTEBOOKS := book $(wildcard solutions)
DEBIAN_PACKAGES := chromium bubblewrap dataset-fashion-mnist postgresql
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Full data sets, where the folder beside the project is there; everything passes without it.
ifneq ($(wildcard ../shared/data),)
export CNNCOURSE_DATA ?= $(abspath ../shared/data)
endif

help: ## Show what you can do here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---------------------------------------------------------------- installing

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, got $$($(PYTHON) --version 2>&1) — try: make PYTHON=python3.12 …"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "No virtual environment could be made — on Debian or Ubuntu: apt install python3-venv"; exit 2; }

# The pages are built from stored outputs: no torch, so that this takes a minute.
$(VENV)/book.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing what building the book needs …"
	@$(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['book'], sep='\n')" > $(VENV)/book.txt
	@$(PIP) -r $(VENV)/book.txt
	@touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing the package and everything that work on it needs (a few minutes the first time) …"
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/book.stamp

install: $(VENV)/dev.stamp ## Install the package, JupyterLab, nbgrader and the tools into .venv

system-deps: ## Install Debian packages that some tests need (as root)
	@if ! command -v apt-get > /dev/null; then \
	  echo "No apt-get here: tests that need $(DEBIAN_PACKAGES) will skip."; \
	elif dpkg --status $(DEBIAN_PACKAGES) > /dev/null 2>&1; then \
	  :; \
	elif [ "$$(id -u)" -ne 0 ]; then \
	  echo "Not root: tests that need $(DEBIAN_PACKAGES) may skip — run: sudo make system-deps"; \
	else \
	  apt-get update --quiet=2; \
	  for package in $(DEBIAN_PACKAGES); do \
	    DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends $$package \
	      || echo "$$package is not to be had here: tests that need it may skip."; \
	  done; \
	fi

# ---------------------------------------------------------------- using

book: $(VENV)/book.stamp ## Build the book into _build/html
	@$(BIN)/jupyter-book build . --all --warningiserror --nitpick --keep-going --quiet
	@test -f _build/html/book/intro.html || { echo "No pages were built in _build/html — is jupyter-book 1.x installed? (make clean book)"; exit 2; }
	@echo "The book is in _build/html — open _build/html/index.html, or run: make serve"

serve: book ## Read the book at http://localhost:8000
	@echo "The book is at http://localhost:$(PORT) — Ctrl-C stops it"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

lab: install ## Open JupyterLab, with nbgrader's formgrader
	@$(BIN)/jupyter lab

# begin instructors
demo-class: install ## Grade a made-up class of forty in front of you, hostile answers and all (half a minute)
	@$(BIN)/python -m tools.demo_class --workers $(JOBS)
# end instructors

execute: install ## Run every notebook again and store clean outputs
	@$(BIN)/python tools/notebooks.py execute --jobs $(JOBS) $(NOTEBOOKS)

# begin instructors
exercises: install ## Make the students' notebooks from the instructor's
	@$(BIN)/python tools/exercises.py

student-edition: install ## The course without solutions, banks and hidden tests: OUT=FOLDER, URL=https://github.com/you/repo
	@$(BIN)/python -m tools.student_edition "$(OUT)" $(if $(URL),--url "$(URL)")
# end instructors

# ---------------------------------------------------------------- checking

STAGES := system-deps install lint book unit notebooks
test: ## Install everything and run every check
	@for stage in $(STAGES); do \
	  began=$$(date +%s); \
	  $(MAKE) --no-print-directory $$stage || exit $$?; \
	  times="$$times · $$stage $$(($$(date +%s) - began)) s"; \
	done; \
	echo "All checks passed$$times"

# begin instructors
quick: install ## Check style, the tests of what changed since main, and changed notebooks (3 minutes)
	@$(BIN)/python -m tools.quick --jobs $(JOBS)
# end instructors

lint: install ## Check style, types, notebooks and generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff check --quiet --preview --select PLW1514 . # open() without an encoding reads Windows' code page
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python tools/notebooks.py normalise --check $(NOTEBOOKS) exercises
# begin instructors
	@$(BIN)/python tools/exercises.py --check
# end instructors

unit: install
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --durations=10 $(COVERAGE)

coverage: ## Run the unit tests and say which lines none of them reaches (takes a third longer)
	@$(MAKE) --no-print-directory unit COVERAGE="--cov --cov-report=term-missing:skip-covered --cov-fail-under=90"

notebooks: install
	@OMP_NUM_THREADS=1 CNNCOURSE_SCALE=smoke PYTHONHASHSEED=0 $(BIN)/python -m pytest --nbval -p tests.notebooks.strict --nbval-cell-timeout=300 -n $(JOBS) --dist loadfile -o addopts= $(NOTEBOOKS)

# begin instructors
mutants: install ## Try small mistakes in the solutions: which ones does no test cell see? (ONLY="02 18")
	@OMP_NUM_THREADS=1 $(BIN)/python -m tools.mutants $(ONLY)

records: install ## Say which recorded runs are missing; make them in the time given: BUDGET=9m
	@$(BIN)/python -m tools.records $(if $(BUDGET),--budget $(BUDGET))
# end instructors

format: install ## Put code and notebooks in the project's form
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/python tools/notebooks.py normalise $(NOTEBOOKS) exercises

repository: $(BIN)/python ## Point every link at your fork: make repository URL=https://github.com/you/repo
	@$(BIN)/python tools/repository.py "$(URL)"

clean: ## Remove what was built; keeps .venv and graded work
	rm -rf _build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
