"""What charts are drawn of: the scores of a system, its error rates, its probabilities."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from truevoice.metrics.eer import eer
from truevoice.metrics.roc import Roc, roc, thin

Floats = NDArray[np.float64]

POINTS = 500  # of a thinned curve: more than a chart has pixels to tell apart


@dataclass(frozen=True)
class Curve:
    """One system's scores on one set, higher = more bona fide: bonafide (n_b,), spoof (n_s,), each with one at least.

    `threshold`: where it works, None where there is no such point.
    """

    name: str
    bonafide: Floats = field(repr=False)
    spoof: Floats = field(repr=False)
    threshold: float | None = None

    @property
    def fewest(self) -> int:
        """Trials of the smaller class: how fine a rate can be told."""
        return min(self.bonafide.size, self.spoof.size)

    @cached_property
    def rates(self) -> Roc:
        """The curve as it is drawn: thinned to what a chart can show."""
        return thin(roc(self.bonafide, self.spoof), POINTS)

    @cached_property
    def eer(self) -> float:
        return eer(self.bonafide, self.spoof)[0]

    @cached_property
    def working_point(self) -> tuple[float, float] | None:
        """(far, frr) at the threshold."""
        if self.threshold is None:
            return None
        return float(np.mean(self.spoof >= self.threshold)), float(np.mean(self.bonafide < self.threshold))


@dataclass(frozen=True)
class Forecast:
    """One system's probabilities: p_spoof (n,) in [0, 1], and the truth: spoof (n,) bool.

    `prior_spoof`: the share of spoof that the probabilities assume, None where unknown.
    """

    name: str
    p_spoof: Floats = field(repr=False)
    spoof: NDArray[np.bool_] = field(repr=False)
    prior_spoof: float | None = None

    @property
    def share_spoof(self) -> float:
        """Share of spoof in the set, which may be far from the prior."""
        return float(np.mean(self.spoof))
