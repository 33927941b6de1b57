"""Charts: valid SVG that can stand beside others in a page, light whatever the number of trials, and true to scores."""

import re
import time
from xml.etree import ElementTree

import numpy as np
import pytest

from truevoice.metrics import auc
from truevoice.metrics.probability import reliability
from truevoice.report.charts import Curve, Forecast, det_chart, histogram_chart, reliability_chart, roc_chart
from truevoice.report.charts.curves import POINTS
from truevoice.report.charts.det import limits
from truevoice.report.charts.histogram import edges
from truevoice.report.charts.reliability import bins, wilson

RNG = np.random.default_rng(7)
CURVE = Curve("mel-cnn", RNG.normal(1, 1, 200), RNG.normal(-1, 1, 300), 0.1)
OTHER = Curve("aasist", RNG.normal(2, 1, 250), RNG.normal(-1, 1, 350))
SCORES = np.concatenate([CURVE.bonafide, CURVE.spoof])
FORECAST = Forecast("mel-cnn", 1 / (1 + np.exp(2 * SCORES)), np.arange(500) >= 200, 0.5)

CHARTS = {
    "roc": lambda *curves, **more: roc_chart(curves or [CURVE], **more),
    "det": lambda *curves, **more: det_chart(curves or [CURVE], **more),
    "histogram": lambda *curves, **more: histogram_chart(curves or [CURVE], **more),
    "reliability": lambda **more: reliability_chart([FORECAST], **more),
}
EVERY = pytest.mark.parametrize("draw", CHARTS.values(), ids=CHARTS)
OF_CURVES = pytest.mark.parametrize("draw", [CHARTS[name] for name in ("roc", "det", "histogram")])


def texts(svg):
    return [node.text or "" for node in ElementTree.fromstring(svg).iter("text")]


@EVERY
def test_a_chart_is_one_svg_with_words_for_those_who_do_not_see_it(draw):
    svg = draw()
    root = ElementTree.fromstring(svg)
    assert root.tag == "svg"
    assert root.get("role") == "img"
    assert "mel-cnn" in root.get("aria-label")
    assert "http" not in svg
    assert "<style" not in svg  # it would rule the whole page


@EVERY
def test_ids_are_unique_and_found_and_two_charts_do_not_clash(draw):
    first, second = draw(key="one"), draw(key="two")
    ids = re.findall(r'\bid="([^"]+)"', first + second)
    assert len(set(ids)) == len(ids)
    used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', first + second)
    assert {a or b for a, b in used} == set(ids)


@EVERY
def test_the_same_scores_give_the_same_bytes(draw):
    assert draw() == draw()


@EVERY
def test_every_colour_is_one_of_the_page(draw):
    """Otherwise dark mode would leave something black on black."""
    bare = re.sub(r"var\(--[a-z0-9-]+, #[0-9a-f]{6}\)", "", draw())
    assert not re.findall(r"(?:fill|stroke): ?(#[0-9a-f]+|black|white)", bare)


@OF_CURVES
def test_hostile_and_odd_names_are_text(draw):
    names = ['<script>alert("x")</script>', "_hidden", "a$b$\\frac", "z\x00\x1b\n", "x" * 3000, "\u202eevil"]
    svg = draw(*(Curve(name, CURVE.bonafide, CURVE.spoof) for name in names))
    ElementTree.fromstring(svg)
    assert "<script" not in svg
    shown = " ".join(texts(svg))
    assert '<script>alert("x")</script>' in shown
    assert "_hidden" in shown
    assert "a$b$\\frac" in shown
    assert "x" * 100 not in shown


@OF_CURVES
def test_several_systems_are_all_drawn(draw):
    assert {"mel-cnn", "aasist"} <= set(re.findall("mel-cnn|aasist", " ".join(texts(draw(CURVE, OTHER)))))


@OF_CURVES
@pytest.mark.parametrize(
    "curve",
    [
        Curve("perfect", np.array([2.0, 3.0]), np.array([0.0, 1.0]), 2.0),
        Curve("constant", np.ones(9), np.ones(5), 1.0),
        Curve("flipped", np.array([-1.0, 0.0]), np.array([1.0, 2.0, 3.0]), 0.5),
        Curve("one each", np.array([1.0]), np.array([0.0]), None),
        Curve("huge", np.array([1e30, 2e30]), np.array([-1e30, 1.5e30]), float("inf")),
    ],
    ids=lambda curve: curve.name,
)
def test_extreme_scores_are_drawn(draw, curve):
    ElementTree.fromstring(draw(curve))
    assert "nan" not in draw(curve)


def test_a_million_trials_are_quick_and_light():
    many = Curve("many", RNG.normal(1, 1, 500_000), RNG.normal(-1, 1, 500_000), 0.0)
    start = time.monotonic()
    pages = [roc_chart([many]), det_chart([many]), histogram_chart([many])]
    assert time.monotonic() - start < 15
    assert sum(map(len, pages)) < 120_000


def test_roc_and_det_say_the_eer_and_the_threshold():
    for svg in (roc_chart([CURVE]), det_chart([CURVE])):
        words = " ".join(texts(svg))
        assert f"EER {100 * CURVE.eer:.1f}\u00a0%" in words
        assert "at the threshold 0.100" in words


def test_the_threshold_of_the_working_point_accepts_from_it_upwards():
    curve = Curve("x", np.array([1.0, 2.0]), np.array([0.0, 1.0]), 1.0)
    assert curve.working_point == (0.5, 0.0)


def test_a_thinned_roc_lies_on_the_whole_one():
    many = Curve("many", RNG.normal(1, 1, 20_000), RNG.normal(-1, 1, 20_000))
    far, frr = many.rates.far, many.rates.frr
    assert len(far) <= POINTS + 2
    assert {far[0], frr[-1]} == {1.0}
    beneath = np.trapezoid(frr, far)  # far falls along the curve
    assert -beneath == pytest.approx(1 - auc(many.bonafide, many.spoof), abs=1e-4)


def test_det_frame_holds_the_marked_points():
    from truevoice.metrics.det import probit

    for curve in (CURVE, OTHER, Curve("far off", CURVE.bonafide, CURVE.spoof, 3.5)):
        low, high = limits([curve])
        marked = [rate for rate in (curve.eer, *(curve.working_point or ())) if 0 < rate < 1]
        assert all(low <= probit(rate) <= high for rate in marked)


def test_histogram_holds_every_score_unless_a_few_squeeze_the_rest():
    borders = edges(CURVE)
    assert borders[0] <= SCORES.min()
    assert borders[-1] >= SCORES.max()
    astray = Curve("astray", np.append(CURVE.bonafide, 1e4), CURVE.spoof, 0.0)
    assert edges(astray)[-1] < 100
    assert "1\u00a0trial beyond the edges" in " ".join(texts(histogram_chart([astray])))
    assert edges(Curve("t", CURVE.bonafide, CURVE.spoof, 50.0))[-1] == 50.0


def test_histogram_of_one_class():
    assert "threshold" in " ".join(texts(histogram_chart([Curve("x", CURVE.bonafide, np.zeros(0), 0.0)])))


def test_bins_are_those_of_the_metrics():
    ours, theirs = bins(FORECAST), reliability(FORECAST.p_spoof, FORECAST.spoof, 10)
    np.testing.assert_allclose(ours.said, theirs.stated, atol=1e-12)
    np.testing.assert_allclose(ours.seen, theirs.observed, atol=1e-12)
    assert ours.trials.tolist() == theirs.counts.tolist()


def test_weighting_to_a_prior_makes_a_right_calibration_look_right():
    scores = np.concatenate([RNG.normal(1, 1, 40_000), RNG.normal(-1, 1, 10_000)])  # 20 % spoof
    right = Forecast("right", 1 / (1 + np.exp(2 * scores)), np.arange(50_000) >= 40_000, 0.5)
    weighted, plain = bins(right, share_spoof=0.5), bins(right)
    assert np.abs(weighted.said - weighted.seen).max() < 0.04
    assert np.abs(plain.said - plain.seen).max() > 0.2
    assert ((weighted.low <= weighted.seen) & (weighted.seen <= weighted.high)).all()
    words = " ".join(texts(reliability_chart([right])))
    assert "at 50 % spoof, as assumed" in words
    assert "as in this set, 20 % spoof" in words


def test_wilson_interval_known_by_hand():
    low, high = wilson(np.array([0.0, 0.5, 1.0]), np.array([10, 10, 10]))
    np.testing.assert_allclose(low, [0, 0.236593, 0.722467], atol=1e-5)
    np.testing.assert_allclose(high, [0.277533, 0.763407, 1], atol=1e-5)


@pytest.mark.parametrize("p_spoof", [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])
def test_reliability_of_extreme_probabilities(p_spoof):
    ElementTree.fromstring(reliability_chart([Forecast("x", np.array(p_spoof), np.array([False, True]), 0.5)]))


def test_reliability_of_several_systems_and_of_one_class():
    several = reliability_chart([FORECAST, Forecast("other", 1 - FORECAST.p_spoof, FORECAST.spoof)])
    assert "other" in texts(several)
    ElementTree.fromstring(reliability_chart([Forecast("x", np.array([0.2, 0.9]), np.array([True, True]), 0.5)]))
