# Two commands matter: `make demo` and `make check`. Both set themselves up; they need Python 3.11 or newer, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCALE ?= $(shell echo "$${LC_ALL:-$${LC_MESSAGES:-$$LANG}}")

# Compiled code is kept, whatever the environment says: else each of some hundred processes compiles all of it anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo check check-all lint types law test kill crash power soak faults mutants fuzz replay memory windows windows-bench linux linux-bench linux-vm bench figures texts pack docs sbom clean

help: ## Show what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/demo ## Under a minute: a bastion's day, what the recipe mails and what logonbell rings, and a night in which it is attacked
	@$(BIN)/logonbell demo

check: $(VENV)/check ## Lint, types, import law, and every test that needs no root and no server
	@$(MAKE) --no-print-directory --jobs 2 test types lint law

check-all: check $(VENV)/rig ## All of check, and the rigs that take longer
	$(BIN)/pytest -m rig tests

lint: $(VENV)/check
	$(BIN)/ruff check src tests tools
	$(BIN)/ruff format --check src tests tools

types: $(VENV)/check
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 src

law: $(VENV)/check
	@$(BIN)/lint-imports --no-cache | sed -n '/^[^╔╚ ║╝]/p'

test: $(VENV)/check
	$(BIN)/pytest -n 3 --dist worksteal -m 'not rig' tests

kill: $(VENV)/check ## Kill `watch` N times (200) on a bad road, and count what arrived
	$(BIN)/python tests/kill_rig.py $(or $(N),200)

crash: $(VENV)/check ## End the agent before every single step of its life (or every EVERY-th), and compare what was told
	$(BIN)/python tests/crash_rig.py $(or $(EVERY),1)

power: $(VENV)/check ## Take the power from the agent's disk at LOSSES (100) random moments, and see what is left
	$(BIN)/python tests/power_rig.py $(or $(LOSSES),100)

soak: $(VENV)/check ## Let everything happen at once for MINUTES (1), and hold what arrived against what was written
	$(BIN)/python tests/soak_rig.py $(or $(MINUTES),1)

faults: $(VENV)/check ## Take away what handles each fault that the state may meet (of FAULTS), and see that its test fails
	$(BIN)/python tools/faults.py $(FAULTS)

fuzz: $(VENV)/check ## Spoil made days for MINUTES of CPU time, and hold what is recognised to its promises
	nice $(BIN)/python tools/fuzz.py --minutes $(or $(MINUTES),1)

mutants: $(VENV)/mutants ## Change ROOMS (agent deliverer) a line at a time for MINUTES (30), and print what no test notices
	nice $(BIN)/python tools/mutants.py --minutes $(or $(MINUTES),30) $(ROOMS)

windows: $(VENV)/check ## The Windows tests, inside Wine, which this installs where it may (Debian, as root)
	$(BIN)/pytest -m rig tests/windows

linux: $(VENV)/check ## The Linux tests: a real sshd under a real journald and rsyslogd, which this installs where it may (Debian, as root)
	$(BIN)/pytest -m rig tests/linux/test_real_sshd.py

linux-bench: $(VENV)/check ## Measure there, and write docs/reference/figures-linux.md anew
	$(BIN)/python tools/linux_bench.py --write

windows-bench: $(VENV)/check ## Measure inside Wine, and write docs/reference/figures-windows.md anew
	$(BIN)/python tools/windows_bench.py --write

linux-vm: $(VENV)/check ## Install, kill, restart and uninstall on a real Debian in QEMU, which this installs where it may (as root)
	$(BIN)/pytest -m rig tests/linux/real_systemd_rig.py

replay: $(VENV)/check ## Let the logs in LOGS grow piece by piece under `watch`, and print what it kept
	$(BIN)/python tools/replay.py --seed $(or $(SEED),1) $(LOGS)

memory: $(VENV)/check ## Read ten million events in which nobody ever goes, and print the memory it takes
	$(BIN)/python tools/memory.py

bench: $(VENV)/check ## Print every figure that the documents name
	$(BIN)/python tools/bench.py

figures: $(VENV)/check ## Measure them, and write docs/reference/figures.md anew
	$(BIN)/python tools/bench.py --write

texts: $(VENV)/check ## Collect the words of the code into the catalogues, and compile them
	$(BIN)/python tools/texts.py

pack: $(VENV)/check ## Compile the shipped Sigma rules
	$(BIN)/python tools/pack.py

docs: $(VENV)/check ## Write the generated parts of docs/reference anew
	$(BIN)/python tools/docs.py

sbom: $(VENV)/check ## Write what an installation consists of: licences to docs/reference, CycloneDX to build/sbom.cdx.json
	$(BIN)/python tools/licences.py
	@rm -rf build/installed build/cyclonedx && $(PYTHON) -m venv build/installed && $(PYTHON) -m venv build/cyclonedx
	@build/installed/bin/python -m pip install --quiet --disable-pip-version-check .
	@build/installed/bin/python -m pip uninstall --quiet --yes pip setuptools
	@build/cyclonedx/bin/python -m pip install --quiet --disable-pip-version-check 'cyclonedx-bom>=7'
	build/cyclonedx/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o build/sbom.cdx.json build/installed

clean: ## Remove what the other targets made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("logonbell needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV) || { echo 'This Python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv'; rm -rf $(VENV); exit 1; }

$(VENV)/demo: $(VENV)/bin/python pyproject.toml
	@echo 'Setting up (once) ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	@touch $@

$(VENV)/check: $(VENV)/bin/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]' --group test --group lint
	@touch $@

$(VENV)/rig: $(VENV)/check
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group rig
	@touch $@

$(VENV)/mutants: $(VENV)/check
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group mutants
	@touch $@
