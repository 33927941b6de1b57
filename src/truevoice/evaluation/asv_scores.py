"""Scores of an automatic speaker verification (ASV) system, as the tandem cost t-DCF needs them.

Two forms, separated by blanks, without header: `source key score` of ASVspoof 2019 (key: target, nontarget, spoof), and
`speaker trial score` of ASVspoof 2021, whose keys stand line by line in `ASV/trial_metadata.txt` (key in the sixth
column, subset in the last). Source: asvspoof-challenge/2021, eval-package.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truevoice.errors import UsageError

Floats = NDArray[np.float64]
KINDS = ("target", "nontarget", "spoof")
KEY_COLUMN = 5  # of a 2021 trial_metadata.txt


def read_asv_scores(path: Path, key: Path | None = None, subset: str = "") -> dict[str, Floats]:
    """Scores by kind (`target`, `nontarget`, `spoof`). `key`: the metadata of the 2021 form; `subset` chooses its rows,
    several by commas.

    Raises UsageError in one line for a file of another form, or one that lacks a kind.
    """
    rows = _words(path)
    if key is None:
        kinds = [next((word for word in row if word in KINDS), "") for row in rows]
        if not all(kinds):
            raise UsageError(f"{path}: holds no target, nontarget or spoof in a line; the 2021 form needs --asv-key")
        chosen = [True] * len(rows)
    else:
        meta = _words(key)
        if len(meta) != len(rows):
            raise UsageError(f"{path}: has {len(rows):,} lines, but its key {key} has {len(meta):,}")
        if any(len(row) <= KEY_COLUMN for row in meta):
            raise UsageError(f"{key}: is not an ASV trial_metadata.txt: fewer than {KEY_COLUMN + 1} columns")
        kinds = [row[KEY_COLUMN] for row in meta]
        subsets = {word.strip() for word in subset.split(",")}
        chosen = [not subset or row[-1].split("_")[0] in subsets for row in meta]
    scores: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for number, (row, kind, wanted) in enumerate(zip(rows, kinds, chosen), start=1):
        if kind not in scores:
            raise UsageError(f"{path}: line {number}: {kind!r} is none of {', '.join(KINDS)}")
        try:
            value = float(row[-1])
        except ValueError:
            raise UsageError(f"{path}: line {number}: {row[-1]!r} is no score") from None
        if wanted:
            scores[kind].append(value)
    if lacking := [kind for kind in KINDS if not scores[kind]]:
        raise UsageError(f"{path}: holds no {' and no '.join(lacking)} trials")
    return {kind: np.array(values) for kind, values in scores.items()}


def _words(path: Path) -> list[list[str]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"{path}: cannot be read ({reason})") from None
    return [line.split() for line in lines if line.strip()]
