"""What a training run calls after every epoch: its figures, its steps, its score sets → the trackers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from truevoice.errors import TruevoiceError
from truevoice.evaluation.score_set import ScoreSet
from truevoice.report.run_history import read_history
from truevoice.tracking.tracker import Tracker

SHOWN = ("loss", "accuracy", "eer", "auc", "threshold")  # of every set; counts of trials stay the same


class EpochLike(Protocol):
    """The part of an epoch that is shown; see the fields of the same names in `truevoice.training`."""

    @property
    def epoch(self) -> int: ...
    @property
    def step(self) -> int: ...
    @property
    def train_loss(self) -> float: ...
    @property
    def sets(self) -> Mapping[str, Mapping[str, float]]: ...
    @property
    def score_sets(self) -> Mapping[str, ScoreSet]: ...


def watcher(trackers: Sequence[Tracker], metrics: Path | None = None) -> Callable[[EpochLike], None]:
    """A function for a run to call with every epoch; it raises nothing, and gives None, which means: go on.

    metrics: the run's metrics.jsonl, where it has one; the steps in it are shown too, as `train/loss` and `train/lr`.
    Figures of a set are called `SET/eer` and so on, pooled over all its trials. What is measured on single batches
    is called `batch/...`, by whoever logs it, and is never a result.
    """

    def watch(epoch: EpochLike) -> None:
        if metrics is not None:
            for step in _steps(metrics, epoch.step):
                for tracker in trackers:
                    tracker.scalars({"train/loss": step.get("loss"), "train/lr": step.get("lr")}, int(step["step"]))
        values: dict[str, float | None] = {"epoch": epoch.epoch, "train/epoch_loss": epoch.train_loss}
        for name, figures in epoch.sets.items():
            values |= {f"{name}/{figure}": figures[figure] for figure in SHOWN if figure in figures}
        for tracker in trackers:
            tracker.scalars(values, epoch.step)
        for name, score_set in epoch.score_sets.items():
            threshold = _threshold(epoch, name)
            if threshold is not None:
                for tracker in trackers:
                    tracker.scored(name, score_set, threshold, epoch.step)

    return watch


def _steps(metrics: Path, last: int) -> list[dict[str, Any]]:
    """The steps up to `last`; none where the file cannot be read, for the figures of the epoch do not depend on it."""
    try:
        return [step for step in read_history(metrics).steps if step["step"] <= last]
    except TruevoiceError:
        return []


def _threshold(epoch: EpochLike, name: str) -> float | None:
    """The set's own; of one that has none, such as a single held-out speaker's, that of the first set: validation."""
    for figures in (epoch.sets.get(name, {}), next(iter(epoch.sets.values()), {})):
        value = figures.get("threshold")
        if value is not None and not math.isnan(value):
            return float(value)
    return None
