"""What is compared: a system, and for each set that it was measured on, its scores and its threshold."""

from __future__ import annotations

from dataclasses import dataclass, field

from truevoice.doctor.finding import Finding
from truevoice.evaluation.evaluation import Conditions, Threshold
from truevoice.evaluation.score_set import ScoreSet


@dataclass(frozen=True)
class Side:
    """One system on one set. threshold: its own, None = none is stored. findings: what its files say against it."""

    score_set: ScoreSet
    conditions: Conditions
    threshold: Threshold | None = None
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class System:
    """name: what it is called in tables. origin: the folder or file it was read from. kind: what that is, in words.
    sides: by name of the set, at least one."""

    name: str
    origin: str
    kind: str
    sides: dict[str, Side]
