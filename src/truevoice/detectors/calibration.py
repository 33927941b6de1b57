"""From a score to a probability and a verdict.

A calibration is a straight line from the detector's file score to a natural-log likelihood ratio of bona fide against
spoof (logistic regression; Brümmer & du Preez, "Application-independent evaluation of speaker detection", 2006), and a
threshold. With a prior it gives P(spoof): odds(spoof) = prior odds · exp(-LLR).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

from truevoice.errors import TruevoiceError, UsageError
from truevoice.windows import WindowPolicy


@dataclass(frozen=True)
class Calibration:
    """LLR = slope · score + offset (slope > 0); verdict `bonafide` where score ≥ threshold, else `spoof`.

    prior_spoof: the share of spoofed recordings assumed beforehand, in (0, 1). `windows`: the window policy that the
    calibration was measured with; `fitted_on`: the data, in a dictionary of words and counts.
    """

    slope: float
    offset: float
    threshold: float
    prior_spoof: float = 0.5
    windows: WindowPolicy | None = None
    fitted_on: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.slope, self.offset, self.threshold))) or self.slope <= 0:
            raise TruevoiceError(
                "a calibration needs finite numbers and a slope above 0 (higher score = more bona fide)"
            )
        if not 0 < self.prior_spoof < 1:
            raise UsageError(f"a prior of {self.prior_spoof:g} is outside 0 to 1, both excluded")

    def llr(self, score: float) -> float:
        """Natural-log likelihood ratio, bona fide over spoof."""
        return self.slope * score + self.offset

    def p_spoof(self, score: float) -> float:
        """P(spoof) in [0, 1] at the prior."""
        log_odds = math.log(self.prior_spoof / (1 - self.prior_spoof)) - self.llr(score)
        # The two forms are one function; each is used where its exp cannot overflow.
        return 1 / (1 + math.exp(-log_odds)) if log_odds >= 0 else math.exp(log_odds) / (1 + math.exp(log_odds))

    def verdict(self, score: float) -> str:
        return "bonafide" if score >= self.threshold else "spoof"

    def with_prior(self, prior_spoof: float) -> Calibration:
        """The same line at another prior; the threshold moves to the score at which P(spoof) is one half."""
        moved = replace(self, prior_spoof=prior_spoof)  # checks the prior
        return replace(moved, threshold=(math.log(prior_spoof / (1 - prior_spoof)) - self.offset) / self.slope)
