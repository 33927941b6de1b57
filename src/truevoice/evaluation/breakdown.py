"""Figures by the values of a column: per attack, speaker, language, codec.

Where the bona fide trials have no value in the column (only spoofs have an attack; theirs is empty, a dash or the word
`bonafide`), each group of spoofs is compared with all bona fide trials, as the ASVspoof evaluations do; otherwise with
the bona fide trials of its own group.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truevoice.data.labels import is_class_word, read_label
from truevoice.data.trial import BONAFIDE
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
    cells = score_set.columns[column]
    meant = {cell: _meaning(cell) for cell in set(cells)}
    against_all = any(meant.values()) and not any(
        meant[cell] for cell, bonafide in zip(cells, score_set.bonafide.tolist()) if bonafide
    )
    if not against_all:
        meant = {cell: cell for cell in meant}
    every_bonafide = np.flatnonzero(score_set.bonafide)
    groups = []
    for value, inside in _positions([meant[cell] for cell in cells]):
        truth = score_set.bonafide[inside]
        bonafide, spoof = every_bonafide if against_all else inside[truth], inside[~truth]
        if spoof.size or not against_all:
            name = value or UNKNOWN
            groups.append(_group(score_set, bonafide, spoof, name, threshold, options, against_all=against_all))
    return groups


def _meaning(cell: str) -> str:
    """The cell, or "" where a bona fide trial's has no value: empty, a dash, or a word such as `bonafide`."""
    return "" if cell == "-" or (is_class_word(cell) and read_label(cell) == BONAFIDE) else cell


def _positions(cells: list[str]) -> list[tuple[str, Index]]:
    """(value, positions of its trials) for each value, the empty one last; one sort, however many values there are."""
    values = sorted(set(cells), key=lambda value: (value == "", value))
    number = {value: at for at, value in enumerate(values)}
    codes = np.array([number[cell] for cell in cells], dtype=np.int64)
    order = np.argsort(codes, kind="stable")
    return list(zip(values, np.split(order, np.cumsum(np.bincount(codes))[:-1])))


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
