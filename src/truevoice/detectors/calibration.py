"""From a score to a probability and a verdict.

A calibration is a straight line from the detector's file score to a natural-log likelihood ratio of bona fide against
spoof (logistic regression; Brümmer & du Preez, "Application-independent evaluation of speaker detection", 2006), and
thresholds. With a prior it gives P(spoof): odds(spoof) = prior odds · exp(-LLR).
"""

from __future__ import annotations

import difflib
import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truevoice.errors import TruevoiceError, UsageError
from truevoice.windows import WindowPolicy


def at_prior(p_spoof: NDArray[np.float64], stated: float, wanted: float) -> NDArray[np.float64]:
    """P(spoof) (N,) that assumes the prior `stated`, for the prior `wanted`, both in (0, 1); exact, by Bayes' rule."""
    spoof, bonafide = p_spoof * (wanted / stated), (1 - p_spoof) * ((1 - wanted) / (1 - stated))
    return spoof / (spoof + bonafide)


@dataclass(frozen=True)
class NamedThreshold:
    """A threshold with the error rates it had where it was measured, as fractions: `frr` = bona fide rejected, `far` =
    spoof accepted. `rule`: how it was chosen, in words."""

    score: float
    rule: str
    frr: float | None = None
    far: float | None = None


@dataclass(frozen=True)
class Calibration:
    """LLR = slope · score + offset (slope > 0); verdict `bonafide` where score ≥ threshold, else `spoof`.

    prior_spoof: the share of spoofed recordings assumed beforehand, in (0, 1). `windows`: the window policy that the
    calibration was measured with; `fitted_on`: the data, in a dictionary of words and counts. `thresholds`: working
    points by name. `model`, `checksum`: the detector it belongs to, "" where that is plain from its place.
    """

    slope: float
    offset: float
    threshold: float
    prior_spoof: float = 0.5
    windows: WindowPolicy | None = None
    fitted_on: dict[str, Any] = field(default_factory=dict)
    thresholds: dict[str, NamedThreshold] = field(default_factory=dict)
    model: str = ""
    checksum: str = ""

    def __post_init__(self) -> None:
        numbers = (self.slope, self.offset, self.threshold)
        if not all(isinstance(n, int | float) and math.isfinite(n) for n in numbers) or self.slope <= 0:
            raise TruevoiceError(
                "a calibration needs finite numbers and a slope above 0 (higher score = more bona fide)"
            )
        if not 0 < self.prior_spoof < 1:
            raise UsageError(f"a prior of {self.prior_spoof:g} is outside 0 to 1, both excluded")

    def llr(self, score: float) -> float:
        """Natural-log likelihood ratio, bona fide over spoof. Takes arrays too."""
        return self.slope * score + self.offset

    def p_spoof(self, score: float) -> float:
        """P(spoof) in [0, 1] at the prior."""
        log_odds = math.log(self.prior_spoof / (1 - self.prior_spoof)) - self.llr(score)
        # The two forms are one function; each is used where its exp cannot overflow.
        return 1 / (1 + math.exp(-log_odds)) if log_odds >= 0 else math.exp(log_odds) / (1 + math.exp(log_odds))

    def p_spoofs(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """`p_spoof` of many scores (N,) at once."""
        return np.array([self.p_spoof(score) for score in scores.tolist()], dtype=np.float64)

    def with_prior(self, prior_spoof: float) -> Calibration:
        """The same line at another prior; the threshold moves to the score at which P(spoof) is one half."""
        moved = replace(self, prior_spoof=prior_spoof)  # checks the prior
        return replace(moved, threshold=(math.log(prior_spoof / (1 - prior_spoof)) - self.offset) / self.slope)

    def named(self, name: str) -> NamedThreshold:
        """The threshold called `name`. Raises UsageError with the names that there are."""
        if name in self.thresholds:
            return self.thresholds[name]
        near = difflib.get_close_matches(name, self.thresholds, n=1)
        known = f"did you mean {near[0]}?" if near else f"known: {', '.join(self.thresholds) or 'none'}"
        raise UsageError(f"threshold {name!r} is neither a number nor a name of this calibration; {known}")

    def to_dict(self) -> dict[str, Any]:
        """As `truevoice calibrate` stores it; `from_dict` is the inverse. The layout is that of shipped detectors."""
        return {
            "format": 1,
            "kind": "truevoice calibration",
            "model": self.model,
            "checksum": self.checksum,
            "windows": self.windows.to_dict() if self.windows else None,
            "calibration": {
                "slope": self.slope,
                "offset": self.offset,
                "prior_spoof": self.prior_spoof,
                "method": "logistic regression on file scores, classes weighted equally: LLR = slope · score + offset",
                "fitted_on": self.fitted_on,
            },
            "threshold": {"score": self.threshold},
            "thresholds": {name: asdict(point) for name, point in self.thresholds.items()},
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Calibration:
        """Raises KeyError, TypeError, AttributeError or a TruevoiceError where it is not whole; the caller knows whose
        file it is."""
        line = raw["calibration"]
        return cls(
            slope=line["slope"],
            offset=line["offset"],
            threshold=raw["threshold"]["score"],
            prior_spoof=line.get("prior_spoof", 0.5),
            windows=WindowPolicy(**raw["windows"]) if raw["windows"] is not None else None,
            fitted_on=line.get("fitted_on", {}),
            thresholds={name: NamedThreshold(**point) for name, point in raw.get("thresholds", {}).items()},
            model=raw.get("model", ""),
            checksum=raw.get("checksum", ""),
        )
