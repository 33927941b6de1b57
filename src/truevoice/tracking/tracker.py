"""What a tracker takes, and what one has to be able to do behind it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from truevoice.evaluation.score_set import ScoreSet
from truevoice.tracking.evidence import Evidence


class Tracker(Protocol):
    """Takes figures and score sets. No method raises; a tracker that fails says so once and takes nothing more.

    place: the folder that its files are in.
    """

    name: str
    place: Path

    def scalars(self, values: Mapping[str, float | None], step: int) -> None:
        """Figures by name at a step. Those that are None, or stand there at this step or a later one, are left out."""

    def scored(self, name: str, score_set: ScoreSet, threshold: float, step: int) -> None:
        """One set's ROC curve, confusion matrix and table of trials at a step. name: of the set, as in `validation`."""

    def close(self) -> None:
        """Writes what is still held. Nothing is taken afterwards."""


class Backend(Protocol):
    """One library. Its methods raise whatever goes wrong; `memory` is kept for the run that goes on with it."""

    memory: dict[str, Any]
    place: Path

    def scalars(self, values: Mapping[str, float], step: int) -> None: ...

    def scored(self, evidence: Evidence, step: int) -> None: ...

    def close(self) -> None: ...
