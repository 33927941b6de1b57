"""How well one cue tells the classes apart: the AUC of a detector that knows nothing else.

A number is itself the score, in the direction that fits the training set. A word's score is the share of bona fide
training recordings that have it, drawn towards the share of all where it is rare (D. Micci-Barreca, A preprocessing
scheme for high-cardinality categorical attributes, SIGKDD Explorations 3(1), 2001); within the training set it is
learnt from the other folds, since a word that occurs once would otherwise tell its own label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truevoice.leaks.cues import Cue
from truevoice.metrics import auc

FOLDS = 5
PRIOR_WEIGHT = 10.0  # recordings that the share of all counts for
FEWEST = 10  # recordings a class, below which there is no figure
TELLING = 0.7  # AUC above which a cue is a give-away

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Strength:
    """Of one cue, or of all together. auc: set → AUC, None where a class has fewer than FEWEST recordings with it. In
    the training set it is 0.5 at least; elsewhere below 0.5 where the direction turns round. chance: set → what an AUC
    must exceed to be more than three standard errors above 0.5.

    more: in words, what stands for bona fide: "longer", "mp3".
    """

    name: str
    origin: str
    auc: dict[str, float | None] = field(default_factory=dict)
    chance: dict[str, float] = field(default_factory=dict)
    more: str = ""

    @property
    def telling(self) -> dict[str, float]:
        """The sets where it is a give-away, and not by chance."""
        return {
            name: value
            for name, value in self.auc.items()
            if value is not None and value > max(TELLING, self.chance.get(name, 1.0))
        }

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "telling": bool(self.telling)}


def strength(cue: Cue, owners: NDArray[np.str_], bonafide: Mask, folds: NDArray[np.int64]) -> Strength:
    """One cue in every set. owners, bonafide: (N,) as in `CueTable`, the training set the first to occur; folds: (N,)
    of `fold_of`."""
    names = list(dict.fromkeys(owners.tolist()))
    train = owners == names[0]
    if cue.numbers is not None:
        known = np.isfinite(cue.numbers)
        scores, more = _directed(cue.numbers, bonafide, train & known)
    else:
        known = np.ones(len(owners), bool)
        scores, more = _rated(cue.words or [], bonafide, train, folds)
    found = Strength(cue.name, cue.origin, more=more)
    for name in names:
        here = (owners == name) & known
        value = area(scores[here & bonafide], scores[here & ~bonafide])
        found.auc[name] = max(value, 0.5) if value is not None and name == names[0] else value
        found.chance[name] = by_chance(int((here & bonafide).sum()), int((here & ~bonafide).sum()))
    return found


def area(bonafide: Floats, spoof: Floats) -> float | None:
    """AUC; None where a class has too few."""
    return auc(bonafide, spoof) if min(len(bonafide), len(spoof)) >= FEWEST else None


def by_chance(n_bonafide: int, n_spoof: int) -> float:
    """0.5 and three standard errors of the AUC of scores that know nothing (Hanley and McNeil, Radiology 143, 1982)."""
    if not n_bonafide or not n_spoof:
        return 1.0
    return 0.5 + 3 * sqrt((n_bonafide + n_spoof + 1) / (12 * n_bonafide * n_spoof))


def fold_of(bonafide: Mask, seed: int) -> NDArray[np.int64]:
    """(N,) fold of each recording, 0 to FOLDS − 1, each class spread evenly over them."""
    random = np.random.default_rng([seed, 0xF01D])
    folds = np.zeros(len(bonafide), np.int64)
    for own in (bonafide, ~bonafide):
        folds[own] = random.permutation(np.arange(int(own.sum())) % FOLDS)
    return folds


def _directed(numbers: Floats, bonafide: Mask, train: Mask) -> tuple[Floats, str]:
    """The numbers with the sign that fits the training set, and which way that is."""
    value = area(numbers[train & bonafide], numbers[train & ~bonafide])
    if value is None or value == 0.5:
        return numbers, ""
    return (numbers, "more") if value > 0.5 else (-numbers, "less")


def _rated(words: Sequence[str], bonafide: Mask, train: Mask, folds: NDArray[np.int64]) -> tuple[Floats, str]:
    """Each word's smoothed share of bona fide, learnt in training (there from the other folds); the telling word."""
    _, codes = np.unique(np.array(words, dtype=np.str_), return_inverse=True)
    size = int(codes.max(initial=-1)) + 1
    prior = float(bonafide[train].mean()) if train.any() else 0.5
    rates = _rates(codes[train], bonafide[train], size, prior)
    scores = rates[codes]
    for fold in range(FOLDS):
        rest = train & (folds != fold)
        own = train & (folds == fold)
        scores[own] = _rates(codes[rest], bonafide[rest], size, prior)[codes[own]]
    if not train.any() or size < 2:
        return scores, ""
    excess = np.bincount(codes[train], weights=bonafide[train] - prior, minlength=size)
    return scores, words[int(np.flatnonzero(codes == int(np.argmax(excess)))[0])]


def _rates(codes: NDArray[np.int64], bonafide: Mask, size: int, prior: float) -> Floats:
    counts = np.bincount(codes, minlength=size)
    real = np.bincount(codes, weights=bonafide.astype(float), minlength=size)
    return (real + PRIOR_WEIGHT * prior) / (counts + PRIOR_WEIGHT)
