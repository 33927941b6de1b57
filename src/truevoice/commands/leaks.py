"""`truevoice data leaks`: what the sets of a division share, and what gives the classes away without a voice."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from truevoice.data.labels import parse_label_map
from truevoice.data.readers import open_set
from truevoice.data.splits import TEST, kind_of
from truevoice.data.trial import LABELS, Trial
from truevoice.leaks.measure import Progress
from truevoice.leaks.report import LeakReport, leak_report
from truevoice.training.sets import open_sets
from truevoice.training.settings import Data

NAME = "leaks.json"


@dataclass(frozen=True)
class Leaks:
    """report: of the leaks. notes: how the sets came about, in sentences. written: where the report is, None where it
    was not asked for."""

    report: LeakReport
    notes: list[str] = field(default_factory=list)
    written: Path | None = None


def leaks(
    data: Data,
    *,
    jobs: int = 0,
    trees: bool | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Leaks:
    """Divides a set as training would, and reports on its leaks.

    data: the set and how it is divided, as in the settings of a run; the set's own test splits are compared too, each
    by its name. jobs, trees, progress: see `truevoice.leaks.report.leak_report`. out: a .json file, or a folder for
    leaks.json.

    Raises UsageError, one line, where the set cannot be read or divided; MissingExtraError where `trees` are asked for
    and scikit-learn is absent.
    """
    found = open_sets(data)
    sets = found.all()
    sets |= _own_tests(data, sets)
    report = leak_report(sets, jobs=jobs, progress=progress, trees=trees)
    return Leaks(report, found.notes, report.write(_place(Path(out))) if out is not None else None)


def _own_tests(data: Data, sets: Mapping[str, Sequence[Trial]]) -> dict[str, list[Trial]]:
    """The set's test splits by name, less what the other sets have of them."""
    used = {trial.key for own in sets.values() for trial in own}
    meanings = parse_label_map(data.label_map) if data.label_map else None
    columns = {"path_column": data.path_column or None, "label_column": data.label_column or None}
    found: dict[str, list[Trial]] = {}
    for trial in open_set(data.data, **columns, label_map=meanings).trials:
        split = trial.meta.get("split", "")
        if kind_of(split) == TEST and trial.label in LABELS and trial.key not in used:
            found.setdefault(split if split not in sets else f"{split} (own)", []).append(trial)
    return found


def _place(out: Path) -> Path:
    return out if out.suffix.lower() == ".json" and not out.is_dir() else out / NAME
