# make book    the site, in _build/html        make serve   show it at http://localhost:8000
# make test    every check                     make lint    style only
# make offline the book, the notebooks and the unit tests without network and CIFAR-10 data
# make results every committed result that is missing or out of date: hours, if it is all of them
#              (FLAGS=--dry-run only says which)
# make lock    renew requirements.lock         make clean   remove what was built (not .venv)
#
# Each target does its own set-up: .venv is made from requirements.lock, and made up to date when that
# file or pyproject.toml changes.

PYTHON ?= python3
VENV   ?= .venv
PORT   ?= 8000
JOBS   ?= 2

BIN   := $(VENV)/bin
KEY   := $(shell cat requirements.lock pyproject.toml | cksum | cut -d ' ' -f 1)
READY := $(VENV)/.ready-$(KEY)
CONVERTED := _build/nbval
# Files go to processes, so that a file finds its fixtures, and a notebook its kernel, where they were.
PARALLEL := -n $(JOBS) --dist loadfile

# Notebooks run in folders of their own, so a relative data folder is made absolute.
ifneq ($(strip $(PAPER_NAS_DATA)),)
override PAPER_NAS_DATA := $(abspath $(PAPER_NAS_DATA))
export PAPER_NAS_DATA
endif

# Matrices this small gain nothing from a second thread, and lose much when other work runs beside.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := book
.NOTPARALLEL:
.PHONY: book test serve lint lock clean setup types unit notebooks pages offline results

say = @printf '\n\033[1m== %s\033[0m\n' $(1)

setup: $(READY)

$(READY):
	$(call say,"environment: $(VENV) from requirements.lock")
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@rm -f $(VENV)/.ready-* && touch $@

book: $(READY)
	$(call say,"book: the notebooks and the site; warnings are errors")
	$(BIN)/jupyter-book build . -W -n --keep-going

serve: book
	@echo "http://localhost:$(PORT) (Ctrl-C stops)"
	$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

# ---- test: one step after the other, each also a target of its own ------------------------------

test: lint types unit notebooks book pages
	$(call say,"all checks passed")

lint: $(READY)
	$(call say,"lint: ruff")
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(call say,"types: mypy")
	$(BIN)/mypy

unit: $(READY)
	$(call say,"unit: tests and doctests")
	$(BIN)/python -m pytest $(PARALLEL) --ignore=tests/book --ignore=tests/browser --ignore=tests/offline/test_site.py

# Without stored outputs nbval shows that every cell runs; what a cell should give, it asserts.
notebooks: $(READY)
	$(call say,"notebooks: nbval with the preset smoke")
	rm -rf $(CONVERTED) && mkdir -p $(CONVERTED)
	for chapter in notebooks/*.md; do \
	  $(BIN)/jupytext --quiet --to ipynb --output $(CONVERTED)/$$(basename $$chapter .md).ipynb $$chapter || exit 1; \
	done
	PAPER_NAS_PRESET=smoke PYTHONWARNINGS=default $(BIN)/python -m pytest $(PARALLEL) -W default \
	  --nbval-lax --nbval-current-env --nbval-cell-timeout 600 $(CONVERTED)

pages: $(READY)
	$(call say,"pages: the built site as files and in a browser")
	PAPER_NAS_REQUIRE="site,$(PAPER_NAS_REQUIRE)" $(BIN)/python -m pytest tests/book tests/browser

# ---- without a network ----------------------------------------------------------------------------

# As on a machine that has neither a network (tests/offline) nor the CIFAR-10 data: the cache folder
# is empty, so that a download is tried. What is built here does not touch the site.
OFFLINE := _build/offline
WITHOUT := env -u PAPER_NAS_DATA -u PAPER_NAS_REQUIRE -u http_proxy -u https_proxy -u all_proxy \
  -u HTTP_PROXY -u HTTPS_PROXY -u ALL_PROXY \
  XDG_CACHE_HOME="$(CURDIR)/$(OFFLINE)/cache" PYTHONPATH="$(CURDIR)/tests/offline"

offline: $(READY)
	$(call say,"offline: no network - no CIFAR-10 data")
	rm -rf $(OFFLINE)/cache && mkdir -p $(OFFLINE)/cache
	$(WITHOUT) $(BIN)/jupyter-book build . --path-output $(OFFLINE) -W -n --keep-going
	$(BIN)/python -m pytest tests/offline/test_site.py
	$(WITHOUT) $(MAKE) PAPER_NAS_DATA= unit notebooks CONVERTED=$(OFFLINE)/nbval
	$(call say,"all checks passed without network and data")

# ---- the committed results ------------------------------------------------------------------------

# Snakemake has an environment of its own: some of what it needs is older than in requirements.lock.
SCALE  := $(VENV)/scale
SCALED := $(SCALE)/.ready-$(KEY)
EXTRA  := import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["scale"], sep="\n")

$(SCALED): $(READY)
	$(call say,"environment: $(SCALE) for Snakemake")
	test -x $(SCALE)/bin/python || $(PYTHON) -m venv $(SCALE)
	$(BIN)/python -c '$(EXTRA)' > $(SCALE)/requirements.txt
	$(SCALE)/bin/python -m pip install --quiet -r $(SCALE)/requirements.txt
	@rm -f $(SCALE)/.ready-* && touch $@

results: $(SCALED)
	$(call say,"results: what is missing or out of date")
	mkdir -p _build/workflow
	$(SCALE)/bin/snakemake --snakefile workflow/Snakefile --directory _build/workflow $(FLAGS)

# ---- upkeep -------------------------------------------------------------------------------------

lock:
	$(call say,"lock: resolving the ranges of pyproject.toml in a fresh environment")
	$(PYTHON) -m tools.lock

clean:
	rm -rf _build build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
