"""The report of a comparison: one self-contained page with a table, overlaid curves, and the trials that flipped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from truevoice.comparison.comparison import Comparison, SetComparison
from truevoice.comparison.figures import Change
from truevoice.comparison.flips import GAINED, LOST, Flip, GroupChange
from truevoice.report import numbers
from truevoice.report.charts import Curve, det_chart, histogram_chart, roc_chart
from truevoice.report.glossary import entry
from truevoice.report.pages import render_page, versions
from truevoice.report.players import PAGE_BUDGET, SECONDS, Players
from truevoice.report.text_safety import short

View = dict[str, Any]

MOST_FLIPS = 25  # of each kind and set on the page; comparison.json holds them all
MOST_FACTS = 5
TELLING = ("attack", "system", "family", "speaker", "language", "codec", "source", "duration")
BEFORE_AFTER = ("before", "after")  # what a study calls its two
MINUS = "\u2212"
GRAVITY = {"error": 0, "warning": 1, "note": 2}


def render_comparison(comparison: Comparison, *, players: bool = True) -> str:
    """The whole page. players: put recordings of flipped trials in it, at most about 3 MB of them."""
    names = titles(comparison)
    return render_page(
        "comparison.html",
        title=f"{names[0]} against {names[1]}",
        names=names,
        lead=lead(comparison, names),
        comparison=comparison,
        method=comparison.method(),
        table=table_view(comparison),
        sets=set_views(comparison, names, players=players),
        findings=finding_views(comparison),
        versions=versions(),
        **sound(),
    )


def titles(comparison: Comparison) -> tuple[str, str]:
    """The two names, told apart where they are one."""
    first, second = comparison.first.name, comparison.second.name
    return (first, second) if first != second else (f"{first} (first)", f"{second} (second)")


def sound() -> View:
    return {"seconds": f"{SECONDS:g}", "budget": f"{PAGE_BUDGET / 1e6:g}"}


def lead(comparison: Comparison, names: tuple[str, str]) -> list[str]:
    """A sentence a set: which is better, where that is more than chance."""
    told = []
    for name, one in comparison.sets.items():
        ahead: dict[str, list[str]] = {}
        for figure in one.figures.values():
            if figure.is_significant(comparison.options.confidence):
                better = names[1] if figure.gain > 0 else names[0]
                title = entry(figure.name).title
                ahead.setdefault(better, []).append(title if title.isupper() else title.lower())
        parts = [
            f"{' and '.join(figures)} {'is' if len(figures) == 1 else 'are'} better with {better}"
            for better, figures in ahead.items()
        ]
        if not comparison.options.rounds:
            told.append(f"On {name} nothing was tested.")
        else:
            told.append(f"On {name}, {'; '.join(parts) or 'no difference can be told from chance'}.")
    return told


def table_view(comparison: Comparison) -> list[View]:
    """Rows by set: every figure of both, the change, its p-value and what it means."""
    confidence = comparison.options.confidence
    return [
        {
            "name": name,
            "n_bonafide": one.n_bonafide,
            "n_spoof": one.n_spoof,
            "on_test": [threshold.on_test for threshold in one.thresholds],
            "rows": [_row(change, _fewest(one), confidence) for change in one.figures.values()],
        }
        for name, one in comparison.sets.items()
    ]


def _row(change: Change, fewest: int, confidence: float) -> View:
    known = entry(change.name)
    is_rate = known.kind == "rate"
    kind = "better" if change.gain > 0 else "worse"
    if change.p_adjusted is None:
        mark, word = "unclear", "not tested"
    elif change.is_significant(confidence):
        mark, word = kind, kind
    else:
        mark, word = "unclear", "no clear change"
    return {
        "figure": known.title,
        "meaning": known.meaning.format(positive="spoof", negative="bona fide"),
        "first": _value(change.first, fewest, is_rate),
        "first_ci": _interval(change.first_ci, fewest, is_rate),
        "second": _value(change.second, fewest, is_rate),
        "second_ci": _interval(change.second_ci, fewest, is_rate),
        "change": signed(change.change, fewest, is_rate),
        "ci": "" if change.ci is None else " to ".join(signed(end, fewest, is_rate) for end in change.ci),
        "p": p_text(change.p_adjusted),
        "p_alone": p_text(change.p_value),
        "test": change.test,
        "mark": mark,
        "word": word,
    }


def _value(value: float, fewest: int, is_rate: bool) -> str:
    return numbers.per_cent(value, fewest) if is_rate else numbers.decimal(value, fewest)


def _interval(ends: tuple[float, float] | None, fewest: int, is_rate: bool) -> str:
    if ends is None:
        return ""
    if is_rate:
        return f"{numbers.per_cent(ends[0], fewest, sign='')} to {numbers.per_cent(ends[1], fewest)}"
    return f"{numbers.decimal(ends[0], fewest)} to {numbers.decimal(ends[1], fewest)}"


def signed(value: float, fewest: int, is_rate: bool) -> str:
    """A change with its sign; of a rate in points (per cent less per cent)."""
    shown = numbers.per_cent(abs(value), fewest, sign="") if is_rate else numbers.decimal(abs(value), fewest)
    if not float(shown):
        return shown
    return ("+" if value > 0 else MINUS) + shown


def p_text(value: float | None) -> str:
    if value is None:
        return numbers.NONE
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _fewest(one: SetComparison) -> int:
    return min(one.n_bonafide, one.n_spoof)


def set_views(comparison: Comparison, names: tuple[str, str], *, players: bool) -> list[View]:
    """Per set: charts, flips with players, groups. One budget of sound for the page; each set begins with its
    farthest flips."""
    shelf = Players()
    return [
        _set_view(number, name, one, names, shelf if players else None)
        for number, (name, one) in enumerate(comparison.sets.items(), 1)
    ]


def _set_view(number: int, name: str, one: SetComparison, names: tuple[str, str], shelf: Players | None) -> View:
    curves = [
        Curve(title, *matched.split(), threshold=threshold.value)
        for title, matched, threshold in zip(names, (one.matched.first, one.matched.second), one.thresholds)
    ]
    flipped = {kind: [flip for flip in one.flips if flip.kind == kind] for kind in (GAINED, LOST)}
    tables: list[View] = [
        {
            "title": _flip_title(kind, names),
            "total": len(rows),
            "rows": [_flip_view(flip, list(one.groups), shelf) for flip in rows[:MOST_FLIPS]],
        }
        for kind, rows in flipped.items()
    ]
    return {
        "key": f"set-{number}",
        "name": name,
        "caption": _caption(one),
        "charts": _charts(number, curves),
        "thresholds": [
            {"name": title, "value": numbers.score(at.value), "origin": at.origin, "on_test": at.on_test}
            for title, at in zip(names, one.thresholds)
        ],
        "flips": tables,
        "score_titles": [f"Score {name if names == BEFORE_AFTER else 'with ' + short(name, 30)}" for name in names],
        "any_player": any(row["player"] for table in tables for row in table["rows"]),
        "groups": [{"column": column, "rows": _group_rows(rows)} for column, rows in one.groups.items()],
        "skipped": shelf.skipped if shelf else 0,
    }


def _flip_title(kind: str, names: tuple[str, str]) -> str:
    first, second = names if names == BEFORE_AFTER else [f"with {short(name, 40)}" for name in names]
    return f"Wrong {first}, right {second}" if kind == GAINED else f"Right {first}, wrong {second}"


def _charts(number: int, curves: Sequence[Curve]) -> View:
    import markupsafe

    drawn = {
        "roc": roc_chart(curves, key=f"roc-{number}"),
        "det": det_chart(curves, key=f"det-{number}"),
        "histogram": histogram_chart(curves, key=f"histogram-{number}"),
    }
    return {kind: markupsafe.Markup(svg) for kind, svg in drawn.items()}


def _caption(one: SetComparison) -> str:
    data = list(dict.fromkeys(side.conditions.data for side in one.sides))
    heard = list(dict.fromkeys(side.conditions.windows for side in one.sides if side.conditions.windows))
    counts = f"{one.n_bonafide:,} bona fide and {one.n_spoof:,} spoof trials"
    return "; ".join([" and ".join(data), counts, *([f"windows: {' and '.join(heard)}"] if heard else [])])


def _flip_view(flip: Flip, grouped_by: list[str], shelf: Players | None) -> View:
    import markupsafe

    player = shelf.add(flip.source) if shelf else None
    names = dict.fromkeys(name for name in (*grouped_by, *TELLING) if flip.columns.get(name))
    by_cell: dict[str, str] = {}
    for name in names:
        by_cell.setdefault(flip.columns[name], name)
    facts = [f"{short(name, 40)} {short(cell, 60)}" for cell, name in list(by_cell.items())[:MOST_FACTS]]
    return {
        "trial": flip.trial,
        "label": "bona fide" if flip.label == "bonafide" else flip.label,
        "facts": " · ".join(facts),
        "first": numbers.score(flip.first_score),
        "second": numbers.score(flip.second_score),
        "player": markupsafe.Markup(player) if player else "",
    }


def _group_rows(rows: Sequence[GroupChange]) -> list[View]:
    return [
        {
            "value": row.value,
            "label": "bona fide" if row.label == "bonafide" else row.label,
            "trials": row.trials,
            "first": numbers.per_cent(row.first_right / row.trials, row.trials),
            "first_value": row.first_right / row.trials,
            "second": numbers.per_cent(row.second_right / row.trials, row.trials),
            "second_value": row.second_right / row.trials,
            "gained": row.gained,
            "lost": row.lost,
        }
        for row in rows
    ]


def finding_views(comparison: Comparison, further: Sequence[Any] = ()) -> list[View]:
    """All findings, each once, the gravest first; those of a set name it."""
    several = len(comparison.sets) > 1
    seen: dict[tuple[str, str], View] = {}
    listed = [("", finding) for finding in (*further, *comparison.findings)]
    listed += [(name, finding) for name, one in comparison.sets.items() for finding in one.findings]
    for where, finding in listed:
        view = {
            "severity": finding.severity,
            "message": f"{where}: {finding.message}" if where and several else finding.message,
            "remedy": finding.remedy,
        }
        seen.setdefault((finding.severity, view["message"]), view)
    return sorted(seen.values(), key=lambda view: GRAVITY[view["severity"]])
