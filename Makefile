# Every workflow is one verb here, and .ci/run calls the same verbs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup models dev run test test-labelstudio lint fix docs bench lock browser clean

# Three locks, each holding the one before: what the page needs (1.2 GB); local models (torch: 6.9 GB); the tests' own
# tools (7.3 GB).
setup: $(VENV)/.requirements
models: $(VENV)/.requirements-models
dev: $(VENV)/.requirements-dev

# pip is looked for: where Debian's python3-venv is missing, making the environment fails and leaves a python without it
$(VENV)/.%: %.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Curator needs Python 3.11 or newer; name one with 'make PYTHON=python3.12 ...'"; exit 1; }
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/curator fetch-models
	@touch $@

run: setup  ## install, draw and mine the demo corpus once, open the page
	$(BIN)/curator demo --if-empty --figures 64 --mine 4
	$(BIN)/curator ui

browser:  # the page's tests drive Chromium; where it is missing and we may, install it
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
		&& apt-get update -qq && apt-get install -y -qq chromium fonts-dejavu-core >/dev/null; } \
		|| echo "Chromium is missing: the page's tests will be skipped (apt-get install chromium)"

test: dev browser  # one thread a process: two processes fill two cores
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile -q -m "not labelstudio"

test-labelstudio: dev  ## the synchronisation against a real Label Studio, in an environment of its own (1 GB)
	test -x .venv-labelstudio/bin/pip || $(PYTHON) -m venv .venv-labelstudio
	.venv-labelstudio/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
		-r requirements-labelstudio.lock
	$(BIN)/pytest -q -m labelstudio

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m ui.docs --check

fix: dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: dev
	$(BIN)/python -m ui.docs

bench: dev browser  ## all of it takes hours; `.venv/bin/python -m bench NAME ...` runs some
	$(BIN)/python -m bench

LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --quiet \
	--custom-compile-command "make lock"
lock:  # resolve again; needs uv, which the last lock installs
	$(LOCK) --extra models --extra dev --output-file requirements-dev.lock
	$(LOCK) --extra models --constraint requirements-dev.lock --output-file requirements-models.lock
	$(LOCK) --constraint requirements-dev.lock --output-file requirements.lock
	echo "label-studio==1.23.*" | $(BIN)/uv pip compile - --universal --python-version 3.11 --generate-hashes --quiet \
		--custom-compile-command "make lock" --output-file requirements-labelstudio.lock

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
