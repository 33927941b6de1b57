"""The measurement at the end of an epoch: all sets, the threshold, and whether this epoch is the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from truevoice.detectors.calibrating import calibrate_scores
from truevoice.detectors.calibration import Calibration
from truevoice.detectors.card import Card
from truevoice.errors import UsageError
from truevoice.evaluation.score_set import ScoreSet
from truevoice.training.epochs import VALIDATION, Epoch
from truevoice.training.ledger import Ledger
from truevoice.training.validation import Measured, MeasuredSet, figures, threshold_of
from truevoice.windows import WindowPolicy


@dataclass
class Examiner:
    """sets: validation first. loss: on the CPU. batch_size: windows at once."""

    sets: Sequence[MeasuredSet]
    card: Card
    loss: nn.Module
    best_by: str
    batch_size: int
    data: str

    def examine(
        self,
        network: nn.Module,
        ledger: Ledger,
        *,
        epoch: int,
        step: int,
        train_loss: float,
        device: torch.device,
        clock: Callable[[], float],
        progress: Callable[[str], Any],
        divided: bool = True,
    ) -> tuple[Epoch, Calibration | None]:
        """The epoch with its figures, not yet in the ledger, and the calibration of validation's scores, None where
        bona fide trials score lower than spoofs."""
        measured: dict[str, Measured] = {}
        for one in self.sets:
            measured[one.name] = one.measure(
                network,
                self.loss,
                self.card,
                device=device,
                batch_size=self.batch_size,
                progress=progress,
                divided=divided,
            )
        scores = measured[VALIDATION].score_set
        calibration = self._calibration(scores, self.sets[0].policy)
        threshold = threshold_of(scores, calibration)
        sets = {name: figures(one, threshold) for name, one in measured.items()}
        best = ledger.betters(sets[VALIDATION], self.best_by)
        score_sets = {name: one.score_set for name, one in measured.items()}
        return Epoch(epoch, step, train_loss, clock(), sets, score_sets, best), calibration

    def _calibration(self, validation: ScoreSet, policy: WindowPolicy) -> Calibration | None:
        try:
            return calibrate_scores(
                *validation.split(), policy=policy, fitted_on={"data": self.data, "split": VALIDATION}
            )
        except UsageError:
            return None
