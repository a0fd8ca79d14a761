# `make help` lists the commands. They need CPython 3.11 or later, GNU make, and a package index.
#
# Every environment is built from pinned, hashed requirements and then checked: the packages are compatible and the
# command starts. A stamp file makes the second call fast; a changed pin rebuilds the environment.

PYTHON ?= python3
VENV ?= .venv
VENV_SAM ?= .venv-sam
VENV_TRL ?= .venv-trl
VENV_RELEASE ?= .venv-release
VENV_DOCS ?= .venv-docs
VENV_WHEEL ?= .venv-wheel
UV ?= uv
# Three at a time for two processors, because many tests wait for a process or a time limit. The slow tests run one at
# a time, because they start servers and builds.
WORKERS ?= 3
PYTEST_FLAGS ?=

# The tests start hundreds of processes, and without bytecode each would compile the project again.
export PYTHONDONTWRITEBYTECODE :=

.SHELLFLAGS := -eu -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-slow test-all test-wheel test-trl coverage lint bench docs dist pins clean

DEV := $(VENV)/.ready-dev
HARNESS := $(VENV)/.ready-harness
SAM := $(VENV_SAM)/.ready
TRL := $(VENV_TRL)/.ready
RELEASE := $(VENV_RELEASE)/.ready
DOCS := $(VENV_DOCS)/.ready
WHEEL := $(VENV_WHEEL)/.packages-dev

PIP_FLAGS := --quiet --disable-pip-version-check --no-input

# $(1): the environment's folder, which is emptied first; $(2): its requirements. The files are complete, so nothing is
# resolved (older releases of pip fail on hashes with extras); `pip check` verifies this.
define environment
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "Python 3.11 or later is needed, and '$(PYTHON)' is not that: make PYTHON=/path/to/python3.11 ..." >&2; \
	exit 1; }
@echo "making $(1) from $(2)" >&2
@$(PYTHON) -m venv --clear $(1)
@$(1)/bin/python -m pip install $(PIP_FLAGS) --no-deps --require-hashes --requirement $(2)
@$(1)/bin/python -m pip check --disable-pip-version-check >&2
endef

# The project itself, in place. Nothing is downloaded, because the build back end is pinned with the rest.
define project
@$(VENV)/bin/python -m pip install $(PIP_FLAGS) --no-index --no-deps --no-build-isolation --editable .
@$(VENV)/bin/rft --version >&2
endef

$(VENV)/.packages-dev: requirements/dev.txt
	$(call environment,$(VENV),requirements/dev.txt)
	@touch $@

$(VENV)/.packages-harness: requirements/harness.txt
	$(call environment,$(VENV),requirements/harness.txt)
	@touch $@

$(DEV): $(VENV)/.packages-dev pyproject.toml
	$(project)
	@touch $@

$(HARNESS): $(VENV)/.packages-harness pyproject.toml
	$(project)
	@touch $@

$(SAM): requirements/sam.txt
	$(call environment,$(VENV_SAM),requirements/sam.txt)
	@SAM_CLI_TELEMETRY=0 $(VENV_SAM)/bin/sam --version >&2
	@touch $@

$(RELEASE): requirements/release.txt
	$(call environment,$(VENV_RELEASE),requirements/release.txt)
	@touch $@

$(DOCS): requirements/docs.txt
	$(call environment,$(VENV_DOCS),requirements/docs.txt)
	@touch $@

$(WHEEL): requirements/dev.txt
	$(call environment,$(VENV_WHEEL),requirements/dev.txt)
	@touch $@

# Built once, and kept until `make clean`. TORCH_INDEX=URL names an index with CPU builds of torch, which take a
# gigabyte; pip's default index may have builds of several gigabytes.
TORCH_INDEX ?=
$(TRL):
	@echo "making $(VENV_TRL)" >&2
	@$(PYTHON) -m venv --clear $(VENV_TRL)
	@$(VENV_TRL)/bin/python -m pip install $(PIP_FLAGS) 'pip>=25.1'
	@$(VENV_TRL)/bin/python -m pip install $(PIP_FLAGS) $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) --group trl
	@$(VENV_TRL)/bin/python -c 'import trl; print("trl", trl.__version__)' >&2
	@touch $@

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

# The development environment also has everything that the demo needs, so use it if it exists.
demo: $(if $(wildcard $(DEV)),$(DEV),$(HARNESS)) ## write, replay and rehearse a grader; needs no account
	$(VENV)/bin/rft demo

test: $(DEV) ## run the fast tests
	$(VENV)/bin/python -m pytest -m "not slow and not aws" -n $(WORKERS) $(PYTEST_FLAGS)

test-slow: $(DEV) $(SAM) ## run the slow tests, with the SAM command line
	RFT_SAM=$(abspath $(VENV_SAM))/bin/sam SAM_CLI_TELEMETRY=0 \
		$(VENV)/bin/python -m pytest -m "slow and not aws" $(PYTEST_FLAGS)

test-all: test test-slow ## run every test that needs no AWS account

# The tests run beside a copy of the project without `graders` and `harness`, so only the wheel can provide them.
PAGE_TESTS := $(addprefix tests/test_,$(addsuffix .py,answer_tables docs first_job page_commands readme tutorial)) \
	tests/harness/emulator/test_its_document.py \
	tests/harness/projects/test_ready_project.py tests/harness/projects/test_judge_project.py \
	tests/harness/projects/test_import_page.py tests/harness/replay/test_recorded_answers_document.py \
	tests/harness/replay/fan_out/test_scale_document.py tests/harness/data/formats/test_convert_page.py
test-wheel: $(WHEEL) $(SAM) ## build the wheel and run the commands of the README and docs with it
	@rm -rf build/wheel && mkdir -p build/wheel/project
	$(VENV_WHEEL)/bin/python -m pip wheel $(PIP_FLAGS) --no-index --no-deps --no-build-isolation --wheel-dir build/wheel .
	$(VENV_WHEEL)/bin/python -m pip install $(PIP_FLAGS) --no-index --no-deps --force-reinstall build/wheel/*.whl
	@git ls-files -z -- . ':!graders' ':!harness' | xargs -0 tar -cf - | tar -xf - -C build/wheel/project
	cd build/wheel/project && RFT_SAM=$(abspath $(VENV_SAM))/bin/sam SAM_CLI_TELEMETRY=0 \
		$(abspath $(VENV_WHEEL))/bin/python -m pytest -m "not aws" $(PYTEST_FLAGS) $(PAGE_TESTS)

test-trl: $(DEV) $(TRL) ## train with TRL on a grader; the environment takes a gigabyte or more
	RFT_TRL_PYTHON=$(abspath $(VENV_TRL))/bin/python \
		$(VENV)/bin/python -m pytest $(PYTEST_FLAGS) tests/graders/adapters/test_trl_training.py

# Measures the code that the tests run, in this process and in those that they start. Measuring changes memory, time and
# imported modules, so a few tests may fail that pass in `make test`. The report is printed anyway.
coverage: $(DEV) ## report lines and branches that the fast tests run; fails below the floor in pyproject.toml
	@rm -rf build/coverage && mkdir -p build/coverage
	-COVERAGE_FILE=build/coverage/data $(VENV)/bin/python -m coverage run -m pytest -m "not slow and not aws" \
		-n $(WORKERS) $(PYTEST_FLAGS)
	COVERAGE_FILE=build/coverage/data $(VENV)/bin/python -m coverage combine --quiet
	COVERAGE_FILE=build/coverage/data $(VENV)/bin/python -m coverage report

lint: $(DEV) ## check style, types, layers, names and the template
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pyright --pythonpath $(VENV)/bin/python graders
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python -m tools.lint
	$(VENV)/bin/cfn-lint template.yaml

bench: $(DEV) ## measure overhead, import time and throughput, as ratios
	$(VENV)/bin/python -m benchmarks

# llms.txt links to the pages' Markdown, so copy it next to the HTML.
docs: $(DEV) $(DOCS) ## build the documentation site in build/site; a broken link fails
	$(VENV)/bin/python -m tools.docs_site build/docs
	$(VENV_DOCS)/bin/zensical build --strict --clean
	@cp -R build/docs/. build/site

# The same commit gives the same wheel and sdist, byte for byte. The list of packages (CycloneDX) has everything that
# `rft` can use, as pinned here; the wheel itself needs none of them.
dist: $(RELEASE) ## build the wheel, the sdist and the list of packages (SBOM) in dist/
	@rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(VENV_RELEASE)/bin/python -m build --no-isolation --outdir dist .
	$(VENV_RELEASE)/bin/cyclonedx-py requirements --pyproject pyproject.toml --mc-type library \
		--output-reproducible --output-format JSON --output-file dist/sbom.cdx.json requirements/harness.txt

# Existing pins stay if they still fit; `make pins UV_FLAGS=--upgrade` updates them.
# uv is not part of the project: run pip install uv anywhere, and set UV=/path/to/uv.
UV_FLAGS ?=
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url $(UV_FLAGS)
# A package in two files has the same version in both.
LIKE_DEV := --constraint requirements/dev.txt

pins: ## compile requirements/*.txt from pyproject.toml (needs uv)
	$(COMPILE) pyproject.toml --extra all --extra checks --extra telemetry --group dev --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --extra all --group build $(LIKE_DEV) --output-file requirements/harness.txt
	$(COMPILE) pyproject.toml --extra telemetry $(LIKE_DEV) --output-file requirements/lambda.txt
	$(COMPILE) --group runtime $(LIKE_DEV) --output-file requirements/runtime.txt
	$(COMPILE) --group recipe $(LIKE_DEV) --output-file requirements/recipe.txt
	$(COMPILE) --group worker $(LIKE_DEV) --output-file harness/replay/fan_out/requirements.txt
	$(COMPILE) --group sam --output-file requirements/sam.txt
	$(COMPILE) --group docs $(LIKE_DEV) --output-file requirements/docs.txt
	$(COMPILE) --group release $(LIKE_DEV) --output-file requirements/release.txt

clean: ## remove the environments and everything that was built
	rm -rf $(VENV) $(VENV_SAM) $(VENV_TRL) $(VENV_RELEASE) $(VENV_DOCS) $(VENV_WHEEL) .cache .aws-sam build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find graders harness tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# `sam build` calls build-<LogicalId> here (BuildMethod: makefile).
-include sam.mk
