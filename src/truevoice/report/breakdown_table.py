"""The tables of a report by attack, speaker, codec, …: rows with figures, and bars that share one scale."""

from __future__ import annotations

from typing import Any

from truevoice.evaluation.evaluation import Evaluation, Group
from truevoice.report import numbers

MOST_ROWS = 150  # of one table; a page is for reading, and metrics.json holds them all
FEW = 30  # trials of a class below which a rate says little: one trial more or less moves it by three points


def breakdown_tables(evaluation: Evaluation) -> list[dict[str, Any]]:
    """One view a column that has a group: its rows, the scale of its bars, and how many rows are not shown."""
    overall = evaluation.figures.get("eer")
    return [_table(column, groups, overall) for column, groups in evaluation.breakdowns.items() if groups]


def _table(column: str, groups: list[Group], overall: float | None) -> dict[str, Any]:
    shown = groups
    if len(groups) > MOST_ROWS:
        biggest = sorted(range(len(groups)), key=lambda i: -(groups[i].n_bonafide + groups[i].n_spoof))[:MOST_ROWS]
        shown = [groups[i] for i in sorted(biggest)]
    scale = _scale(shown, overall)
    return {
        "column": column,
        "rows": [_row(group, scale) for group in shown],
        "scale": f"{100 * scale:g}",
        "overall": None if overall is None else 100 * overall / scale,
        "total": len(groups),
        "hidden": len(groups) - len(shown),
        "against_all": all(group.against_all for group in shown),
        "some_against_all": any(group.against_all for group in shown),
        "any_few": any(is_small(group) for group in shown),
    }


def is_small(group: Group) -> bool:
    """Whether a class that is there has so few trials that the group's figures are little more than anecdotes."""
    return min((count for count in (group.n_bonafide, group.n_spoof) if count), default=0) < FEW


def _scale(groups: list[Group], overall: float | None) -> float:
    """The rate at the right end of the bars: the next round number above all that is drawn. Groups of a few trials
    do not count where there are others, since one of them may reach 100 % and squeeze the rest."""
    telling = [group for group in groups if not is_small(group) and group.figures.get("eer") is not None] or groups
    drawn = [rate for group in telling for rate in (group.figures.get("eer"), *group.ci.get("eer", ()))]
    most = max((rate for rate in (*drawn, overall) if rate is not None), default=0.0)
    return next((end for end in (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8) if most <= end), 1.0)


def _row(group: Group, scale: float) -> dict[str, Any]:
    fewest = min(group.n_bonafide, group.n_spoof)
    rate, interval = group.figures.get("eer"), group.ci.get("eer")
    cells = [
        (numbers.per_cent(group.figures.get("eer"), fewest), group.figures.get("eer")),
        (numbers.decimal(group.figures.get("auc"), fewest), group.figures.get("auc")),
        (numbers.per_cent(group.figures.get("frr"), group.n_bonafide), group.figures.get("frr")),
        (numbers.per_cent(group.figures.get("far"), group.n_spoof), group.figures.get("far")),
        (numbers.decimal(group.figures.get("min_dcf"), fewest), group.figures.get("min_dcf")),
    ]
    words = ""
    if interval is not None and rate is not None:
        words = f"{numbers.per_cent(interval[0], fewest, sign='')} to {numbers.per_cent(interval[1], fewest)}"
    return {
        "value": group.value,
        "n_bonafide": group.n_bonafide,
        "n_spoof": group.n_spoof,
        "against_all": group.against_all,
        "few": is_small(group),
        "cells": cells,
        "bar": None if rate is None else round(100 * min(rate / scale, 1), 2),
        "whisker": None
        if interval is None or rate is None
        else [round(100 * min(end / scale, 1), 2) for end in interval],
        "interval": words,
    }
