"""The sets of a run: what is learnt from, and what is measured after every epoch. Needs no torch."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from truevoice.data.division import Division, divide
from truevoice.data.labels import parse_label_map
from truevoice.data.manifest import Manifest
from truevoice.data.readers import open_set
from truevoice.data.splits import TEST, kind_of, splits_of
from truevoice.data.trial import LABELS, Trial
from truevoice.detectors.card import Card
from truevoice.errors import UsageError
from truevoice.training.epochs import VALIDATION
from truevoice.training.settings import Data
from truevoice.windows import WindowPolicy, default_policy, parse_length, whole_policy

HELD_OUT = "held-out"
NAME = re.compile(r"[\w.+() -]{1,80}")


@dataclass(frozen=True)
class Sets:
    """measured: by name, validation first, then the test sets, then who was held out. notes: sentences."""

    train: list[Trial]
    measured: dict[str, list[Trial]]
    notes: list[str]

    def all(self) -> dict[str, list[Trial]]:
        return {"train": self.train, **self.measured}


def open_sets(data: Data) -> Sets:
    """Reads and divides the sets that `data` names. Raises UsageError, one line, for what cannot be meant."""
    words = _table_words(data)
    other = open_set(data.val_data, **words) if data.val_data else None
    division = divide(
        open_set(data.data, **words),
        train_splits=data.train_splits,
        val_splits=data.val_splits,
        validation=other,
        val_fraction=data.val_fraction,
        group_by=data.group_by,
        hold_out=data.hold_out,
        hold_out_by=data.hold_out_by,
        subset=data.subset,
        split_seed=data.split_seed,
    )
    return _with_tests(division, data, lambda path: open_set(path, **words))


def _with_tests(division: Division, data: Data, open_: Callable[[str], Manifest]) -> Sets:
    measured = {VALIDATION: division.validation}
    notes = list(division.notes)
    learnt = {trial.key for trial in division.train}
    for name, path in data.test.items():
        if name in (VALIDATION, HELD_OUT, "train") or not NAME.fullmatch(name):
            raise UsageError(f"a test set cannot be called {name!r}: give a plain name that is not {VALIDATION}")
        trials, part = _test_trials(open_(path), path)
        measured[name] = trials
        notes.append(f"{name}: {len(trials):,} trials of {path}{part}")
        if known := sum(trial.key in learnt for trial in trials):
            notes.append(f"{name}: {known:,} of its trials are learnt from, so its figures are no test")
    if division.held_out:
        measured[HELD_OUT] = division.held_out
    return Sets(division.train, measured, notes)


def _test_trials(manifest: Manifest, path: str) -> tuple[list[Trial], str]:
    """The set's test split where it has one, else all of it."""
    trials = [trial for trial in manifest.trials if trial.label in LABELS]
    if manifest.default_subset:
        trials = [trial for trial in trials if trial.meta.get("subset", "") == manifest.default_subset]
    tests = [split for split in splits_of(trials) if kind_of(split) == TEST]
    part = f", split {', '.join(tests)}" if tests else ""
    trials = [trial for trial in trials if trial.meta.get("split", "") in tests] if tests else trials
    for label in LABELS:
        if not any(trial.label == label for trial in trials):
            raise UsageError(f"{path}: has no {label} trial to test on{part}")
    return trials, part


def window_of(data: Data) -> int | None:
    """Samples of a window; None = the model's own."""
    return parse_length(data.window) if data.window else None


def policy_of(data: Data, card: Card) -> WindowPolicy:
    """How measured recordings are heard: as asked, else as the model's authors do, else in all of their length."""
    kind = data.windows
    if not kind:
        kind = "overlap" if card.shipped else "whole" if card.heard == "whole" else "first"
    if kind == "whole" and card.fixed_window:
        raise UsageError(
            f"{card.name} hears windows of {card.window} samples only; --windows overlap hears all of them"
        )
    if kind == "overlap":
        return default_policy(card.window)
    return whole_policy() if kind == "whole" else WindowPolicy("first", card.window, card.window)


def settled_data(data: Data) -> Data:
    """The same with paths that hold wherever the run is read from."""
    at = lambda path: str(Path(path).expanduser().absolute()) if path else ""  # noqa: E731
    return replace(
        data, data=at(data.data), val_data=at(data.val_data), test={name: at(path) for name, path in data.test.items()}
    )


def _table_words(data: Data) -> dict[str, Any]:
    return {
        "path_column": data.path_column or None,
        "label_column": data.label_column or None,
        "label_map": parse_label_map(data.label_map) if data.label_map else None,
    }
