"""A part of the trials for validation: each class in its share, and no group (a speaker) on both sides.

Choosing whole groups so that two sums come near their aims is a knapsack problem: it is searched, not solved. Groups
are tried in random order as long as they fit, from several beginnings, trials without a group fill what is missing,
and single groups change sides while that comes nearer. The order is the seed's alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BEGINNINGS = 24  # random orders tried; the nearest to the aim is kept
STEPS = 400  # changes of side at most, after that
EMPTY = 1e3  # what a class without a trial on one side costs; any split with both classes on both sides is cheaper

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def choose_groups(groups: Sequence[object], bonafide: Mask, fraction: float, random: np.random.Generator) -> Mask:
    """Which of N trials go to validation, (N,) bool: about `fraction` of each class, every group on one side.

    groups: (N,) what each trial belongs to, None = to nobody, by itself. bonafide: (N,) bool.
    Where each class has two groups or more, both sides have both classes; else one side lacks one.
    """
    numbers = _numbered(groups)
    counts = np.zeros((int(numbers.max()) + 1, 2))
    np.add.at(counts, (numbers, (~bonafide).astype(int)), 1.0)
    chosen = _searched(counts, fraction, random)
    return chosen[numbers]


def _numbered(groups: Sequence[object]) -> NDArray[np.int64]:
    """Groups as numbers in order of appearance; whoever has none gets one alone."""
    found: dict[object, int] = {}
    keys = [(position,) if group is None else group for position, group in enumerate(groups)]
    return np.array([found.setdefault(key, len(found)) for key in keys], dtype=np.int64)


def _searched(counts: Floats, fraction: float, random: np.random.Generator) -> Mask:
    """counts: (G, 2) bona fide and spoofed trials of each group → which groups are chosen, (G,) bool."""
    alone = counts.sum(axis=1) == 1
    best, least = np.zeros(len(counts), bool), np.inf
    for _ in range(BEGINNINGS if (~alone).any() else 1):
        chosen = _packed(counts, alone, fraction, random)
        chosen, cost = _improved(chosen, counts, fraction)
        if cost < least:
            best, least = chosen, cost
    return best


def _packed(counts: Floats, alone: Mask, fraction: float, random: np.random.Generator) -> Mask:
    """Groups in random order while they fit, then trials that stand alone up to the aim."""
    total = counts.sum(axis=0)
    room = np.minimum(np.maximum(np.round(fraction * total), 1), total - 1)
    chosen = np.zeros(len(counts), bool)
    left = [float(room[0]), float(room[1])]
    together = random.permutation(np.flatnonzero(~alone))
    for group, (bonafide, spoof) in zip(together.tolist(), counts[together].tolist()):
        if bonafide <= left[0] and spoof <= left[1]:
            chosen[group] = True
            left[0] -= bonafide
            left[1] -= spoof
    for kind in (0, 1):
        single = random.permutation(np.flatnonzero(alone & (counts[:, kind] == 1)))
        chosen[single[: max(0, int(left[kind]))]] = True
    return chosen


def _improved(chosen: Mask, counts: Floats, fraction: float) -> tuple[Mask, float]:
    """Changes the side of that one group that helps most, until none helps."""
    total = counts.sum(axis=0)
    cost = float(_cost(counts[chosen].sum(axis=0)[None], total, fraction)[0])
    for _ in range(STEPS):
        turned = counts[chosen].sum(axis=0) + counts * np.where(chosen, -1.0, 1.0)[:, None]
        costs = _cost(turned, total, fraction)
        best = int(np.argmin(costs))
        if costs[best] >= cost - 1e-15:
            break
        chosen[best] = not chosen[best]
        cost = float(costs[best])
    return chosen, cost


def _cost(taken: Floats, total: Floats, fraction: float) -> Floats:
    """(M, 2) trials taken of each class → (M,): distance of both shares from the fraction and from each other."""
    shares = taken / np.maximum(total, 1)
    away = ((shares - fraction) ** 2).sum(axis=1) + (shares[:, 0] - shares[:, 1]) ** 2
    return away + EMPTY * ((taken < 1) | (taken > total - 1)).sum(axis=1)
