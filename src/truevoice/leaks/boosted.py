"""All cues together: a gradient-boosted tree of scikit-learn, the one place where that library is used.

A detector that learns nothing of voices but all of this would reach its AUC (J. H. Friedman, Greedy function
approximation: a gradient boosting machine, Annals of Statistics 29, 2001; with the histograms of LightGBM).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truevoice.errors import MissingExtraError
from truevoice.leaks.cues import Cue
from truevoice.leaks.strength import FEWEST, FOLDS, Strength, area, by_chance

MOST_WORDS = 200  # values of a cue told apart, the most frequent; a tree takes 255
SETTINGS: dict[str, Any] = {"max_iter": 100, "learning_rate": 0.1, "max_leaf_nodes": 15, "min_samples_leaf": 20}

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def is_installed() -> bool:
    return find_spec("sklearn") is not None


def together(
    name: str,
    cues: Sequence[Cue],
    owners: NDArray[np.str_],
    bonafide: Mask,
    folds: NDArray[np.int64],
    *,
    seed: int = 0,
) -> Strength:
    """AUC of the cues together in every set: learnt from the training set (the first in `owners`), within it from the
    other folds, all out-of-fold scores pooled. Raises MissingExtraError without scikit-learn.
    """
    if not is_installed():
        raise MissingExtraError("the AUC of all cues together", "train")
    names = list(dict.fromkeys(owners.tolist()))
    train = owners == names[0]
    table, worded = _columns(cues, train)
    scores = np.full(len(owners), np.nan)
    enough = min(int((train & bonafide).sum()), int((train & ~bonafide).sum())) >= max(FEWEST, FOLDS)
    if enough:
        for fold in range(FOLDS):
            rest, own = train & (folds != fold), train & (folds == fold)
            scores[own] = _learnt(table[rest], bonafide[rest], worded, seed)(table[own])
        if (~train).any():
            scores[~train] = _learnt(table[train], bonafide[train], worded, seed)(table[~train])
    found = Strength(name, "together")
    for owner in names:
        here = owners == owner
        value = area(scores[here & bonafide], scores[here & ~bonafide]) if enough else None
        found.auc[owner] = max(value, 0.5) if value is not None and owner == names[0] else value
        found.chance[owner] = by_chance(int((here & bonafide).sum()), int((here & ~bonafide).sum()))
    return found


def _columns(cues: Sequence[Cue], train: Mask) -> tuple[Floats, list[bool]]:
    """(N, cues) with words as numbers, and which columns those are. A word that training does not have is unknown."""
    columns, worded = [], []
    for cue in cues:
        if cue.numbers is not None:
            columns.append(cue.numbers)
        else:
            words = cue.words or []
            common = Counter(word for word, own in zip(words, train) if own).most_common(MOST_WORDS)
            code = {word: float(at) for at, (word, _) in enumerate(common)}
            columns.append(np.array([code.get(word, np.nan) for word in words]))
        worded.append(cue.numbers is None)
    return np.stack(columns, axis=1), worded


def _learnt(table: Floats, bonafide: Mask, worded: list[bool], seed: int) -> Any:
    """A function from cues to P(bona fide)."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

    trees = HistGradientBoostingClassifier(
        categorical_features=np.array(worded), random_state=seed, early_stopping=False, **SETTINGS
    )
    with threadpool_limits(1):  # its threads wait by spinning: on a busy machine several are far slower than one
        trees.fit(table, bonafide)
    return lambda rows: trees.predict_proba(rows)[:, 1]
