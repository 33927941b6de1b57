"""Draws of a bootstrap: how often each trial counts in each round.

Trials within a class are exchangeable, so by default each class is drawn with replacement on its own: every round has
as many trials of each class as the test. Trials of one speaker, source or session resemble each other; with clusters,
whole clusters are drawn instead, all their trials of both classes together, and the number of trials varies.

A run of trials of one class with no score of the other class, and no threshold, between them moves every figure of
order as one: which of them are drawn is all the same, and only how many counts. So a class that lies in few runs
(400,000 bona fide trials beside the 500 of one attack) is drawn run by run, from the multinomial distribution.

References: B. Efron and R. Tibshirani, An introduction to the bootstrap (1993); N. Poh and S. Bengio, Estimating the
confidence interval of expected performance curve in biometric authentication using joint bootstrap, ICASSP 2007.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from truevoice.errors import UsageError
from truevoice.metrics.scores import Floats

Counts = NDArray[np.int64]
ClusterIds = tuple[Iterable[Hashable], Iterable[Hashable]]

RUNS_PAY = 8  # trials a run from which drawing a run is cheaper than drawing its trials
CELLS = 1 << 18  # counts held at a time: enough to be quick on small sets, small enough for the caches


class Draws(NamedTuple):
    """Some rounds: how often each bona fide trial and each spoof trial counts, (rounds, n_b) and (rounds, n_s);
    `redrawn`: rounds thrown away because a class was missing."""

    bonafide: Counts
    spoof: Counts
    redrawn: int


class Plan(Protocol):
    """A way to draw rounds of trials."""

    def draw(self, random: np.random.Generator, rounds: int) -> Draws: ...


class ByClass:
    """Each class with replacement: so many trials one by one, or runs of so many trials each."""

    def __init__(self, bonafide: int | Counts, spoof: int | Counts) -> None:
        self.sizes = (bonafide, spoof)

    def draw(self, random: np.random.Generator, rounds: int) -> Draws:
        bonafide, spoof = (
            _tally(random, size, rounds)
            if isinstance(size, int)
            else random.multinomial(size.sum(), size / size.sum(), rounds)
            for size in self.sizes
        )
        return Draws(bonafide, spoof, 0)


class ByCluster:
    """Whole clusters with replacement; rounds without one of the classes are drawn anew and counted."""

    def __init__(self, bonafide: Counts, spoof: Counts) -> None:
        """Takes each trial's cluster number, 0 to K - 1."""
        self.bonafide, self.spoof = bonafide, spoof
        self.clusters = int(max(bonafide.max(), spoof.max())) + 1
        self.holds = np.stack([np.bincount(codes, minlength=self.clusters) for codes in (bonafide, spoof)], axis=1)

    def draw(self, random: np.random.Generator, rounds: int) -> Draws:
        chosen = _tally(random, self.clusters, rounds)
        redrawn = 0
        # About two rounds in five, at the least, hold both classes, since two clusters or one suffice for that.
        while (bad := (chosen @ self.holds == 0).any(axis=1)).any():
            redrawn += int(bad.sum())
            chosen[bad] = _tally(random, self.clusters, int(bad.sum()))
        return Draws(chosen[:, self.bonafide], chosen[:, self.spoof], redrawn)


def plan(clusters: ClusterIds | None, orders: tuple[Counts, Counts]) -> Plan:
    """The plan for trials that are taken in these orders (positions into the caller's arrays), one for each class.

    `clusters`: each trial's cluster, for both classes in the caller's order; the same id means the same cluster in
    both. Raises `UsageError` where an id is missing and for fewer than two clusters.
    """
    sizes = (orders[0].size, orders[1].size)
    if clusters is None:
        return ByClass(*sizes)
    number: dict[Hashable, int] = {}
    codes = []
    for ids, size, name in zip(clusters, sizes, ("bona fide", "spoof")):
        listed = ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
        if len(listed) != size:
            raise UsageError(f"{size} {name} trials, but {len(listed)} cluster names for them")
        codes.append(np.array([number.setdefault(one, len(number)) for one in listed], dtype=np.int64))
    if len(number) < 2:
        raise UsageError("clustered intervals need at least 2 clusters, and all trials are in one")
    return ByCluster(codes[0][orders[0]], codes[1][orders[1]])


def in_runs(scores: Floats, others: Floats, threshold: float | None) -> tuple[Floats, int | Counts]:
    """The scores of one class (n,), or where that pays one score of each run, and what `ByClass` takes for them."""
    borders = np.unique(np.append(others, [] if threshold is None else threshold))
    ordered = np.sort(scores)
    cuts = np.concatenate(
        [np.searchsorted(ordered, borders, side="left"), np.searchsorted(ordered, borders, side="right")]
    )
    starts = np.unique(np.append(cuts[cuts < scores.size], 0))
    if starts.size * RUNS_PAY > scores.size:
        return scores, scores.size
    return ordered[starts], np.diff(starts, append=scores.size)


def chunks(plan: Plan, rounds: int, seed: int, trials: int) -> Iterator[Draws]:
    """All rounds, a few at a time. What comes depends on the seed and the number of trials alone."""
    at_a_time = max(1, min(rounds, CELLS // trials))
    starts: Sequence[int] = range(0, rounds, at_a_time)
    for start, source in zip(starts, np.random.SeedSequence(seed).spawn(len(starts))):
        yield plan.draw(np.random.default_rng(source), min(at_a_time, rounds - start))


def _tally(random: np.random.Generator, size: int, rounds: int) -> Counts:
    """How often each of `size` things comes up in `size` draws, (rounds, size)."""
    drawn = random.integers(0, size, (rounds, size))
    if rounds > 1:
        drawn += np.arange(rounds)[:, None] * size
    return np.bincount(drawn.ravel(), minlength=rounds * size).reshape(rounds, size)
