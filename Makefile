# Needs Python 3.11 or newer with its venv module, and make; everything else is installed into .venv.

# The first of these that is new enough; `make PYTHON=...` to choose. Each is run, because the stub of a
# version manager may be there without its interpreter.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)

# Parts of `make test`, as in `make test PARTS="lint types"`; all of them if none is named.
PARTS ?=

BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUTF8 := 1

.PHONY: help demo test dev format docs bench bench-compare clean

help:
	@echo "make demo    watch a real language model stream its answer, on this machine"
	@echo "make test    everything that CI runs; make test PARTS=\"lint types\" for some of it"
	@echo "make dev     .venv with levada (editable) and every tool"
	@echo "make format  let ruff format the code and mend what it can"
	@echo "make docs    serve the documentation, rebuilt as you write"
	@echo "make bench   levada, hand-written code and other frameworks, side by side"
	@echo "make clean   remove everything that the others made"

demo: .venv/demo.stamp
	@$(BIN)/levada demo

test: .venv/dev.stamp
	@$(BIN)/python scripts/check.py $(PARTS)

dev: .venv/dev.stamp

format: .venv/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/dev.stamp
	$(BIN)/python scripts/check.py wheel
	$(BIN)/mkdocs serve

bench: .venv/dev.stamp
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group bench
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m benchmarks

bench-compare: .venv/dev.stamp
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m benchmarks --compare $(STORED)

clean:
	rm -rf .venv build dist site *.egg-info

# An install is repeated when pyproject.toml has changed since; one that failed leaves no stamp.
.venv/demo.stamp: pyproject.toml | .venv/bin/pip
	@echo "Installing levada and what the demo needs into .venv; the next time it starts at once."
	@$(BIN)/pip install --quiet --editable '.[local,rich]'
	@touch $@

.venv/dev.stamp: pyproject.toml | .venv/bin/pip
	@echo "Installing levada and the tools into .venv; the next time it starts at once."
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[all]' --group dev
	@touch $@ .venv/demo.stamp

.venv/bin/pip:
	@test -n "$(PYTHON)" || { echo "levada needs Python 3.11 or newer; make PYTHON=... names one." >&2; exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@test -x $@ || .venv/bin/python -m ensurepip --upgrade
	@test -x $@ || ln -s pip3 $@
