"""`truevoice compare`: two finished runs, or score files, on the same trials → what differs, and whether it matters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import truevoice
from truevoice.comparison.comparison import Comparison, compare_systems
from truevoice.comparison.reading import read_system
from truevoice.data.labels import parse_label_map
from truevoice.data.trial import BONAFIDE
from truevoice.errors import TruevoiceError, UsageError
from truevoice.evaluation.options import Options
from truevoice.files import replace_file

ROUNDS = 2000  # a paired p-value is never below 2 / (rounds + 1), and the correction multiplies it


def compare(
    first: str | Path,
    second: str | Path,
    *,
    names: Sequence[str] = (),
    key: str | Path | None = None,
    score_means: str = BONAFIDE,
    path_column: str | None = None,
    label_column: str | None = None,
    score_column: str | None = None,
    label_map: str | None = None,
    subset: str | None = None,
    cluster: str = "",
    rounds: int = ROUNDS,
    confidence: float = 0.95,
    seed: int = 0,
    out: str | Path | None = None,
    players: bool = True,
) -> Comparison:
    """Compares two systems on the trials that both scored: EER, AUC and accuracy of each with intervals, the change
    with its interval and a paired p-value, corrected for all tests (Holm), and the trials that flipped.

    first, second: folders of `truevoice evaluate` or of a study's stage, runs of `truevoice train` (their sets are
    matched by name), or score files. names: what to call the two. key, path_column, label_column, score_column,
    label_map, subset: of score files, as in `truevoice.evaluate`; score_means: "bonafide" or "spoof", or both sides'
    by comma. cluster: the column whose values are drawn as wholes. out: a folder for report.html and comparison.json.

    Rates are fractions; a change is the second's figure less the first's. Raises UsageError: nothing in common,
    labels that contradict each other, one class only.
    """
    options = Options(cluster=cluster, rounds=rounds, confidence=confidence, seed=seed)
    if len(names) not in (0, 2):
        raise UsageError(f"--names takes two names, by comma, not {len(names)}")
    means = [word.strip() for word in score_means.split(",")]
    if len(means) > 2:
        raise UsageError("--score-means takes bonafide or spoof, for both sides or for each by comma")
    reading: dict[str, Any] = {
        "key": key,
        "path_column": path_column,
        "label_column": label_column,
        "score_column": score_column,
        "label_map": parse_label_map(label_map) if label_map else None,
        "subset": subset,
    }
    systems = [
        read_system(Path(path), **_of_files(Path(path), reading, mean))
        for path, mean in zip((first, second), (means[0], means[-1]))
    ]
    if names:
        systems = [replace(system, name=name) for system, name in zip(systems, names)]
    found = compare_systems(systems[0], systems[1], options)
    if out is None:
        return found
    return replace(found, written=write_comparison(found, Path(out), players=players))


def _of_files(path: Path, reading: dict[str, Any], means: str) -> dict[str, Any]:
    """How a score file is read; nothing for a folder of ours beside one, which needs no such words."""
    return {} if path.is_dir() else {**reading, "score_means": "" if means == BONAFIDE else means}


def comparison_document(found: Comparison) -> dict[str, Any]:
    """comparison.json."""
    return {**found.to_dict(), "truevoice": truevoice.__version__}


def write_comparison(found: Comparison, folder: Path, *, players: bool = True) -> list[Path]:
    """report.html and comparison.json, each whole or not at all. Raises TruevoiceError where the disk refuses."""
    from truevoice.report.comparison_page import render_comparison

    return write_both(folder, render_comparison(found, players=players), "comparison.json", comparison_document(found))


def write_both(folder: Path, page: str, name: str, document: dict[str, Any]) -> list[Path]:
    """A page as report.html and its document beside it."""
    text = json.dumps(document, indent=1, ensure_ascii=False, default=str) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / name, [text.encode(errors="backslashreplace")])
        replace_file(folder / "report.html", [page.encode()])
    except OSError as error:
        raise TruevoiceError(f"{error.filename or folder}: cannot be written ({error.strerror})") from None
    return [folder / "report.html", folder / name]
