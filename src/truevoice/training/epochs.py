"""What a training run tells of an epoch and of itself. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from truevoice.data.trial import LeftOut
from truevoice.evaluation.score_set import ScoreSet

VALIDATION = "validation"


@dataclass(frozen=True)
class Epoch:
    """One epoch, measured at its end.

    epoch: from 1. step: steps since the run began. train_loss: mean over the epoch's batches, of weights that moved
    meanwhile. sets: figures by set, validation first: loss, accuracy, eer, auc as fractions, threshold, n_bonafide,
    n_spoof; every one is pooled over all trials. The threshold is that of validation in this epoch, for all sets.
    score_sets: every trial's score, by set; empty for epochs that another process measured before a resume.
    """

    epoch: int
    step: int
    train_loss: float
    seconds: float
    sets: dict[str, dict[str, float]]
    score_sets: dict[str, ScoreSet] = field(default_factory=dict, repr=False, compare=False)
    is_best: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As `metrics.jsonl` holds it; `from_dict` is the inverse, without the scores."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "train_loss": self.train_loss,
            "seconds": round(self.seconds, 3),
            "best": self.is_best,
            "sets": self.sets,
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Epoch:
        return cls(raw["epoch"], raw["step"], raw["train_loss"], raw["seconds"], raw["sets"], is_best=raw["best"])


@dataclass(frozen=True)
class Trained:
    """A finished run. best: the figures of the best epoch, by set. stopped: why it ended, in words. skipped: the
    recordings that could not be decoded, each once. seconds: of all its processes, one after another."""

    folder: Path
    epochs: list[Epoch]
    best_epoch: int
    best: dict[str, dict[str, float]]
    stopped: str
    skipped: list[LeftOut]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as summary.json holds them."""
        return {
            "folder": str(self.folder),
            "best_epoch": self.best_epoch,
            "best": self.best,
            "stopped": self.stopped,
            "seconds": round(self.seconds, 3),
            "epochs": [epoch.to_dict() for epoch in self.epochs],
            "skipped": [{"name": one.name, "reason": one.reason} for one in self.skipped],
        }
