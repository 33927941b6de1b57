"""An evaluation in trackers: the same figures, pictures and tables that a training run shows of every set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath

from truevoice.doctor.finding import Finding
from truevoice.errors import MissingExtraError, TruevoiceError, UsageError
from truevoice.evaluation.evaluation import Conditions, Evaluation
from truevoice.tracking.opening import check_trackers, open_trackers
from truevoice.tracking.tracker import Tracker


def log_evaluation(evaluation: Evaluation, names: Sequence[str], folder: Path) -> tuple[list[Path], list[Finding]]:
    """Writes one evaluation to trackers, as a run of its own with one step, 0.

    Gives the folders written, and a finding for each tracker that failed: the evaluation itself is done by now, and is
    not given up for that. Raises UsageError and MissingExtraError as `check_trackers` does.
    """
    told: list[str] = []
    trackers: list[Tracker] = []
    try:
        config, run = _config(evaluation), folder.resolve().name or "evaluation"
        trackers = open_trackers(check_trackers(names), folder=folder, run=run, config=config, tell=told.append)
    except (UsageError, MissingExtraError):
        raise
    except TruevoiceError as error:
        told.append(str(error))
    name = set_name(evaluation.conditions)
    for tracker in trackers:
        tracker.scalars({f"{name}/{figure}": value for figure, value in evaluation.figures.items()}, 0)
        tracker.scored(name, evaluation.score_set, evaluation.threshold.value, 0)
    places = [tracker.place for tracker in trackers]
    for tracker in trackers:
        tracker.close()
    remedy = "The figures, report.html and scores.csv do not depend on it."
    return places, [Finding("tracker", "warning", words, remedy) for words in told]


def set_name(conditions: Conditions) -> str:
    """What the set is called in trackers: its file's or folder's name, and the split where it is one."""
    stem = PurePath(conditions.data).stem or "set"
    return f"{stem}-{conditions.split}" if conditions.split and conditions.split != stem else stem


def _config(evaluation: Evaluation) -> dict[str, object]:
    threshold = evaluation.threshold
    return {**vars(evaluation.conditions), "threshold": threshold.value, "threshold_origin": threshold.origin}
