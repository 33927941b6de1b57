"""Divides the corpus by source into a set of one's own and a set to fine-tune on: what `truevoice study` is shown with.

    python scripts/halves.py --corpus ../shared/corpus/dev --out halves

Writes custom.csv, and finetune.csv with the splits train, validation and test. No source lies in two of the four parts:
each has recordings that the others have not. In each part both classes are drawn alike, by seed 0.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections import defaultdict
from pathlib import Path

from truevoice.data.readers import open_set
from truevoice.data.trial import LABELS, Trial

COLUMNS = ("attack", "family", "speaker", "language", "source")
PARTS = (("custom", 0.5), ("train", 0.25), ("validation", 0.1), ("test", 0.15))  # shares of the sources


def by_part(trials: list[Trial]) -> dict[str, list[Trial]]:
    """The trials of each part, sources dealt out as wholes."""
    sources: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        sources[trial.meta["source"]].append(trial)
    names = sorted(sources)
    random.Random(0).shuffle(names)
    found, dealt = {}, 0
    for part, share in PARTS:
        upto = dealt + round(share * len(names))
        found[part] = [trial for name in names[dealt:upto] for trial in sources[name]]
        dealt = upto
    return found


def drawn(trials: list[Trial], count: int) -> list[Trial]:
    """Half of `count` of either class, or as many as there are."""
    chosen = []
    for label in LABELS:
        of_class = [trial for trial in trials if trial.label == label]
        chosen += random.Random(0).sample(of_class, min(count // 2, len(of_class)))
    return chosen


def write(path: Path, rows: list[tuple[Trial, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["path", "label", "split", *COLUMNS])
        for trial, split in rows:
            place = Path(trial.source).resolve()
            table.writerow([place, trial.label, split, *(trial.meta.get(name, "") for name in COLUMNS)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, required=True)
    for part, count in (("custom", 300), ("train", 240), ("validation", 80), ("test", 160)):
        parser.add_argument(f"--{part}", type=int, default=count, help=f"clips of {part}, half of them bona fide")
    options = parser.parse_args()
    parts = by_part(list(open_set(options.corpus).trials))
    chosen = {part: drawn(trials, getattr(options, part)) for part, trials in parts.items()}
    options.out.mkdir(parents=True, exist_ok=True)
    write(options.out / "custom.csv", [(trial, "test") for trial in chosen["custom"]])
    finetune = [(trial, part) for part in ("train", "validation", "test") for trial in chosen[part]]
    write(options.out / "finetune.csv", finetune)
    for part, trials in chosen.items():
        bonafide = sum(trial.label == "bonafide" for trial in trials)
        sources = len({trial.meta["source"] for trial in trials})
        print(f"{part}: {bonafide} bona fide, {len(trials) - bonafide} spoof of {sources} sources")


if __name__ == "__main__":
    main()
