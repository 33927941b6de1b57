"""Detection costs and costs of log-likelihood ratios: by hand, against scikit-learn, properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import det_curve

from truevoice.errors import UsageError
from truevoice.metrics import act_dcf, auc, bayes_threshold, cllr, dcf, eer, min_cllr, min_dcf, min_dcf_point, pav_llrs

TIED = st.lists(st.integers(-20, 20).map(lambda n: n / 4), min_size=1, max_size=40)
FREE = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)
SCORES = st.one_of(TIED, FREE)
RISES = [lambda x: 8 * x - 3, lambda x: x**3, np.exp, np.arctan]


def normal_classes(seed, bonafide=400, spoof=700, digits=None):
    random = np.random.default_rng(seed)
    b, s = random.normal(1, 1, bonafide), random.normal(-1, 1, spoof)
    return (b, s) if digits is None else (b.round(digits), s.round(digits))


def test_min_dcf_by_hand():
    # 1.9 frr + far at thresholds 0, 1, 2, 3, inf: 1, 1/2, 1.9/2 + 1/2, 1.9/2, 1.9
    assert min_dcf_point([1, 3], [0, 2]) == pytest.approx((0.5, 1))
    # cheap misses (0.1 of the cost of an acceptance): 0.1 frr + far, over its default 0.1: threshold 3
    assert min_dcf_point([1, 3], [0, 2], p_spoof=0.5, c_miss=1, c_fa=10) == pytest.approx((0.5, 3))


def test_useless_scores_cost_one_and_may_reject_all():
    assert min_dcf([0, 1], [1, 0]) == pytest.approx(1)
    assert min_dcf_point([0.0], [1.0], p_spoof=0.5, c_fa=2) == (1.0, math.inf)


@pytest.mark.parametrize("digits", [None, 1])
def test_min_dcf_equals_the_minimum_on_the_curve_of_scikit_learn(digits):
    b, s = normal_classes(0, digits=digits)
    far, frr, _ = det_curve(np.repeat([1, 0], [b.size, s.size]), np.concatenate([b, s]))
    for p_spoof in (0.05, 0.3, 0.9):
        weigh = np.array([1 - p_spoof, 10 * p_spoof])
        want = min(1, (weigh @ np.stack([frr, far])).min() / weigh.min())
        assert min_dcf(b, s, p_spoof=p_spoof) == pytest.approx(want, abs=1e-12)


def test_act_dcf_by_hand():
    # threshold ln(0.5 / 0.95) = -0.6419: one of two bona fide below, the spoof on it is accepted
    threshold = bayes_threshold()
    assert threshold == pytest.approx(-0.641853886172, abs=1e-12)
    assert act_dcf([0.0, -1.0], [threshold, -5, -5, -5]) == pytest.approx(1.9 / 2 + 1 / 4)


def test_dcf_over_rates():
    assert dcf([0, 1, 0.5], [1, 0, 0.5]).tolist() == pytest.approx([1, 1.9, 1.45])


def test_cllr_by_hand():
    assert cllr([0.0], [0.0, 0.0]) == pytest.approx(1)  # no evidence
    assert cllr([math.log(3)], [-math.log(3)]) == pytest.approx(math.log2(4 / 3))


def test_cllr_does_not_overflow():
    assert cllr([-5000.0], [5000.0]) == pytest.approx(5000 / math.log(2))
    assert cllr([5000.0], [-5000.0]) == 0


def isotonic_cllr(b, s):
    """min Cllr through scikit-learn's isotonic regression, weights that make both classes equally common."""
    labels, scores = np.repeat([1, 0], [b.size, s.size]), np.concatenate([b, s])
    weigh = np.where(labels, 1 / b.size, 1 / s.size)
    p = np.clip(IsotonicRegression(y_min=0, y_max=1).fit(scores, labels, weigh).predict(scores), 0, 1)
    with np.errstate(divide="ignore"):
        losses = -np.where(labels == 1, np.log2(p), np.log2(1 - p))
    return weigh @ losses / 2


@pytest.mark.parametrize("digits", [None, 1, 0])
@pytest.mark.parametrize("seed", range(3))
def test_min_cllr_equals_scikit_learn(seed, digits):
    b, s = normal_classes(seed, digits=digits)
    assert min_cllr(b, s) == pytest.approx(isotonic_cllr(b, s), abs=1e-9)


@given(TIED, TIED)
def test_min_cllr_equals_scikit_learn_with_many_ties(bonafide, spoof):
    assert min_cllr(bonafide, spoof) == pytest.approx(isotonic_cllr(np.array(bonafide), np.array(spoof)), abs=1e-9)


@given(SCORES, SCORES)
def test_min_cllr_is_the_cllr_of_the_best_map(bonafide, spoof):
    best = pav_llrs(bonafide, spoof)
    assert np.all(np.diff(best.llrs) > 0)
    b, s = best(bonafide), best(spoof)
    assert np.all(b > -np.inf)
    assert np.all(s < np.inf)
    losses = np.logaddexp(0, -b).mean() + np.logaddexp(0, s).mean()
    assert min_cllr(bonafide, spoof) == pytest.approx(losses / 2 / math.log(2), abs=1e-9)


@given(SCORES, SCORES)
def test_the_least_costs_are_the_least(bonafide, spoof):
    assert min_dcf(bonafide, spoof) <= act_dcf(bonafide, spoof) + 1e-12
    assert min_cllr(bonafide, spoof) <= cllr(bonafide, spoof) + 1e-12
    assert 0 <= min_cllr(bonafide, spoof) <= 1 + 1e-12
    assert 0 <= min_dcf(bonafide, spoof) <= 1 + 1e-12
    # At a threshold with rates near the EER the cost is at most about 2.9 EER; the hull can only be better.
    assert min_dcf(bonafide, spoof) <= 2.9 * eer(bonafide, spoof, "convex-hull")[0] + 1e-9


@given(TIED, TIED, st.sampled_from(RISES))
def test_rising_transforms_change_nothing(bonafide, spoof, rise):
    b, s = np.array(bonafide), np.array(spoof)
    assert min_dcf(rise(b), rise(s)) == min_dcf(b, s)
    assert min_cllr(rise(b), rise(s)) == min_cllr(b, s)
    assert auc(rise(b), rise(s)) == auc(b, s)
    for mode in ("interpolated", "asvspoof", "convex-hull"):
        assert eer(rise(b), rise(s), mode)[0] == eer(b, s, mode)[0]


@given(SCORES, SCORES)
def test_swapped_classes_with_flipped_sign_are_the_same_task(bonafide, spoof):
    b, s = np.array(bonafide), np.array(spoof)
    assert min_cllr(-s, -b) == pytest.approx(min_cllr(b, s), abs=1e-12)
    assert cllr(-s, -b) == pytest.approx(cllr(b, s), rel=1e-12)
    assert min_dcf(-s, -b, p_spoof=0.5, c_miss=10, c_fa=1.0) == pytest.approx(
        min_dcf(b, s, p_spoof=0.5, c_miss=1, c_fa=10), abs=1e-12
    )
    assert eer(-s, -b, "convex-hull")[0] == pytest.approx(eer(b, s, "convex-hull")[0], abs=1e-12)


@given(SCORES, SCORES, st.randoms(use_true_random=False))
def test_order_of_trials_is_irrelevant(bonafide, spoof, random):
    shuffled = [*bonafide], [*spoof]
    random.shuffle(shuffled[0])
    random.shuffle(shuffled[1])
    for metric in (min_dcf_point, act_dcf, min_cllr):
        assert metric(*shuffled) == metric(bonafide, spoof)
    assert min_dcf(*shuffled, mode="asvspoof") == min_dcf(bonafide, spoof, mode="asvspoof")
    assert cllr(*shuffled) == pytest.approx(cllr(bonafide, spoof), rel=1e-12)


@given(SCORES, SCORES)
def test_the_asvspoof_points_hold_the_reachable_ones(bonafide, spoof):
    assert min_dcf(bonafide, spoof, mode="asvspoof") <= min_dcf(bonafide, spoof) + 1e-12


def test_a_million_scores():
    b, s = normal_classes(0, 500_000, 500_000)
    # Unit normals at +-1 have the llr 2x; of calibrated scores, least and actual costs agree up to chance.
    assert min_cllr(b, s) == pytest.approx(cllr(2 * b, 2 * s), abs=2e-3)
    assert min_dcf(b, s) == pytest.approx(act_dcf(2 * b, 2 * s), abs=5e-3)


def test_a_million_ties():
    b, s = np.ones(500_000), np.ones(500_000)
    assert min_cllr(b, s) == 1
    assert min_dcf(b, s) == 1
    for mode, want in (("interpolated", 0.5), ("convex-hull", 0.5), ("asvspoof", 1.0)):
        assert eer(b, s, mode)[0] == want


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.int8, np.int64])
def test_other_number_types_give_the_same(kind):
    b, s = [3, 1, 2, 2], [0, 1, 2]
    for metric in (min_dcf, act_dcf, cllr, min_cllr):
        assert metric(np.array(b, kind), np.array(s, kind)) == metric(b, s)


@pytest.mark.parametrize("metric", [min_dcf, act_dcf, cllr, min_cllr, pav_llrs, min_dcf_point])
@pytest.mark.parametrize(
    ("bad", "words"), [(["0.5"], "not text"), ([], "no spoof"), ([np.nan], "finite"), ([[1.0]], "one-dimensional")]
)
def test_refuses_bad_scores(metric, bad, words):
    with pytest.raises(UsageError, match=words):
        metric([1.0], bad)


@pytest.mark.parametrize("options", [{"p_spoof": 0}, {"p_spoof": 1}, {"p_spoof": np.nan}, {"c_fa": 0}, {"c_miss": -1}])
@pytest.mark.parametrize("metric", [min_dcf, act_dcf])
def test_refuses_senseless_costs(metric, options):
    with pytest.raises(UsageError, match="must"):
        metric([1.0], [0.0], **options)


def test_unknown_mode_is_refused():
    with pytest.raises(UsageError, match="none of tie-safe, asvspoof"):
        min_dcf([1.0], [0.0], mode="official")
