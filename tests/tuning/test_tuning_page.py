"""The report of a search: whole, safe with hostile names, the same bytes each time, for any kind of axis."""

import re

import pytest

from truevoice.report.charts.search import Scale, Tried, parallel_chart
from truevoice.report.search_words import figure_in_words, short_names, value_in_words
from truevoice.report.tuning_page import render_search

NASTY = '<script>alert("x")</script>\'"&amp;\u202e\x00'


def row(number, state="complete", value=0.1, **more):
    params = {"optimiser.lr": 10.0**-number, "loss.loss": ("ce", NASTY)[number % 2], "schedule.epochs": number}
    figures = {"validation": {"eer": value, "n_bonafide": 50, "n_spoof": 60}, NASTY: {"eer": None}}
    return {
        **{"trial": number, "folder": f"trials/{number:03d}", "state": state, "value": value, "params": params},
        **{"best_epoch": 1, "epochs": {"1": value}, "figures": figures if value is not None else {}},
        **{"seconds": 1.0, "reason": NASTY if state == "failed" else "", "attempts": 2, "curves": True, **more},
    }


def study(*rows, **more):
    states = ("complete", "pruned", "failed", "running", "waiting")
    best = next((one for one in rows if one["state"] == "complete"), None)
    return {
        **{"method": "tpe", "figure": "eer", "prune": "median", "prune_after": 1, "seed": 0, "n_trials": 9},
        **{"higher_is_better": False, "counts": {one: sum(row["state"] == one for row in rows) for one in states}},
        "best": best and {**best, "checkpoint": "trials/001/best"},
        "near_best": {"width": 0.02, "count": 1} if best else None,
        **{"importance": {}, "importance_absent": NASTY, "truevoice": "0", "optuna": "5"},
        "space": [
            {"name": "optimiser.lr", "low": 1e-9, "high": 1.0, "log": True, "step": 0},
            {"name": "loss.loss", "values": ["ce", NASTY]},
            {"name": "schedule.epochs", "low": 0, "high": 9, "log": False, "step": 2},
        ],
        "settings": {"network": {"model": NASTY}, "data": {"data": NASTY}},
        **{"trials": list(rows), "ranked": list(rows), **more},
    }


ROWS = [row(1), row(2, value=0.3), row(3, "pruned", 0.4), row(4, "failed", None), row(5, "running", None, params={})]


def test_it_is_one_whole_page_that_loads_nothing():
    page = render_search(study(*ROWS, importance={"optimiser.lr": 0.75, "loss.loss": 0.25}))
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert not re.findall(r"""(?:src|url\()=?["'(]*\s*(?:https?:)?//""", page)
    assert "\u202e" not in page
    assert "\x00" not in page
    assert page.count("<svg") == 4
    assert 'href="trials/001/curves.html"' in page
    for words in ("optimistic", "cannot tell them from the best", "10.0\u00a0%", "taken up again 1\u00a0time", "75 %"):
        assert words in page


def test_the_same_search_gives_the_same_bytes():
    assert render_search(study(*ROWS)) == render_search(study(*ROWS))


@pytest.mark.parametrize("rows", [(), (row(4, "failed", None),), (row(3, "pruned", 0.4),), (row(1),)])
def test_there_may_be_little_to_show(rows):
    page = render_search(study(*rows))
    assert ("No trial has run to its end yet" in page) == (not any(one["state"] == "complete" for one in rows))
    assert ("<svg" in page) == any(one["value"] is not None for one in rows)


@pytest.mark.parametrize(
    ("scale", "value", "place"),
    [
        (Scale("a", low=1e-4, high=1e-2, log=True), 1e-3, 0.5),
        (Scale("a", low=2, high=10), 4, 0.25),
        (Scale("a", ("x", "y", "z")), "z", 1.0),
        (Scale("a", ("x",)), "x", 0.5),
    ],
)
def test_places_on_an_axis(scale, value, place):
    assert scale.place(value) == pytest.approx(place)
    assert all(0 <= at <= 1 for at, _ in scale.labels())


def test_the_best_end_is_at_the_top_and_told():
    tried = [Tried(0, {"a": 1}, 0.2), Tried(1, {"a": 2}, 0.1)]
    for higher, best in ((False, "a 2: EER 10.0"), (True, "a 1: EER 20.0")):
        assert f"Best: {best}" in parallel_chart(tried, [Scale("a", (1, 2))], "eer", higher)


def test_words():
    assert short_names(["a.lr", "b.lr", "c.d.epochs"]) == {"a.lr": "a.lr", "b.lr": "b.lr", "c.d.epochs": "epochs"}
    assert [value_in_words(one) for one in (1e-4, 0.123456, 3, True, "ce")] == ["0.0001", "0.1235", "3", "True", "ce"]
    assert figure_in_words("eer", 0.1234) == "12.3\u00a0%"
    assert figure_in_words("auc", 0.9) == "0.9000"
    assert figure_in_words("loss", None) == "–"
