"""Figures by the values of a column: per attack, speaker, language, codec.

Where the bona fide trials have no value in the column (only spoofs have an attack), each group of spoofs is compared
with all bona fide trials, as the ASVspoof evaluations do; otherwise with the bona fide trials of its own group.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truevoice.evaluation.evaluation import Group, Interval
from truevoice.evaluation.intervals import GROUP_FIGURES, group_intervals
from truevoice.evaluation.options import Options
from truevoice.evaluation.score_set import ScoreSet
from truevoice.metrics import auc, eer, min_dcf

Index = NDArray[np.intp]
SMALLEST_WITH_INTERVAL = 10  # trials of each class; with fewer the bootstrap only repeats them
UNKNOWN = "(not stated)"


def break_down(score_set: ScoreSet, column: str, threshold: float, options: Options) -> list[Group]:
    """One group a value of the column, in alphabetical order; trials without a value come last, as their own group."""
    cells = np.array(score_set.columns[column], dtype=object)
    stated = cells != ""
    against_all = bool(stated.any()) and not (stated & score_set.bonafide).any()
    groups = []
    for value in sorted(
        set(cells[~score_set.bonafide] if against_all else cells), key=lambda value: (value == "", value)
    ):
        inside = cells == value
        bonafide = np.flatnonzero(score_set.bonafide if against_all else inside & score_set.bonafide)
        spoof = np.flatnonzero(inside & ~score_set.bonafide)
        name = str(value) or UNKNOWN
        groups.append(_group(score_set, bonafide, spoof, name, threshold, options, against_all=against_all))
    return groups


def _group(
    score_set: ScoreSet,
    at_bonafide: Index,
    at_spoof: Index,
    name: str,
    threshold: float,
    options: Options,
    *,
    against_all: bool,
) -> Group:
    bonafide, spoof = score_set.scores[at_bonafide], score_set.scores[at_spoof]
    figures: dict[str, float | None] = dict.fromkeys(GROUP_FIGURES)
    ci: dict[str, Interval] = {}
    if len(bonafide):
        figures["frr"] = float(np.mean(bonafide < threshold))
    if len(spoof):
        figures["far"] = float(np.mean(spoof >= threshold))
    if len(bonafide) and len(spoof):
        figures["eer"] = eer(bonafide, spoof)[0]
        figures["auc"] = auc(bonafide, spoof)
        figures["min_dcf"] = min_dcf(bonafide, spoof, **vars(options.costs))
        if min(len(bonafide), len(spoof)) >= SMALLEST_WITH_INTERVAL:
            ci = group_intervals(score_set, at_bonafide, at_spoof, threshold, options)
    return Group(name, len(bonafide), len(spoof), against_all, figures, ci)
