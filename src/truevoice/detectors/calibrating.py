"""A calibration from the scores of a labelled set: a straight line by logistic regression, and named thresholds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truevoice.detectors.calibration import Calibration, NamedThreshold
from truevoice.errors import UsageError
from truevoice.metrics import decide, eer, far_at_frr_point, frr_at_far_point
from truevoice.metrics.calibration import fit
from truevoice.windows import WindowPolicy

Floats = NDArray[np.float64]


def calibrate_scores(
    bonafide: Floats,
    spoof: Floats,
    *,
    prior: float = 0.5,
    false_alarms: float = 0.05,
    misses: float = 0.05,
    policy: WindowPolicy | None = None,
    fitted_on: dict[str, Any] | None = None,
    model: str = "",
    checksum: str = "",
) -> Calibration:
    """The calibration of the scores (n,) and (m,) of the two classes, higher = more bona fide.

    Thresholds: `balanced` (P(spoof) one half at the prior), `eer`, `low-false-alarm` (at most the share `false_alarms`
    of bona fide trials called spoof), `high-recall` (at most the share `misses` of spoofs called bona fide). Raises
    UsageError where a class is empty or bona fide trials score lower than spoofs.
    """
    slope, offset = fit(bonafide, spoof)
    if slope <= 0:
        raise UsageError(
            "bona fide trials score lower than spoofs, so no calibration can be made: are the labels, or the sign of "
            "the scores, the wrong way round (--score-means spoof)?"
        )
    even = (math.log(prior / (1 - prior)) - offset) / slope
    points = {
        "balanced": (even, f"P(spoof) one half at a prior of {prior:g}"),
        "eer": (eer(bonafide, spoof)[1], "the two error rates alike"),
        "low-false-alarm": (
            far_at_frr_point(bonafide, spoof, false_alarms)[1],
            f"at most {false_alarms:.1%} of bona fide trials called spoof",
        ),
        "high-recall": (
            frr_at_far_point(bonafide, spoof, misses)[1],
            f"at most {misses:.1%} of spoofs called bona fide",
        ),
    }
    named = {}
    for name, (value, rule) in points.items():
        if math.isfinite(value):
            counts = decide(bonafide, spoof, value)
            named[name] = NamedThreshold(value, rule, counts.frr, counts.far)
    counted = {
        **(fitted_on or {}),
        "n_bonafide": int(bonafide.size),
        "n_spoof": int(spoof.size),
        "rates": "of the named thresholds: measured on these same trials",
    }
    return Calibration(slope, offset, even, prior, policy, counted, named, model, checksum)
