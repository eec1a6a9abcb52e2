# `make help` lists what there is. Every target makes its own .venv from the lock, and is quick when called again.
.DEFAULT_GOAL := help
.PHONY: help demo up test test-unit test-slow mutants test-stock check format lint types floors chaos chaos-long chaos-soak chaos-stock chaos-letters bench-engine bench-email bench-documents bench-progress eval corpus fuzz train train-tools lock clean

# Every process of the tests would compile the whole source anew.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready
TRAIN := var/train
TRAIN_READY := $(TRAIN)/.ready

help: ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: $(READY) ## one real PDF through every queue; PDF=path takes yours
	@$(BIN)/python -m workers.demo $(if $(PDF),--pdf "$(PDF)")

up: $(READY) ## the whole system on this machine, until Ctrl-C
	@$(BIN)/python -m workers.up

test: $(READY) ## all tests that need nothing beyond pip, but for the slow ones
	$(BIN)/pytest -m "not slow" -n auto

test-unit: $(READY) ## the unit tests among them, in seconds
	$(BIN)/pytest tests/unit -m "not slow" -n logical

# The model's dice fall in the same way each time only if sets keep their order.
test-slow mutants: export PYTHONHASHSEED := 0
MUTANTS = tests/integration/broker/test_mutants.py

test-slow: $(READY) ## the slow tests, and the properties with 2,000 examples
	$(BIN)/pytest $(MUTANTS) -m slow --timeout 600 -n auto
	$(BIN)/pytest --ignore $(MUTANTS) -m slow --timeout 600
	$(BIN)/pytest tests/unit -m hypothesis --hypothesis-profile thorough --timeout 600

test-stock: $(READY) ## the tests that hold on every transport, on kombu's own
	BUFFRSIGN_BROKER_TRANSPORT=stock $(BIN)/pytest -m any_transport --timeout 180 -n auto

mutants: $(READY) ## put mistakes into the scripts, one by one, and say which law of delivery catches each
	@$(BIN)/python -m tests.model.hunt

check: format lint types floors test test-slow test-stock ## all that CI checks

format: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

floors: $(READY)
	$(BIN)/lint-imports

CHAOS = $(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED))
JOBS ?= 3000000
KILLS ?= 300

chaos: $(READY) ## break the system for two minutes, and say what was lost; SEED=n repeats the dice
	$(CHAOS) --seconds 120

chaos-long: $(READY) ## the same for 30 minutes, with a fail-over, and beside kombu's own transport
	$(CHAOS) --seconds 1800 --failover --with-stock 120

chaos-soak: $(READY) ## until JOBS=3000000 jobs and KILLS=300 kills are reached
	$(CHAOS) --seconds 0 --jobs $(JOBS) --kills $(KILLS) --rate 1500

chaos-stock: $(READY) ## what kombu's own transport loses in two minutes of the same
	$(CHAOS) --seconds 120 --stock

chaos-letters: $(READY) ## kill e-mail workers while each letter is delivered four times, and say who got what
	$(BIN)/python -m tests.chaos.letters $(if $(SEED),--seed $(SEED))

bench-engine: $(READY) ## the delivery engine beside stock Celery and its peers, 30 minutes; QUICK=1 takes 5
	$(BIN)/python -m benchmarks.engine $(if $(QUICK),--quick) --pictures $(if $(QUICK),var/bench/pictures,docs/pictures)

bench-email: $(READY) ## letters a second beside smtplib loops, 3 minutes; QUICK=1 takes one
	$(BIN)/python -m benchmarks.email $(if $(QUICK),--quick) --pictures $(if $(QUICK),var/bench/pictures,docs/pictures)

bench-documents: $(READY) ## what pictures of documents cost, and the sandbox, 2 minutes; DIR=folder of PDFs; QUICK=1 takes seconds
	@$(BIN)/python -m benchmarks.documents $(if $(DIR),"$(DIR)") $(if $(QUICK),--quick)

eval: $(READY) $(TRAIN_READY) ## how right fields, clauses and entities are found, on the labelled contracts below the folder DATA=; ONLY=part
	@$(BIN)/python -m evaluation "$(or $(DATA),$(error name the folder: make eval DATA=path))" $(if $(ONLY),--only $(ONLY))

bench-progress: $(READY) ## how far off the expected end of a document is, two minutes; QUICK=1 takes one
	@$(BIN)/python -m evaluation.progress $(if $(QUICK),--quick)

corpus: $(READY) ## every reader over every file in DIR=, in the sandbox; OUT=json, JUDGE=1 compares with other readers
	@$(BIN)/python -m evaluation.corpus "$(DIR)" $(if $(OUT),--output "$(OUT)") $(if $(JUDGE),--judge)

fuzz: FILES ?= 2000
fuzz: SEED ?= 20261127
fuzz: FUZZED = var/fuzz/$(FILES)-$(SEED)
fuzz: $(READY) ## the same over FILES=2000 files damaged on purpose, made of those in FROM=; SEED=n repeats the dice
	@rm -rf "$(FUZZED)"
	@$(BIN)/python -m evaluation.fuzz "$(FROM)" "$(FUZZED)" --files $(FILES) --seed $(SEED)
	@$(BIN)/python -m evaluation.corpus "$(FUZZED)" --output "$(or $(OUT),var/bench/fuzz.json)"

train: $(TRAIN_READY) ## train the clause classifier anew on DATA=folder, and say how good it is held out
	@$(if $(DATA),,$(error name the data: make train DATA=folder))
	$(TRAIN)/bin/python -m evaluation.analysis.train "$(DATA)" --model buffrsign/documents/analysis/model

train-tools: $(TRAIN_READY) ## what training and measuring the classifier need, in var/train and never in .venv

$(TRAIN_READY): evaluation/analysis/requirements.txt $(READY)
	$(PYTHON) -m venv $(TRAIN)
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > $$($(TRAIN)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ours.pth
	$(TRAIN)/bin/pip install --quiet --disable-pip-version-check --requirement evaluation/analysis/requirements.txt
	@touch $@

lock: $(READY) ## write requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra worker --extra embedded --extra s3 --extra language-model --extra heic --group dev --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --upgrade \
	    --custom-compile-command "make lock" --output-file requirements.lock --quiet

clean: ## remove what was made: the virtual environment, var/ and compiled modules
	find . -name __pycache__ -not -path "./.venv/*" -prune -exec rm -rf {} +
	rm -rf .venv var

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed; name it with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
