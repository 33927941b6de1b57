# Everything sets itself up in .venv; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
CORPUS ?= ../shared/corpus
WEIGHTS ?= ../shared/weights

.PHONY: demo test lint slow fuzz detector card benchmarks drawings size clean

demo: $(VENV)/.core  ## score real human and real synthetic speech, write a table and a page
	$(BIN)/python examples/demo.py demo-out

test: $(VENV)/.dev lint  ## lint, types, all tests but the slow ones
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

slow: $(VENV)/.dev  ## the longer checks
	$(BIN)/python -m pytest -m slow

fuzz: $(VENV)/.dev  ## ten thousand damaged recordings
	$(BIN)/python -m pytest -m fuzz -s

detector: $(VENV)/.dev  ## train the shipped detector on the corpus, from scratch
	$(BIN)/python -m truevoice.training.mel_cnn --corpus $(CORPUS) --out src/truevoice/weights

card: $(VENV)/.dev  ## measure the shipped detector on the test split, write its model card
	$(BIN)/python scripts/model_card.py --corpus $(CORPUS) --weights $(WEIGHTS) --out docs/cards

benchmarks: $(VENV)/.dev  ## speed and memory, each against a peer in the same run
	$(BIN)/python benchmarks/aasist_speed.py --weights $(WEIGHTS)
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/cold_start.py
	$(BIN)/python benchmarks/long_file.py
	$(BIN)/python benchmarks/metrics.py
	$(BIN)/python benchmarks/model_speeds.py
	$(BIN)/python benchmarks/ssl_speed.py --corpus $(CORPUS)/dev

drawings: $(VENV)/.dev  ## the pictures and tables of docs/, made anew
	$(BIN)/python scripts/draw_metrics.py
	$(BIN)/python scripts/draw_feasible.py

size:  ## how much a plain install brings, measured in a fresh environment
	$(PYTHON) benchmarks/install_size.py

$(VENV)/.core: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -e .
	touch $@

# torch first and by its exact version: a plain request may take gigabytes of CUDA packages.
$(VENV)/.dev: pyproject.toml | $(VENV)/.core
	$(PIP) install torch==2.13.0
	$(PIP) install -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) demo-out .pytest_cache .mypy_cache .ruff_cache
