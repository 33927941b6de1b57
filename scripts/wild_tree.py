"""Writes speakers of the corpus that are both heard and faked as a tree in In-the-Wild's layout.

    python scripts/wild_tree.py --corpus ../shared/corpus/dev --out wild/release_in_the_wild

0.wav, 1.wav, … (16 kHz, mono, 16 bit) and meta.csv (file,speaker,label with bona-fide and spoof), as in the data set of
Müller and others ("Does audio deepfake detection generalize?", Interspeech 2022): a place to run what was run on it.
A speaker is what the corpus calls so: a person, or all unnamed voices of one source.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections import defaultdict
from pathlib import Path

import soundfile

from truevoice.audio import load_audio
from truevoice.data.readers import open_set
from truevoice.data.trial import BONAFIDE, LABELS, Trial

WORDS = {"bonafide": "bona-fide", "spoof": "spoof"}


def chosen(trials: list[Trial], least: int, most: int) -> list[Trial]:
    """Of each named speaker with `least` clips of either label, at most `most` of each, in an order of no meaning."""
    by_speaker: dict[str, dict[str, list[Trial]]] = defaultdict(lambda: {label: [] for label in LABELS})
    for trial in trials:
        if trial.meta.get("speaker"):
            by_speaker[trial.meta["speaker"]][trial.label].append(trial)
    found = [
        trial
        for clips in by_speaker.values()
        if min(map(len, clips.values())) >= least
        for label in LABELS
        for trial in clips[label][:most]
    ]
    random.Random(0).shuffle(found)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--least", type=int, default=5, help="clips of each label that a speaker must have")
    parser.add_argument("--most", type=int, default=60, help="clips of each label that are taken of a speaker")
    options = parser.parse_args()
    trials = chosen(list(open_set(options.corpus).trials), options.least, options.most)
    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "meta.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["file", "speaker", "label"])
        for number, trial in enumerate(trials):
            soundfile.write(options.out / f"{number}.wav", load_audio(trial.source), 16_000, subtype="PCM_16")
            rows.writerow([f"{number}.wav", trial.meta["speaker"], WORDS[trial.label]])
    bonafide = sum(trial.label == BONAFIDE for trial in trials)
    speakers = len({trial.meta["speaker"] for trial in trials})
    print(f"{options.out}: {bonafide:,} bona fide, {len(trials) - bonafide:,} spoof of {speakers} speakers")


if __name__ == "__main__":
    main()
