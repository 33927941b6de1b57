"""Tests of paired decisions and of many figures at once, exact and without tables.

References: Q. McNemar, Note on the sampling error of the difference between correlated proportions or percentages,
Psychometrika 12 (1947), in its exact form, the binomial test on the trials that the two decide differently;
S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6 (1979).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value that neither of two systems is right more often.

    only_first, only_second: trials that only the first, only the second decides rightly. 1.0 where there are none.
    """
    total, fewer = only_first + only_second, min(only_first, only_second)
    if total == 0:
        return 1.0
    # log of n choose k for k = 0 … fewer, then of its share of 2^n
    steps = np.log(total - np.arange(fewer)) - np.log(np.arange(1, fewer + 1))
    logs = np.concatenate([[0.0], np.cumsum(steps)]) - total * np.log(2)
    return float(min(1.0, 2 * np.exp(logs).sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Each p-value adjusted for being one of all these, in their order; never below it, never above 1."""
    order = np.argsort(np.asarray(p_values, np.float64), kind="stable")
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for place, at in enumerate(order.tolist()):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[at]))
        adjusted[at] = largest
    return adjusted
