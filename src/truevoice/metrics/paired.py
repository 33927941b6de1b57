"""Two systems on the same trials: is the difference more than the chance of the draw?

Each round draws the same trials for both systems, so what makes a trial hard for both cancels out. The interval is
that of the difference; the p-value is the share of rounds on the other side of zero, doubled, so it is never below
2 / (rounds + 1). Looking at many pairs of systems needs a stricter level.

References: B. Efron and R. Tibshirani, An introduction to the bootstrap (1993), chapters 13 and 16; M. Bisani and
H. Ney, Bootstrap estimates for confidence intervals in ASR performance evaluation, ICASSP 2004.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from truevoice.errors import UsageError
from truevoice.metrics.auc import auc
from truevoice.metrics.bootstrap import check_rounds
from truevoice.metrics.eer import eer
from truevoice.metrics.resampling import ClusterIds, chunks, plan
from truevoice.metrics.scores import Floats, check
from truevoice.metrics.weighted import Rounds, SortedTrials

Pair = tuple[ArrayLike, ArrayLike]


class Difference(NamedTuple):
    """A figure of two systems; `difference` = first - second, its interval (low, high), and a two-sided p-value."""

    first: float
    second: float
    difference: float
    low: float
    high: float
    p_value: float


def paired_bootstrap(
    first: Pair,
    second: Pair,
    *,
    rounds: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
    clusters: ClusterIds | None = None,
) -> dict[str, Difference]:
    """`{"eer": Difference, "auc": Difference}` of two systems.

    Takes two pairs (bona fide scores, spoof scores), higher = more bona fide: the same trials in the same order,
    scored by each system. clusters: each trial's cluster, for (bona fide, spoof). Raises `UsageError` as `bootstrap`
    does, and where the systems have not scored equally many trials.
    """
    systems = [check(*first), check(*second)]
    sizes = [(bonafide.size, spoof.size) for bonafide, spoof in systems]
    if sizes[0] != sizes[1]:
        raise UsageError(f"two systems are compared on the same trials, but they scored {sizes[0]} and {sizes[1]}")
    check_rounds(rounds, confidence)
    one, other = (SortedTrials(*scores) for scores in systems)
    # Trials are drawn in the first system's order; the second's order is reached from there.
    across = [np.argsort(mine)[its] for mine, its in zip(one.orders, other.orders)]
    found: dict[str, list[tuple[Floats, Floats]]] = {"eer": [], "auc": []}
    for draws in chunks(plan(clusters, one.orders), rounds, seed, sum(sizes[0])):
        ours = Rounds(one, draws.bonafide, draws.spoof)
        its = Rounds(other, draws.bonafide[:, across[0]], draws.spoof[:, across[1]])
        found["eer"].append((ours.eer(), its.eer()))
        found["auc"].append((ours.auc(), its.auc()))
    points = {"eer": [eer(*scores)[0] for scores in systems], "auc": [auc(*scores) for scores in systems]}
    return {name: _difference(points[name], by_round, confidence) for name, by_round in found.items()}


def _difference(points: list[float], by_round: list[tuple[Floats, Floats]], confidence: float) -> Difference:
    moved = np.concatenate([ours - its for ours, its in by_round])
    low, high = np.quantile(moved, [(1 - confidence) / 2, (1 + confidence) / 2])
    fewer = min(int((moved <= 0).sum()), int((moved >= 0).sum()))
    p_value = min(1.0, 2 * (fewer + 1) / (moved.size + 1))
    return Difference(points[0], points[1], points[0] - points[1], float(low), float(high), p_value)
