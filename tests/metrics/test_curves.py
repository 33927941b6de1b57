"""Hull, thinned curves, DET axes, and the curve of the ASVspoof scripts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull
from scipy.stats import norm

from truevoice.errors import UsageError
from truevoice.metrics import eer, probit, roc, rocch, thin
from truevoice.metrics.hull import hull
from truevoice.metrics.official import official_curve
from truevoice.metrics.roc import Roc, Tally

TIED = st.lists(st.integers(-20, 20).map(lambda n: n / 4), min_size=1, max_size=40)
FREE = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)
SCORES = st.one_of(TIED, FREE)


def test_hull_by_hand():
    # bona fide 1, 3, 4; spoof 0, 2: points (frr, far) 0:(0,1) 1:(0,1/2) 2:(1/3,1/2) 3:(1/3,0) 4:(2/3,0) inf:(1,0)
    corners = rocch([1, 3, 4], [0, 2])
    assert corners.thresholds.tolist() == [0, 1, 3, np.inf]
    assert corners.frr.tolist() == pytest.approx([0, 0, 1 / 3, 1])
    assert corners.far.tolist() == pytest.approx([1, 0.5, 0, 0])


@given(SCORES, SCORES)
def test_no_point_of_the_curve_lies_beneath_the_hull(bonafide, spoof):
    corners, curve = rocch(bonafide, spoof), roc(bonafide, spoof)
    assert set(zip(*corners)) <= set(zip(*curve))
    across, up = np.diff(corners.far)[:, None], np.diff(corners.frr)[:, None]
    side = across * (curve.frr - corners.frr[:-1, None]) - up * (curve.far - corners.far[:-1, None])
    assert np.all(side <= 1e-12)
    assert np.all(across[:-1] * up[1:] < up[:-1] * across[1:])  # every corner is one


@given(SCORES, SCORES)
def test_hull_minimises_every_cost(bonafide, spoof):
    corners, curve = rocch(bonafide, spoof), roc(bonafide, spoof)
    for miss in (0.01, 0.3, 1, 7, 200):
        assert (miss * corners.frr + corners.far).min() == pytest.approx((miss * curve.frr + curve.far).min())


def test_hull_equals_scipy():
    random = np.random.default_rng(0)
    bonafide, spoof = random.normal(1, 1, 5000), random.normal(0, 1, 3000)
    curve, corners = roc(bonafide, spoof), rocch(bonafide, spoof)
    points = np.stack([curve.far, curve.frr], axis=1)
    whole = ConvexHull(np.vstack([points, [[2, 2]]]))  # a far corner, so that only the lower left side is the curve's
    lower = sorted({*whole.vertices.tolist()} - {len(points)})
    np.testing.assert_allclose(np.stack([corners.far, corners.frr], axis=1), points[lower], atol=1e-12)


@given(st.integers(0, 2**32 - 1), st.sampled_from([3, 50, 2000]))
def test_hull_of_hostile_stairs_is_the_plain_walk(seed, size):
    # Convex arcs meeting in hollows, where dropping hollows alone would take many rounds.
    random = np.random.default_rng(seed)
    steps = np.sort(random.integers(0, 50, (2, size)), axis=1)
    rejected = np.concatenate([[0], np.cumsum(np.concatenate([steps[0], steps[0]]))])
    accepted = np.concatenate([[0], np.cumsum(np.concatenate([steps[1], steps[1]]))])[::-1]
    points = Tally(np.arange(rejected.size, dtype=float), rejected, accepted)
    found = hull(points)
    for weigh in (1, 3, 10, 40):
        cost = weigh * found.rejected + found.accepted
        assert cost.min() == (weigh * rejected + accepted).min()


@given(SCORES, SCORES)
def test_convex_hull_eer_is_never_above_the_others(bonafide, spoof):
    on_hull, threshold = eer(bonafide, spoof, "convex-hull")
    plain, same_threshold = eer(bonafide, spoof)
    assert on_hull <= plain + 1e-12
    assert threshold == same_threshold


@given(SCORES, SCORES)
def test_official_and_plain_eer_agree_within_half_a_step_where_nothing_ties(bonafide, spoof):
    bonafide, spoof = list(dict.fromkeys(bonafide)), [x for x in dict.fromkeys(spoof) if x not in set(bonafide)]
    if spoof:
        half_step = max(1 / len(bonafide), 1 / len(spoof)) / 2
        assert abs(eer(bonafide, spoof, "asvspoof")[0] - eer(bonafide, spoof)[0]) <= half_step + 1e-12


def test_official_curve_takes_ties_apart_bona_fide_first():
    curve = official_curve(np.array([1.0, 0.0]), np.array([0.0, 0.0]))
    assert curve.thresholds.tolist() == [-0.001, 0, 0, 0, 1]
    assert curve.frr.tolist() == [0, 0.5, 0.5, 0.5, 1]
    assert curve.far.tolist() == [1, 1, 0.5, 0, 0]
    assert eer([7.0] * 3, [7.0] * 4, "asvspoof")[0] == 1.0


def test_unknown_mode_is_refused():
    with pytest.raises(UsageError, match="none of interpolated, asvspoof, convex-hull"):
        eer([1.0], [0.0], "best")


def test_probit_equals_scipy():
    rates = np.concatenate([[0, 1, 0.5], np.geomspace(1e-12, 0.5, 50), 1 - np.geomspace(1e-12, 0.5, 50)])
    found = probit(rates)
    assert found[:3].tolist() == [-np.inf, np.inf, 0]
    np.testing.assert_allclose(found, norm.ppf(rates), rtol=1e-9)
    assert probit([[0.5]]).shape == (1, 1)


@pytest.mark.parametrize("rate", [-0.1, 1.1, np.nan])
def test_probit_refuses_what_is_no_rate(rate):
    with pytest.raises(UsageError, match="between 0 and 1"):
        probit([0.5, rate])


@given(SCORES, SCORES)
def test_thinning_a_short_curve_draws_the_same_line(bonafide, spoof):
    curve = roc(bonafide, spoof)
    few = thin(curve)
    assert set(zip(*few)) <= set(zip(*curve))
    assert (few.frr[0], few.far[0], few.frr[-1], few.far[-1]) == (0, 1, 1, 0)
    assert np.trapezoid(few.frr, -few.far) == pytest.approx(np.trapezoid(curve.frr, -curve.far), abs=1e-12)
    turn = curve.frr - curve.far  # rises strictly: a ruler along the curve
    np.testing.assert_allclose(np.interp(turn, few.frr - few.far, few.frr), curve.frr, atol=1e-12)


def test_thinning_a_long_curve_keeps_its_shape_in_both_kinds_of_axes():
    random = np.random.default_rng(0)
    curve = roc(random.normal(2, 1, 200_000), random.normal(0, 1, 200_000))
    few = thin(curve, 200)
    assert 100 <= few.frr.size <= 200
    ruler, short = curve.frr - curve.far, few.frr - few.far
    np.testing.assert_allclose(np.interp(ruler, short, few.frr), curve.frr, atol=0.01)
    inner = (curve.frr > 1e-4) & (curve.far > 1e-4)
    drawn = np.interp(ruler[inner], short, few.frr)
    np.testing.assert_allclose(norm.ppf(np.maximum(drawn, 1e-6)), norm.ppf(curve.frr[inner]), atol=0.15)


def test_thinning_to_one_point_is_refused():
    with pytest.raises(UsageError, match="at least 2"):
        thin(Roc(np.zeros(3), np.zeros(3), np.zeros(3)), 1)
