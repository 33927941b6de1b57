"""What an evaluation or a calibration looks at: scores with their truth, and how more of the kind are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truevoice.data.labels import parse_label_map
from truevoice.detectors.calibration import Calibration
from truevoice.detectors.result import Result
from truevoice.errors import UsageError
from truevoice.evaluation.evaluation import Conditions, Threshold
from truevoice.evaluation.score_set import ScoreSet
from truevoice.scoring.session import Progress
from truevoice.windows import WindowPolicy

Sibling = Callable[[Path, Path | None, Progress | None], ScoreSet]


@dataclass(frozen=True)
class Subject:
    """score_set: the trials; conditions: what they hold for. threshold: the one in force, None = none is known.

    sibling: scores another set the same way (path, journal folder, progress). results: the rows of scores.csv, decided
    at a threshold (None = the detector's own). policy: the windows, None where a score file does not say. subset: the
    one that was taken, "" = no choice was made.
    """

    score_set: ScoreSet
    conditions: Conditions
    calibration: Calibration | None
    threshold: Threshold | None
    sibling: Sibling
    results: Callable[[Threshold | None], Iterable[Result]]
    policy: WindowPolicy | None = None
    subset: str = ""


@dataclass(frozen=True)
class Decisions:
    """What the user asks of P(spoof) and the threshold; None = as the detector has it. Raises UsageError for a prior
    outside (0, 1)."""

    calibration: Path | None = None
    prior: float | None = None
    threshold: float | str | None = None

    def __post_init__(self) -> None:
        if self.prior is not None:
            check_prior(self.prior)


@dataclass(frozen=True)
class Tables:
    """How labels stand in the user's tables: names of columns, and words like "1=spoof,0=bonafide"."""

    path_column: str | None = None
    label_column: str | None = None
    label_map: str | None = None

    def words(self) -> dict[str, Any]:
        label_map = parse_label_map(self.label_map) if self.label_map else None
        return {"path_column": self.path_column, "label_column": self.label_column, "label_map": label_map}


def check_prior(prior: float) -> None:
    """Raises UsageError for a P(spoof) that leaves one class impossible."""
    if not 0 < prior < 1:
        raise UsageError(f"a prior (--prior) of {prior:g} is outside 0 to 1, both excluded")


def optional_path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


def line_origin(decisions: Decisions, calibration: str) -> str:
    """Where a calibration's own threshold comes from, in words."""
    if decisions.prior is not None:
        return f"P(spoof) one half at a prior of {decisions.prior:g}, by the calibration {calibration}"
    return f"of the calibration {calibration}"


def aside_reason(score_set: ScoreSet) -> str:
    return score_set.left_out[0].reason if score_set.left_out else "the set is empty"
