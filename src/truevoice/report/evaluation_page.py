"""The report of an evaluation: one self-contained HTML page that opens from disk, offline, in light or dark.

Every text from outside is escaped, and the page's own security policy forbids it to load anything. The same
evaluation gives the same bytes.
"""

from __future__ import annotations

import math
from pathlib import PurePath
from typing import Any

import numpy as np

from truevoice.data.trial import BONAFIDE, SPOOF, by_reason
from truevoice.evaluation.evaluation import Conditions, Evaluation, Interval, WrongTrial
from truevoice.report import numbers
from truevoice.report.breakdown_table import breakdown_tables
from truevoice.report.charts import Curve, Forecast, det_chart, histogram_chart, reliability_chart, roc_chart
from truevoice.report.glossary import AS_EVIDENCE, AT_THRESHOLD, SEPARATION, Entry, entry
from truevoice.report.pages import render_page, versions
from truevoice.report.players import PAGE_BUDGET, SECONDS, Players
from truevoice.report.text_safety import short

View = dict[str, Any]

EXAMPLES = 5  # of what was left out, for each reason
MOST_FACTS = 6  # of a wrong trial
TELLING = ("attack", "family", "speaker", "language", "codec", "dataset", "source", "duration")
_ORDER = {"error": 0, "warning": 1, "note": 2}


def render_evaluation(evaluation: Evaluation, *, players: bool = True) -> str:
    """The whole page. `players`: put the worst errors' recordings in it, at most about 3 MB of them."""
    conditions = evaluation.conditions
    fewest = min(conditions.n_bonafide, conditions.n_spoof)
    return render_page(
        "evaluation.html",
        title=_title(conditions),
        evaluation=evaluation,
        conditions=conditions,
        fewest=fewest,
        caption=conditions.sentence(),
        condition_rows=_condition_rows(conditions),
        findings=sorted(evaluation.findings, key=lambda finding: _ORDER[finding.severity]),
        cards=_cards(evaluation, fewest),
        every_figure=[figure_view(evaluation, name, fewest) for name in _all_names(evaluation)],
        charts=_charts(evaluation),
        confusion=_confusion(evaluation.confusion, fewest),
        breakdowns=breakdown_tables(evaluation),
        worst=_worst(evaluation, players),
        left_out=_left_out(evaluation),
        notes=[note for note in evaluation.score_set.notes if note not in {one.message for one in evaluation.findings}],
        versions=versions(),
    )


def figure_view(evaluation: Evaluation, name: str, fewest: int) -> View:
    """One figure as it is shown: title, value, interval, why it has none, what it means."""
    known: Entry = entry(name)
    classes = {"positive": "spoof", "negative": "bona fide"}
    if evaluation.positive_class == BONAFIDE:
        classes = {"positive": "bona fide", "negative": "spoof"}
    value, interval = evaluation.figures.get(name), evaluation.ci.get(name)
    missing = value is None or math.isnan(value)
    return {
        "name": name,
        "title": known.title,
        "value": _written(value, known.kind, fewest),
        "interval": "" if interval is None or missing else _written_interval(interval, known.kind, fewest),
        "why": known.undefined.format(**classes) if missing else "",
        "meaning": known.meaning.format(**classes),
    }


def _written(value: float | None, kind: str, fewest: int) -> str:
    if kind == "rate":
        return numbers.per_cent(value, fewest)
    return numbers.score(value) if kind == "score" else numbers.decimal(value, fewest)


def _written_interval(interval: Interval, kind: str, fewest: int) -> str:
    low, high = interval
    if kind == "rate":
        return f"{numbers.per_cent(low, fewest, sign='')} to {numbers.per_cent(high, fewest)}"
    return f"{_written(low, kind, fewest)} to {_written(high, kind, fewest)}"


def _title(conditions: Conditions) -> str:
    """What was judged on what: of a path, its last two parts."""
    data = "/".join(PurePath(conditions.data).parts[-2:]) or conditions.data
    split = f", {conditions.split}" if conditions.split and conditions.split != PurePath(data).name else ""
    return f"{conditions.model or 'Scores'} on {data}{split}"


def _condition_rows(conditions: Conditions) -> list[tuple[str, str]]:
    rows = [
        ("Data", conditions.data),
        ("Read as", conditions.kind),
        ("Split", conditions.split),
        ("Trials", f"{conditions.n_bonafide:,} bona fide, {conditions.n_spoof:,} spoof"),
        ("Model", conditions.model),
        ("Weights, sha256", conditions.checksum),
        ("Engine", conditions.engine),
        ("Windows", conditions.windows),
        ("Calibration", conditions.calibration or "none"),
        ("Prior P(spoof)", f"{conditions.prior_spoof:g}"),
        ("Detection costs", conditions.costs),
    ]
    return [(name, value) for name, value in rows if value]


def _cards(evaluation: Evaluation, fewest: int) -> list[View]:
    """The key figures in three rows, each with its heading."""
    rows = [
        ("Separation of the classes", "needs no threshold", SEPARATION),
        ("Decisions at the threshold", f"positive class: {evaluation.positive_class}", AT_THRESHOLD),
        ("Scores as evidence", f"log-likelihood ratios: {evaluation.llrs or 'none'}", AS_EVIDENCE),
    ]
    return [
        {
            "title": title,
            "remark": remark,
            "at_threshold": names is AT_THRESHOLD,
            "other_way": _other_way(evaluation, fewest) if names is AT_THRESHOLD else "",
            "figures": [figure_view(evaluation, name, fewest) for name in names],
        }
        for title, remark, names in rows
    ]


def _other_way(evaluation: Evaluation, fewest: int) -> str:
    """The figures that need a positive class, with the other class as the positive one, on one line."""
    figures = evaluation.as_bonafide.items()
    parts = (f"{entry(name).title} {_written(value, entry(name).kind, fewest)}" for name, value in figures)
    return ", ".join(parts)


def _all_names(evaluation: Evaluation) -> list[str]:
    first = [*SEPARATION, *AT_THRESHOLD, "frr", "far", *AS_EVIDENCE]
    return list(dict.fromkeys([*first, *evaluation.figures]))


def _charts(evaluation: Evaluation) -> View:
    """Each chart as an `<svg>`, or "" where the trials do not allow it; the template says why."""
    import markupsafe

    found = dict.fromkeys(("roc", "det", "histogram", "reliability"), "")
    name = evaluation.conditions.model or "scores"
    bonafide, spoof = evaluation.score_set.split()
    threshold = None if math.isnan(evaluation.threshold.value) else evaluation.threshold.value
    curve = Curve(name, bonafide, spoof, threshold)
    if bonafide.size and spoof.size:
        found["roc"], found["det"] = roc_chart([curve]), det_chart([curve])
    if bonafide.size or spoof.size:
        found["histogram"] = histogram_chart([curve])
    if (p_spoof := _known_probabilities(evaluation)) is not None:
        forecast = Forecast(name, *p_spoof, evaluation.conditions.prior_spoof)
        found["reliability"] = reliability_chart([forecast])
    return {name: markupsafe.Markup(svg) for name, svg in found.items()}


def _known_probabilities(evaluation: Evaluation) -> tuple[Any, Any] | None:
    """P(spoof) and the truth (spoof or not) of the trials that have a P(spoof)."""
    p_spoof = evaluation.score_set.p_spoof
    if p_spoof is None:
        return None
    known = np.isfinite(p_spoof)
    return (p_spoof[known], ~evaluation.score_set.bonafide[known]) if known.any() else None


def _confusion(counts: dict[str, int], fewest: int) -> list[View]:
    """Rows by truth: counts and shares of the row for "called bona fide" and "called spoof"."""
    rows = []
    for truth, name in (("bonafide", "bona fide"), ("spoof", "spoof")):
        accepted, rejected = counts.get(f"{truth}_accepted", 0), counts.get(f"{truth}_rejected", 0)
        total = accepted + rejected
        cells = [
            {"count": count, "share": count / total if total else None, "colour": colour, "right": colour == truth}
            for count, colour in ((accepted, "bonafide"), (rejected, "spoof"))
        ]
        rows.append({"truth": name, "cells": cells, "total": total})
    return rows


def _worst(evaluation: Evaluation, with_players: bool) -> View:
    """The worst errors as rows, with players as far as they fit."""
    import markupsafe

    shelf = Players()
    by_truth: dict[str, list[View]] = {BONAFIDE: [], SPOOF: []}
    for wrong in sorted(evaluation.worst, key=lambda wrong: -abs(wrong.margin)):  # the worst of both get players first
        player = shelf.add(wrong.source) if with_players else None
        found = {
            "wrong": wrong,
            "facts": _facts(wrong, list(evaluation.breakdowns)),
            "player": markupsafe.Markup(player) if player else "",
        }
        by_truth[wrong.label].append(found)
    return {
        "tables": [
            {"title": "Bona fide called spoof", "rows": by_truth[BONAFIDE]},
            {"title": "Spoof called bona fide", "rows": by_truth[SPOOF]},
        ],
        "any_player": any(row["player"] for rows in by_truth.values() for row in rows),
        "any_p": any(wrong.p_spoof is not None for wrong in evaluation.worst),
        "skipped": shelf.skipped,
        "budget": f"{PAGE_BUDGET / 1e6:g}",
        "seconds": f"{SECONDS:g}",
    }


def _facts(wrong: WrongTrial, broken_down_by: list[str]) -> str:
    """The few facts that tell most of a trial, none of them twice under two names."""
    names = dict.fromkeys(name for name in (*broken_down_by, *TELLING) if wrong.columns.get(name))
    by_cell: dict[str, str] = {}
    for name in names or wrong.columns:
        if cell := wrong.columns[name]:
            by_cell.setdefault(cell, name)
    chosen = list(by_cell.items())[:MOST_FACTS]
    return " · ".join(f"{short(name, 40)} {short(cell, 60)}" for cell, name in chosen)


def _left_out(evaluation: Evaluation) -> list[View]:
    """By reason: how many, and the first few."""
    found = by_reason(evaluation.left_out).items()
    return [{"reason": reason, "count": len(names), "examples": names[:EXAMPLES]} for reason, names in found]
