"""From the scores of a recording's windows to its one score. Higher = more bona fide, before and after.

mean            every window counts alike: steadiest where the whole recording is of one kind. The default.
median          as mean, but a few odd windows (a cough, a jingle) do not move it.
lowest-quarter  mean of the quarter (at least one) with the lowest scores: for recordings faked in part.
min             the single most suspicious window: finds the shortest fake and alarms most often.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def _lowest_quarter(scores: NDArray[np.float64]) -> float:
    count = max(1, len(scores) // 4)
    return float(np.partition(scores, count - 1)[:count].mean())


POOLINGS: dict[str, Callable[[NDArray[np.float64]], float]] = {
    "mean": lambda scores: float(scores.mean()),
    "median": lambda scores: float(np.median(scores)),
    "lowest-quarter": _lowest_quarter,
    "min": lambda scores: float(scores.min()),
}


def pool(scores: NDArray[np.float32], pooling: str) -> float:
    """One score of window scores (N,), N ≥ 1, by the named pooling; computed in float64."""
    return POOLINGS[pooling](np.asarray(scores, dtype=np.float64))
