# Everything sets itself up in .venv; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
CORPUS ?= ../shared/corpus
WEIGHTS ?= ../shared/weights

.PHONY: demo test lint slow fuzz detector card study wild benchmarks drawings size clean

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
	$(BIN)/truevoice train --preset mel-cnn-shipped --data $(CORPUS)/dev --seeds 2 -o runs/detector --force
	$(BIN)/python scripts/ship_detector.py runs/detector --name mel-cnn --out src/truevoice/weights

card: $(VENV)/.dev  ## measure the shipped detector on the test split, write its model card
	$(BIN)/python scripts/model_card.py --corpus $(CORPUS) --weights $(WEIGHTS) --out docs/cards

study: $(VENV)/.dev  ## the study of docs/study.md: AASIST before and after fine-tuning, on the corpus
	$(BIN)/python scripts/halves.py --corpus $(CORPUS)/dev --out runs/halves
	$(BIN)/truevoice study -m aasist --pretrained $(WEIGHTS)/AASIST.pth --custom runs/halves/custom.csv \
		--finetune-on runs/halves/finetune.csv --preset aasist --epochs 2 --batch-size 12 --cluster source -o runs/study
	$(BIN)/python scripts/study_table.py runs/study

wild: $(VENV)/.dev  ## the mel CNN of a student report and its grid, on a tree in In-the-Wild's layout
	$(BIN)/python scripts/wild_tree.py --corpus $(CORPUS)/dev --out runs/wild/release_in_the_wild --most 15
	$(BIN)/truevoice train --preset mel-cnn --data runs/wild/release_in_the_wild --hold-out ljspeech -o runs/mel --resume
	$(BIN)/truevoice tune --preset mel-cnn-grid --data runs/wild/release_in_the_wild --hold-out ljspeech -o runs/grid
	$(BIN)/python scripts/search_table.py runs/grid

benchmarks: $(VENV)/.dev  ## speed and memory, each against a peer in the same run
	$(BIN)/python benchmarks/aasist_speed.py --weights $(WEIGHTS)
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/cold_start.py
	$(BIN)/python benchmarks/long_file.py
	$(BIN)/python benchmarks/metrics.py
	$(BIN)/python benchmarks/model_speeds.py
	$(BIN)/python benchmarks/rawboost.py
	$(BIN)/python benchmarks/training.py --data $(CORPUS)/dev
	$(BIN)/python benchmarks/ssl_speed.py --corpus $(CORPUS)/dev

drawings: $(VENV)/.dev  ## the pictures and tables of docs/, made anew
	$(BIN)/python scripts/draw_metrics.py
	$(BIN)/python scripts/draw_feasible.py
	$(BIN)/python scripts/report_pages.py

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
