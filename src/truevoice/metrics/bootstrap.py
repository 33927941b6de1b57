"""Confidence intervals by the bootstrap: how far a figure would move had the test drawn other trials like these.

Trials are drawn with replacement (`truevoice.metrics.resampling`), the figure is computed anew, and the interval runs
between the percentiles of the rounds. It covers the chance of the draw and nothing else: not a threshold chosen on
the same trials, not another set or channel. Where trials come in clusters (speakers, sources), plain intervals are
too narrow; draw clusters. A figure at its limit (no error at all) gets an interval of width zero, which says that the
test is too small to see errors, not that there are none.

References: B. Efron and R. Tibshirani, An introduction to the bootstrap (1993), chapter 13; L. Ferrer and P. Riera,
Confidence intervals for evaluation in machine learning (2023).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truevoice.errors import UsageError
from truevoice.metrics.dcf import C_FA, C_MISS, P_SPOOF, bayes_threshold, weights
from truevoice.metrics.resampling import ByClass, ClusterIds, Draws, Plan, chunks, in_runs, plan
from truevoice.metrics.scores import Floats, check
from truevoice.metrics.weighted import Rounds, SortedTrials

OF_SCORES = ("eer", "auc", "min_dcf")
OF_THRESHOLD = (
    *("accuracy", "balanced_accuracy", "sensitivity", "specificity", "ppv", "npv", "f1"),
    *("frr", "far"),
)
OF_LLRS = ("act_dcf", "cllr")
OF_PROBABILITIES = ("brier",)

Pair = tuple[ArrayLike, ArrayLike]


class Intervals(dict[str, tuple[float, float]]):
    """`{figure: (low, high)}`, and how they were made.

    rounds: how many counted. redrawn: rounds thrown away because a class was missing (clusters only). undefined: for
    each figure that was 0 / 0 in some rounds, in how many; its interval is that of the others, and it has none where
    more than half are undefined.
    """

    rounds: int = 0
    redrawn: int = 0
    confidence: float = 0.95
    undefined: dict[str, int]


def bootstrap(
    bonafide_scores: ArrayLike,
    spoof_scores: ArrayLike,
    *,
    rounds: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
    clusters: ClusterIds | None = None,
    threshold: float | None = None,
    llrs: Pair | None = None,
    p_bonafide: Pair | None = None,
    figures: Sequence[str] | None = None,
    p_spoof: float = P_SPOOF,
    c_miss: float = C_MISS,
    c_fa: float = C_FA,
) -> Intervals:
    """Percentile intervals of the figures of one system.

    Takes the scores of the two classes, shapes (n_b,) and (n_s,), higher = more bona fide. clusters: each trial's
    cluster, for (bona fide, spoof); whole clusters are then drawn. threshold: fixed; accept where score >= it; brings
    accuracy, balanced_accuracy, frr, far, and with spoof as the positive class sensitivity, specificity, ppv, npv, f1.
    llrs: natural-log likelihood ratios of (bona fide, spoof) trials in the order of the scores; bring act_dcf and cllr.
    p_bonafide: P(bona fide) of (bona fide, spoof) trials; brings brier. eer, auc and min_dcf always come. `figures`:
    only these. p_spoof, c_miss, c_fa: for min_dcf and act_dcf.

    The result depends on the trials and the seed only, and without clusters not on the order of the trials. Raises
    `UsageError` as `check` does, for unknown figures and those whose input is not given, for fewer than two clusters,
    and for rounds or confidence out of range.
    """
    bonafide, spoof = check(bonafide_scores, spoof_scores)
    check_rounds(rounds, confidence)
    if threshold is not None and math.isnan(threshold):
        raise UsageError("the threshold is not a number")
    of_order = clusters is None and llrs is None and p_bonafide is None
    trials, drawn = _by_runs(bonafide, spoof, threshold) if of_order else _one_by_one(bonafide, spoof, clusters)
    linear = _Linear(trials, llrs, p_bonafide, bayes_threshold(p_spoof, c_miss, c_fa))
    chosen = _choose(figures, threshold is not None, llrs is not None, p_bonafide is not None)
    cost = weights(p_spoof, c_miss, c_fa)

    def of(draws: Draws) -> dict[str, Floats]:
        some = Rounds(trials, draws.bonafide, draws.spoof)
        found: dict[str, Floats] = {}
        if "eer" in chosen:
            found["eer"] = some.eer()
        if "auc" in chosen:
            found["auc"] = some.auc()
        if "min_dcf" in chosen:
            found["min_dcf"] = some.min_dcf(*cost)
        if threshold is not None:
            found |= _at_threshold(some, threshold)
        return found | linear.figures(draws, some, cost)

    by_round: dict[str, list[Floats]] = {name: [] for name in chosen}
    redrawn = 0
    for draws in chunks(drawn, rounds, seed, trials.bonafide.size + trials.spoof.size):
        redrawn += draws.redrawn
        found = of(draws)
        for name, values in by_round.items():
            values.append(found[name])
    return _intervals({name: np.concatenate(values) for name, values in by_round.items()}, confidence, redrawn)


def check_rounds(rounds: int, confidence: float) -> None:
    """Raises `UsageError` where either makes no sense."""
    if rounds < 1:
        raise UsageError(f"a bootstrap needs at least one round, not {rounds}")
    if not 0 < confidence < 1:
        raise UsageError(f"a confidence lies between 0 and 1, not {confidence}")


def _one_by_one(bonafide: Floats, spoof: Floats, clusters: ClusterIds | None) -> tuple[SortedTrials, Plan]:
    trials = SortedTrials(bonafide, spoof)
    return trials, plan(clusters, trials.orders)


def _by_runs(bonafide: Floats, spoof: Floats, threshold: float | None) -> tuple[SortedTrials, Plan]:
    """For figures that depend on the order of the scores and the threshold alone."""
    some_bonafide, bonafide_in = in_runs(bonafide, spoof, threshold)
    some_spoof, spoof_in = in_runs(spoof, bonafide, threshold)
    return SortedTrials(some_bonafide, some_spoof), ByClass(bonafide_in, spoof_in)


class _Linear:
    """Figures that are means over trials: per class, one column of losses each, summed with the rounds' counts."""

    def __init__(self, trials: SortedTrials, llrs: Pair | None, p_bonafide: Pair | None, bayes: float) -> None:
        self.names: list[str] = []
        columns: list[tuple[Floats, Floats]] = []
        if llrs is not None:
            b, s = _beside(trials, llrs, "log-likelihood ratios")
            columns.append(((b < bayes).astype(np.float64), (s >= bayes).astype(np.float64)))
            columns.append((np.logaddexp(0, -b) / np.log(2), np.logaddexp(0, s) / np.log(2)))
            self.names += OF_LLRS
        if p_bonafide is not None:
            b, s = _beside(trials, p_bonafide, "probabilities")
            if min(b.min(), s.min()) < 0 or max(b.max(), s.max()) > 1:
                raise UsageError("probabilities lie between 0 and 1")
            columns.append(((1 - b) ** 2, s**2))
            self.names += OF_PROBABILITIES
        self.losses = tuple(np.stack([pair[k] for pair in columns], axis=1) for k in range(2)) if columns else ()

    def figures(self, draws: Draws, some: Rounds, cost: tuple[float, float]) -> dict[str, Floats]:
        if not self.losses:
            return {}
        bonafide = (draws.bonafide.astype(np.float64) @ self.losses[0]).T
        spoof = (draws.spoof.astype(np.float64) @ self.losses[1]).T
        n_b, n_s = some.n_bonafide, some.n_spoof
        found = {}
        for name, of_bonafide, of_spoof in zip(self.names, bonafide, spoof):
            if name == "act_dcf":
                found[name] = cost[0] * of_bonafide / n_b + cost[1] * of_spoof / n_s
            elif name == "cllr":
                found[name] = (of_bonafide / n_b + of_spoof / n_s) / 2
            else:
                found[name] = (of_bonafide + of_spoof) / (n_b + n_s)
        return found


def _beside(trials: SortedTrials, pair: Pair, what: str) -> tuple[Floats, Floats]:
    """Another value of the same trials, brought into the order of their scores."""
    bonafide, spoof = check(*pair)
    if (bonafide.size, spoof.size) != (trials.bonafide.size, trials.spoof.size):
        raise UsageError(f"there are not as many {what} as scores")
    return bonafide[trials.orders[0]], spoof[trials.orders[1]]


def _choose(figures: Sequence[str] | None, threshold: bool, llrs: bool, p_bonafide: bool) -> tuple[str, ...]:
    needs = {
        **dict.fromkeys(OF_SCORES, (True, "")),
        **dict.fromkeys(OF_THRESHOLD, (threshold, "a threshold")),
        **dict.fromkeys(OF_LLRS, (llrs, "log-likelihood ratios")),
        **dict.fromkeys(OF_PROBABILITIES, (p_bonafide, "probabilities")),
    }
    if figures is None:
        return tuple(name for name, (given, _) in needs.items() if given)
    for name in figures:
        if name not in needs:
            raise UsageError(f"no interval for {name!r}; there are: {', '.join(needs)}")
        if not needs[name][0]:
            raise UsageError(f"an interval for {name} needs {needs[name][1]}")
    return tuple(dict.fromkeys(figures))


def _at_threshold(some: Rounds, threshold: float) -> dict[str, Floats]:
    """As in `truevoice.metrics.decisions`, spoof positive; NaN where 0 / 0."""
    rejected, passed = some.rates(threshold)
    caught, accepted = some.n_spoof - passed, some.n_bonafide - rejected
    frr, far = rejected / some.n_bonafide, passed / some.n_spoof
    with np.errstate(invalid="ignore"):
        return {
            "accuracy": (accepted + caught) / (some.n_bonafide + some.n_spoof),
            "balanced_accuracy": 1 - (frr + far) / 2,
            "sensitivity": 1 - far,
            "specificity": 1 - frr,
            "ppv": caught / (caught + rejected),
            "npv": accepted / (accepted + passed),
            "f1": 2 * caught / (2 * caught + rejected + passed),
            "frr": frr,
            "far": far,
        }


def _intervals(by_round: dict[str, NDArray[np.float64]], confidence: float, redrawn: int) -> Intervals:
    result = Intervals()
    result.redrawn, result.confidence, result.undefined = redrawn, confidence, {}
    for name, values in by_round.items():
        result.rounds = values.size
        defined = values[~np.isnan(values)]
        if defined.size < values.size:
            result.undefined[name] = values.size - defined.size
        if 2 * defined.size >= values.size:
            low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
            result[name] = (float(low), float(high))
    return result
