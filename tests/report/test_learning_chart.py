"""Learning curves: what they say of overfitting, and that every run, set and mark is drawn."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_runs import made_epoch
from truevoice.report.charts.learning import Course, SubsetPoint, learning_chart, overfitting, runs_chart, subset_chart

TURNING = [
    made_epoch(n, 1 / n, 0.3 + 0.05 * abs(n - 4), 0.1 + 0.01 * abs(n - 5), best=n == 5, wild=0.3) for n in range(1, 9)
]


def texts(svg):
    return " ".join(node.text or "" for node in ElementTree.fromstring(svg).iter("text"))


def losses(train, held):
    return [made_epoch(n, a, b) for n, (a, b) in enumerate(zip(train, held), 1)]


def test_the_overfitting_point_is_the_least_validation_loss_while_training_loss_falls():
    found = overfitting(TURNING)
    assert found.epoch == 4
    assert "epoch 4" in found.told


@pytest.mark.parametrize(
    ("train", "held", "words"),
    [
        ([3, 2, 1], [3, 2, 1], "the last one"),
        ([1, 2, 3], [1, 2, 3], "no fall"),
        ([3, 2, 1], [1, 2, 1], "as low in the last one"),
        ([3], [3], "one epoch only"),
        ([], [], "no epoch"),
        ([3, 2, 1], [float("nan")] * 3, "no epoch"),
        ([3, 2, 1], [None, None, 1], "one epoch only"),
    ],
)
def test_where_there_is_none_it_is_said(train, held, words):
    found = overfitting(losses(train, held))
    assert found.epoch is None
    assert words in found.told


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), max_size=12))
def test_an_overfitting_point_keeps_its_definition(pairs):
    epochs = losses([a for a, _ in pairs], [b for _, b in pairs])
    found = overfitting(epochs).epoch
    if found is not None:
        train, held = [a for a, _ in pairs], [b for _, b in pairs]
        assert held[found - 1] == min(held) < held[-1]
        assert train[-1] < train[found - 1]
        assert all(loss > min(held) for loss in held[: found - 1])


def test_the_chart_names_sets_and_marks():
    svg = learning_chart(TURNING, 5)
    words = texts(svg)
    for word in ("training", "validation", "wild", "best epoch (5)", "overfitting, from epoch 4 on", "EER, %", "epoch"):
        assert word in words
    assert "Best epoch: 5." in ElementTree.fromstring(svg).get("aria-label")
    assert "overfitting," not in texts(learning_chart(TURNING[:4], 4))
    assert "best epoch" not in texts(learning_chart(TURNING, None))


@pytest.mark.parametrize(
    "epochs",
    [
        TURNING[:1],
        losses([float("nan"), None, 0.1], [float("inf"), 1e30, 0]),
        [{"epoch": 1, "train_loss": 0.5, "sets": {}}],
        [made_epoch(n, 0.5, 0.4, **{'<b>"&': 0.2, "_x": 0.1, "ж\u202e": 0.5}) for n in (1, 2)],
        [made_epoch(n, 1, 1, **{f"set {i}": 0.05 * i for i in range(9)}) for n in (1, 2, 3)],
    ],
    ids=["one", "not finite", "no sets", "odd names", "many sets"],
)
def test_odd_runs_are_drawn(epochs):
    svg = learning_chart(epochs, 1)
    ElementTree.fromstring(svg)
    assert "nan" not in re.sub(r"<text.*?</text>", "", svg)
    assert "<b>" not in svg


CHARTS = {
    "learning": lambda key="a": learning_chart(TURNING, 5, key=key),
    "runs": lambda key="a": runs_chart([Course("seed 0", TURNING, 5), Course("seed 1", TURNING[:3])], key=key),
    "subsets": lambda key="a": subset_chart(
        [SubsetPoint(0.1, {"validation": 0.3}), SubsetPoint(0.1, {"validation": 0.2}), SubsetPoint(1, {"wild": 0.1})],
        key=key,
    ),
}


@pytest.mark.parametrize("draw", CHARTS.values(), ids=CHARTS)
def test_charts_stand_in_a_page_in_light_and_dark(draw):
    svg = draw()
    assert svg == draw()
    assert not re.findall(
        r"(?:fill|stroke): ?(#[0-9a-f]+|black|white)", re.sub(r"var\(--[a-z0-9-]+, #[0-9a-f]{6}\)", "", svg)
    )
    ids = re.findall(r'\bid="([^"]+)"', svg + draw(key="b"))
    assert len(set(ids)) == len(ids)


def test_every_run_is_drawn_and_named():
    words = texts(CHARTS["runs"]())
    assert {"seed 0", "seed 1"} <= set(re.findall(r"seed \d", words))
    assert "EER of validation, %" in words


def test_shares_stand_under_the_axis():
    assert {"10", "100", "validation", "wild"} <= set(texts(CHARTS["subsets"]()).split())
