"""DET axes: error rates on the scale of the normal law, where two normal classes give a straight line.

A DET curve plots frr against far, both through the probit, the inverse of the normal distribution function. Small
rates get room; equal distances mean equal steps of difficulty.

Reference: A. Martin et al., The DET curve in assessment of detection task performance, Eurospeech 1997.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from truevoice.errors import UsageError
from truevoice.metrics.scores import Floats

_NORMAL = NormalDist()


def probit(rate: ArrayLike) -> Floats:
    """The normal quantile of each rate in [0, 1], same shape; -inf at 0 and +inf at 1.

    Accurate to about 1e-15 (Wichura's AS 241 in Python's own library). A plain loop, about a microsecond a value: thin
    the curve first. Raises `UsageError` for rates outside [0, 1] and for NaN.
    """
    rates = np.asarray(rate, dtype=np.float64)
    if not ((rates >= 0) & (rates <= 1)).all():
        raise UsageError("DET axes take rates between 0 and 1")
    inner = (rates > 0) & (rates < 1)
    quantiles = np.where(rates > 0, np.inf, -np.inf)
    quantiles[inner] = [_NORMAL.inv_cdf(one) for one in rates[inner].tolist()]
    return quantiles
