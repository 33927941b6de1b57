"""The training corpus: a folder of clips with a manifest, and the clips of one split as 16 kHz waves."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truevoice.audio import load_audio
from truevoice.errors import TruevoiceError

LABELS = ("spoof", "bonafide")
_COLUMNS = {"path", "label", "split", "source"}


@dataclass(frozen=True)
class Clip:
    """One recording: its file, whether it is bona fide, and the source (repository, package) that it came from."""

    path: Path
    bonafide: bool
    source: str

    def load(self) -> NDArray[np.float32]:
        """Samples (n,), mono float32 at 16 kHz. Raises AudioError."""
        return load_audio(self.path)


def clips(corpus: Path, split: str, part: str = "dev") -> list[Clip]:
    """The clips of one split, in the order of `corpus/part/manifest.csv`.

    Raises TruevoiceError, one line, where the manifest is absent, lacks a column, has an unknown label, or where the
    split has no clip of one class.
    """
    manifest = corpus / part / "manifest.csv"
    if not manifest.is_file():
        raise TruevoiceError(f"{manifest}: no such file; pass the folder of the training corpus with --corpus")
    with manifest.open(newline="", encoding="utf-8") as lines:
        table = csv.DictReader(lines)
        if missing := sorted(_COLUMNS - set(table.fieldnames or ())):
            raise TruevoiceError(f"{manifest}: lacks the column {', '.join(missing)}")
        rows = [row for row in table if row["split"] == split]
    if unknown := sorted({row["label"] for row in rows} - set(LABELS)):
        raise TruevoiceError(f"{manifest}: unknown label {unknown[0]!r}; labels are bonafide and spoof")
    if absent := [label for label in LABELS if all(row["label"] != label for row in rows)]:
        raise TruevoiceError(f"{manifest}: split {split} has no {absent[0]} clip; both classes are needed")
    return [Clip(manifest.parent / row["path"], row["label"] == "bonafide", row["source"]) for row in rows]


def loaded(listed: list[Clip]) -> Iterator[NDArray[np.float32]]:
    """The waves of the clips, one after another; a line of progress at every tenth of the way."""
    tenth = max(1, math.ceil(len(listed) / 10))
    for number, clip in enumerate(listed, 1):
        yield clip.load()
        if number % tenth == 0 or number == len(listed):
            print(f"  read {number} of {len(listed)} clips", flush=True)
