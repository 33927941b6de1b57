"""An evaluation: every figure of one score set, what it holds for, and what speaks against believing it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from truevoice.data.trial import LeftOut, by_reason
from truevoice.doctor.finding import Finding
from truevoice.evaluation.score_set import ScoreSet

Interval = tuple[float, float]


@dataclass(frozen=True)
class Conditions:
    """What every figure holds for; stands beside each of them.

    data: the set (folder, manifest or score file). kind: which layout it was read as. split: which part of it.
    model, checksum, engine, windows: what scored it, "" where a score file does not say. calibration: where LLRs and
    P(spoof) come from, "" where nowhere. prior_spoof: P(spoof) assumed for P(spoof) and for PPV and NPV at a prior.
    costs: of the detection costs, in words.
    """

    data: str
    kind: str = ""
    split: str = ""
    n_bonafide: int = 0
    n_spoof: int = 0
    model: str = ""
    checksum: str = ""
    engine: str = ""
    windows: str = ""
    calibration: str = ""
    prior_spoof: float = 0.5
    costs: str = ""

    def sentence(self) -> str:
        """All of it on one line, as it stands under every table and picture."""
        part = self.split if self.split.startswith("subset") else f"split {self.split}"
        parts = [self.data + (f", {part}" if self.split else "")]
        parts.append(f"{self.n_bonafide:,} bona fide and {self.n_spoof:,} spoof trials")
        if self.model:
            parts.append(f"{self.model}" + (f" (sha256 {self.checksum[:12]})" if self.checksum else ""))
        if self.windows:
            parts.append(f"windows: {self.windows}")
        return "; ".join(parts)


@dataclass(frozen=True)
class Threshold:
    """The working point: accept as bona fide where score ≥ `value`.

    `origin` says in words where it comes from ("EER threshold of dev.csv, 1,334 trials"); `on_test`: it was chosen on
    the very trials it is judged on, so every figure at it is optimistic.
    """

    value: float
    origin: str
    on_test: bool = False


@dataclass(frozen=True)
class Group:
    """One row of a breakdown. `against_all`: its spoofs are compared with all bona fide trials, since the bona fide
    trials have no value in this column (as with attacks). Figures are None where a class has no trial in the group.

    figures: eer, auc, frr, far (at the evaluation's threshold), min_dcf; ci: some of them with (low, high).
    """

    value: str
    n_bonafide: int
    n_spoof: int
    against_all: bool
    figures: dict[str, float | None]
    ci: dict[str, Interval]


@dataclass(frozen=True)
class WrongTrial:
    """One trial on the wrong side of the threshold; `margin` = how far, in score. `source`: its recording, "" if
    unknown."""

    trial: str
    label: str
    score: float
    p_spoof: float | None
    margin: float
    source: str
    columns: dict[str, str]


@dataclass(frozen=True)
class Evaluation:
    """figures: flat, rates as fractions, None where undefined; ci: (low, high) for those that have an interval.

    confusion: counts `bonafide_accepted`, `bonafide_rejected`, `spoof_accepted`, `spoof_rejected`.
    intervals: how `ci` was made, in words. score_set: the trials themselves (charts are drawn from them); llrs and
    P(spoof) exist only where a calibration or the file gives them. breakdowns: by column.

    positive_class: of sensitivity, specificity, PPV, NPV and F1 in `figures`; `as_bonafide` has them the other way
    round. llrs: where the log-likelihood ratios behind actDCF and Cllr come from. written: the files made.
    """

    conditions: Conditions
    threshold: Threshold
    figures: dict[str, float | None]
    ci: dict[str, Interval]
    intervals: str
    confusion: dict[str, int]
    breakdowns: dict[str, list[Group]]
    worst: list[WrongTrial]
    findings: list[Finding]
    score_set: ScoreSet = field(repr=False)
    positive_class: str = "spoof"
    as_bonafide: dict[str, float | None] = field(default_factory=dict)
    llrs: str = ""
    written: list[Path] = field(default_factory=list)

    def __getitem__(self, name: str) -> float | None:
        """A figure by its name: `evaluation["eer"]`. Raises KeyError."""
        return self.figures[name]

    @property
    def left_out(self) -> list[LeftOut]:
        return self.score_set.left_out

    def to_dict(self) -> dict[str, Any]:
        """As metrics.json holds it: figures at the top level, rates as fractions."""
        reasons = {reason: len(names) for reason, names in by_reason(self.left_out).items()}
        return {
            **self.figures,
            "threshold": self.threshold.value,
            "threshold_origin": self.threshold.origin,
            "threshold_on_test": self.threshold.on_test,
            "n_bonafide": self.conditions.n_bonafide,
            "n_spoof": self.conditions.n_spoof,
            "positive_class": self.positive_class,
            "with_bonafide_positive": self.as_bonafide,
            "llrs": self.llrs,
            "confusion": self.confusion,
            "ci": {name: list(interval) for name, interval in self.ci.items()},
            "intervals": self.intervals,
            "conditions": asdict(self.conditions),
            "polarity": "score: higher = more bona fide; p_spoof: probability of spoof",
            "breakdowns": {column: [asdict(group) for group in groups] for column, groups in self.breakdowns.items()},
            "worst": [asdict(one) for one in self.worst],
            "findings": [finding.to_dict() for finding in self.findings],
            "left_out": {"total": len(self.left_out), "by_reason": reasons},
        }
