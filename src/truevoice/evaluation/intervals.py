"""Confidence intervals of an evaluation: which figures get one, and how the trials are drawn, in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from truevoice.evaluation.evaluation import Interval
from truevoice.evaluation.options import Options
from truevoice.evaluation.score_set import ScoreSet
from truevoice.metrics import bootstrap

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
GROUP_FIGURES = ("eer", "auc", "frr", "far", "min_dcf")


def intervals(score_set: ScoreSet, llrs: Floats, threshold: float, options: Options) -> dict[str, Interval]:
    """Intervals by figure, none where no rounds are asked. The threshold stays fixed: its own choice is not redrawn."""
    if not options.rounds:
        return {}
    bonafide = score_set.bonafide
    shares = None if score_set.p_spoof is None else 1 - score_set.p_spoof
    return dict(
        bootstrap(
            *score_set.split(),
            rounds=options.rounds,
            confidence=options.confidence,
            seed=options.seed,
            clusters=_clusters(score_set, np.flatnonzero(bonafide), np.flatnonzero(~bonafide), options),
            threshold=threshold,
            llrs=(llrs[bonafide], llrs[~bonafide]),
            p_bonafide=None if shares is None else (shares[bonafide], shares[~bonafide]),
            **vars(options.costs),
        )
    )


def group_intervals(
    score_set: ScoreSet, at_bonafide: Index, at_spoof: Index, threshold: float, options: Options
) -> dict[str, Interval]:
    """Intervals of one group, given by the positions of its trials; none where its clusters are fewer than two."""
    clusters = _clusters(score_set, at_bonafide, at_spoof, options)
    if not options.rounds or (clusters and len({*clusters[0], *clusters[1]}) < 2):
        return {}
    return dict(
        bootstrap(
            score_set.scores[at_bonafide],
            score_set.scores[at_spoof],
            rounds=options.rounds,
            confidence=options.confidence,
            seed=options.seed,
            clusters=clusters,
            threshold=threshold,
            figures=GROUP_FIGURES,
            **vars(options.costs),
        )
    )


def _clusters(
    score_set: ScoreSet, at_bonafide: Index, at_spoof: Index, options: Options
) -> tuple[list[str], list[str]] | None:
    """Each trial's cluster; one without a value in the column is a cluster of its own."""
    if not options.cluster:
        return None
    cells = score_set.columns[options.cluster]
    own = [[cells[i] or f"\0{i}" for i in index.tolist()] for index in (at_bonafide, at_spoof)]
    return own[0], own[1]


def method(score_set: ScoreSet, ci: Mapping[str, Interval], options: Options) -> str:
    """How the intervals were made, in words; begins with the confidence."""
    if not options.rounds:
        return "no intervals were asked for"
    drawn = "trials drawn with replacement within each class"
    if options.cluster:
        cells = score_set.columns[options.cluster]
        count = len(set(cells) - {""}) + cells.count("")  # as `_clusters` takes them
        drawn = f"whole values of {options.cluster} ({count:,}) drawn with replacement"
    rounds = f"bootstrap of {options.rounds:,} rounds, seed {options.seed}"
    text = f"{100 * options.confidence:g} % intervals: {rounds}, {drawn}; the threshold stays as it is"
    if any(low == high for low, high in ci.values()):
        text += "; an interval without width says that there are too few trials to see errors, not that there are none"
    return text
