"""A share of the training trials, nested and stratified; and weights with which values are drawn equally often."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from truevoice.data.splits import suggestion
from truevoice.data.trial import LABELS, Trial
from truevoice.errors import UsageError

STRATA = ("attack", "source")  # within a class, what a subset holds in the proportions of the whole


def parse_share(text: str | float) -> float:
    """ "10%", "0.1" and "1" as a share above 0 and up to 1. Raises UsageError for anything else."""
    words = str(text).strip()
    try:
        share = float(words.removesuffix("%")) / (100.0 if words.endswith("%") else 1.0)
    except ValueError:
        share = math.nan
    if not 0 < share <= 1:
        hint = f"; {words}% is a share" if words.isdigit() and 1 < int(words) <= 100 else ""
        raise UsageError(f"--subset takes a share such as 10% or 0.1, up to 100%, not {words or 'nothing'!r}{hint}")
    return share


def take_subset(trials: Sequence[Trial], share: float, seed: int) -> list[Trial]:
    """About `share` of each class, in the order of `trials`; of each attack and source in proportion.

    Nested: with the same trials and seed, a smaller share lies wholly within every larger one. A class that is there
    keeps one trial at least. The order in which trials are listed changes nothing.
    """
    if share >= 1:
        return list(trials)
    chosen: set[int] = set()
    for label in LABELS:
        members = [at for at, trial in enumerate(trials) if trial.label == label]
        if members:
            order = _spread(trials, members, np.random.default_rng([seed, LABELS.index(label), 0x5B5]))
            chosen |= set(order[: max(1, round(share * len(members)))])
    return [trial for at, trial in enumerate(trials) if at in chosen]


def _spread(trials: Sequence[Trial], members: list[int], random: np.random.Generator) -> list[int]:
    """All members in one random order, any beginning of which holds each stratum in about its proportion.

    Systematic sampling (W. G. Madow, 1949): the k-th of n trials of a stratum stands at (k + u) / n, with one random u
    a stratum, so that a small stratum comes into a small share by chance and neither always nor never.
    """
    strata: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at in sorted(members, key=lambda at: trials[at].name):
        strata[tuple(trials[at].meta.get(column, "") for column in STRATA)].append(at)
    placed: list[tuple[float, int]] = []
    for _, own in sorted(strata.items()):
        shuffled = random.permutation(np.array(own))
        places = (np.arange(len(own)) + random.random()) / len(own)
        placed += zip(places.tolist(), shuffled.tolist())
    return [at for _, at in sorted(placed, key=lambda item: item[0])]


def balanced_weights(trials: Sequence[Trial], column: str) -> NDArray[np.float64]:
    """Probability with which to draw each of N trials, (N,), sum 1, so that the values of `column` come equally often.

    Both classes get half of the draws, whatever the column; within its class each value gets the same share, and within
    a value each trial. So `attack` gives bona fide one half (bona fide speech has no attack: one value) and every
    attack an equal part of the other; `source` gives each source of a class an equal part of that class. A trial
    without a value counts to the value "". Where only one class is there it gets all.

    Raises UsageError for a column that no trial has.
    """
    if not trials:
        return np.zeros(0)
    values = [trial.label if column == "label" else trial.meta.get(column, "") for trial in trials]
    if not any(values):
        known = sorted({name for trial in trials for name, cell in trial.meta.items() if cell} | {"label"})
        raise UsageError(f"--balance {column}: no training trial states it; {suggestion(column, known)}")
    pairs = [(trial.label, value) for trial, value in zip(trials, values)]
    trials_of, values_of = Counter(pairs), Counter(label for label, _ in set(pairs))
    weights = np.array([1.0 / (trials_of[pair] * values_of[pair[0]]) for pair in pairs])
    return weights / weights.sum()
