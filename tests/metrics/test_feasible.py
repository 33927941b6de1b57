"""The feasible region of EER and AUC: curves built to attain its ends, random curves that never leave it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truevoice.errors import UsageError
from truevoice.metrics import auc, eer, roc
from truevoice.metrics.feasible import (
    Range,
    auc_range,
    auc_range_at,
    auc_range_concave,
    eer_range,
    eer_range_concave,
    is_feasible,
)

N = 120
TIED = st.lists(st.integers(-8, 8).map(float), min_size=1, max_size=40)
FREE = st.lists(st.floats(-100, 100), min_size=1, max_size=40)
SCORES = st.one_of(TIED, FREE)


def scores_of(steps):
    """Score lists whose ROC curve is this polygon: (share of spoof, share of bona fide) of each leg, best first."""
    bonafide, spoof = [], []
    for level, (right, up) in enumerate(steps):
        spoof += [-float(level)] * round(right * N)
        bonafide += [-float(level)] * round(up * N)
    assert len(bonafide) == len(spoof) == N
    return bonafide, spoof


@pytest.mark.parametrize("k", [0, 1, 7, 30, 59, 60, 61, 90, 119, 120])
def test_staircases_attain_both_ends(k):
    e = k / N
    low = scores_of([(e, 0), (0, 1 - e), (1 - e, 0), (0, e)])
    high = scores_of([(0, 1 - e), (e, 0), (0, e), (1 - e, 0)])
    for curve, end in zip((low, high), auc_range(e)):
        assert eer(*curve)[0] == pytest.approx(e, abs=1e-12)
        assert auc(*curve) == pytest.approx(end, abs=1e-12)


@pytest.mark.parametrize(("j", "k"), [(0, 0), (10, 40), (40, 10), (119, 3), (120, 120), (0, 60)])
def test_staircases_through_an_operating_point_attain_both_ends(j, k):
    far, frr = j / N, k / N
    low = scores_of([(far, 0), (0, 1 - frr), (1 - far, 0), (0, frr)])
    high = scores_of([(0, 1 - frr), (far, 0), (0, frr), (1 - far, 0)])
    for curve, end in zip((low, high), auc_range_at(far, frr)):
        points = roc(*curve)
        assert np.any((np.abs(points.far - far) < 1e-12) & (np.abs(points.frr - frr) < 1e-12))
        assert auc(*curve) == pytest.approx(end, abs=1e-12)


@pytest.mark.parametrize("k", [0, 6, 24, 48, 60])
def test_concave_polygons_attain_both_ends(k):
    e = k / N
    low = scores_of([(e, 1 - e), (1 - e, e)])
    high = scores_of([(0, 1 - 2 * e), (2 * e, 2 * e), (1 - 2 * e, 0)])
    for curve, end in zip((low, high), auc_range_concave(e)):
        assert eer(*curve)[0] == pytest.approx(e, abs=1e-12)
        assert auc(*curve) == pytest.approx(end, abs=1e-12)


@settings(deadline=None)
@given(SCORES, SCORES)
def test_no_list_of_scores_leaves_the_region(bonafide, spoof):
    e, a = eer(bonafide, spoof)[0], auc(bonafide, spoof)
    assert auc_range(e).holds(a, 1e-12)
    assert eer_range(a).holds(e, 1e-12)
    assert is_feasible(Range(e, e), Range(max(0.0, a - 1e-12), min(1.0, a + 1e-12)))
    for far, frr in zip(roc(bonafide, spoof).far, roc(bonafide, spoof).frr):
        assert auc_range_at(far, frr).holds(a, 1e-12)


@settings(deadline=None)
@given(st.lists(st.tuples(TIED, TIED), min_size=1, max_size=6))
def test_averaging_over_batches_never_leaves_the_region(batches):
    e = float(np.mean([eer(*batch)[0] for batch in batches]))
    a = float(np.mean([auc(*batch) for batch in batches]))
    assert auc_range(min(e, 1.0)).holds(a, 1e-12)


@settings(deadline=None)
@given(st.floats(0, 1))
def test_inverses(x):
    for ends in (auc_range(x), eer_range(x)):
        assert 0 <= ends.low <= ends.high <= 1
    assert eer_range(auc_range(x).low).low == pytest.approx(x, abs=1e-7)
    assert eer_range(auc_range(x).high).high == pytest.approx(x, abs=1e-7)
    if x <= 0.5:
        concave = auc_range_concave(x)
        assert auc_range(x).low <= concave.low <= concave.high <= auc_range(x).high
        assert eer_range_concave(concave.low).low == pytest.approx(x, abs=1e-7)
        assert eer_range_concave(concave.high).high == pytest.approx(x, abs=1e-7)


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_turning_both_round_changes_nothing_and_one_is_as_good_as_the_other(e, a):
    def inside(e, a, slack):
        return auc_range(e).holds(a, slack)

    if inside(e, a, -1e-9):
        assert inside(1 - e, 1 - a, 1e-9)
    if inside(1 - e, a, -1e-9):
        assert inside(e, 1 - a, 1e-9)


def test_intervals_against_a_grid():
    random = np.random.default_rng(4)
    met = 0
    for _ in range(300):
        e, a = (Range(*np.sort(np.clip(random.random() + random.random(2) * 0.1, 0, 1))) for _ in range(2))
        fine = [auc_range(x).meets(a) for x in np.linspace(e.low, e.high, 200)]
        assert is_feasible(e, a) == any(fine)
        met += any(fine)
    assert 50 < met < 250


def test_worked_figures():
    assert auc_range(0.534) == pytest.approx((0.217156, 0.714844), abs=1e-12)
    assert eer_range(0.9864) == pytest.approx((0.006823, 0.116619), abs=1e-6)
    assert auc_range(0.05) == pytest.approx((0.9025, 0.9975), abs=1e-12)
    assert auc_range_concave(0.05) == pytest.approx((0.95, 0.995), abs=1e-12)


@pytest.mark.parametrize("call", [auc_range, auc_range_concave, eer_range, eer_range_concave])
@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), 53.4])
def test_outside_the_unit_interval(call, value):
    with pytest.raises(UsageError, match="between 0 and 1"):
        call(value)


def test_concave_needs_better_than_chance():
    with pytest.raises(UsageError, match=r"at most 0\.5"):
        auc_range_concave(0.51)
    with pytest.raises(UsageError, match=r"at least 0\.5"):
        eer_range_concave(0.49)
