"""Equal error rate: reference figures, cases worked by hand, properties."""

import csv
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from sklearn.metrics import roc_curve

from truevoice.metrics import eer, roc

TIED = st.lists(st.integers(-20, 20).map(lambda n: n / 4), min_size=1, max_size=40)
FREE = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)
SCORES = st.one_of(TIED, FREE)

# file, columns of label and score, group of figures in expected.json
LISTS = [
    ("v1_continuous", "label", "score", "pooled"),
    ("v2_ties", "label", "score", "pooled"),
    ("v4_sasv", "cm_label", "cm_score", "cm"),
    ("v5_in_the_wild_xlsr_mamba", "label", "score", "pooled"),
]


@pytest.mark.parametrize(("name", "label", "score", "group"), LISTS)
def test_reference_figures(shared, name, label, score, group):
    want = json.loads(shared("reference/metric_vectors/expected.json").read_text())[name][group]
    with open(shared(f"reference/metric_vectors/{name}.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    bonafide = np.array([float(row[score]) for row in rows if row[label] == "bonafide"])
    spoof = np.array([float(row[score]) for row in rows if row[label] == "spoof"])
    assert (bonafide.size, spoof.size) == (want["n_bonafide"], want["n_spoof"])

    value, threshold = eer(bonafide, spoof)
    assert value == pytest.approx(want["eer_tiesafe_interp"], abs=1e-9)
    assert threshold == pytest.approx(want["eer_tiesafe_nearest_threshold"], abs=1e-9)
    assert np.mean(bonafide < threshold) == pytest.approx(want["eer_tiesafe_nearest_frr"], abs=1e-9)
    assert np.mean(spoof >= threshold) == pytest.approx(want["eer_tiesafe_nearest_far"], abs=1e-9)


def test_a_point_on_the_crossing():
    # at threshold 2: one of four bona fide below, one of four spoof at or above
    assert eer([1, 3, 4, 5], [-2, -1, 0, 2]) == (0.25, 2)


def test_crossing_between_two_points():
    # Points (frr, far): t=1 (0, 1/2), t=2 (1/3, 0). On the line between, both are x with x = 1/2 - 3x/2: x = 1/5.
    value, threshold = eer([1, 2, 3], [1, 0])
    assert value == pytest.approx(0.2, abs=1e-15)
    assert threshold == 2  # gap 1/3 at t=2, 1/2 at t=1


def test_two_equally_near_points_give_the_lower_threshold():
    # t=1: (0, 1/2), t=2: (1/2, 0): gaps of 1/2 on both sides, crossing in the middle
    assert eer([1, 2], [0, 1]) == (0.25, 1)


def test_equally_near_points_are_told_exactly():
    # 5 trials a class; far is 2/5 at both middle thresholds, frr 1/5 and 3/5. As differences of rounded
    # rates the second gap comes out smaller.
    bonafide = [0.0] * 1 + [1.0] * 2 + [3.0] * 2
    spoof = [-1.0] * 3 + [2.0] * 2
    assert abs(3 / 5 - 2 / 5) < abs(1 / 5 - 2 / 5)
    assert eer(bonafide, spoof)[1] == 1.0


@pytest.mark.parametrize(("n_bonafide", "n_spoof"), [(1, 1), (3, 5), (100, 1)])
def test_constant_scores_are_chance(n_bonafide, n_spoof):
    assert eer([7.0] * n_bonafide, [7.0] * n_spoof) == (0.5, 7.0)


def test_separated():
    assert eer([5, 6, 4], [1, 2, 3]) == (0.0, 4.0)
    assert eer([1, 2, 3], [5, 6, 4])[0] == 1.0


def test_sign_of_zero_is_no_difference():
    assert eer([0.0], [-0.0])[0] == 0.5


@given(SCORES, SCORES)
def test_range_and_threshold(bonafide, spoof):
    value, threshold = eer(bonafide, spoof)
    assert 0 <= value <= 1
    gaps = [abs(np.mean(np.array(bonafide) < t) - np.mean(np.array(spoof) >= t)) for t in bonafide + spoof]
    reached = abs(np.mean(np.array(bonafide) < threshold) - np.mean(np.array(spoof) >= threshold))
    assert threshold in bonafide + spoof
    assert reached == pytest.approx(min(gaps), abs=1e-12)


@given(SCORES, SCORES)
def test_equals_the_root_on_the_curve_of_scikit_learn(bonafide, spoof):
    labels = [1] * len(bonafide) + [0] * len(spoof)
    far, tpr, _ = roc_curve(labels, bonafide + spoof, drop_intermediate=False)
    # Vertical steps make TPR(x) double-valued, so the root is sought along the curve, not along x.
    gap = brentq(lambda u: 1 - np.interp(u, far + tpr, far) - np.interp(u, far + tpr, tpr), 0, 2, xtol=1e-14)
    assert eer(bonafide, spoof)[0] == pytest.approx(np.interp(gap, far + tpr, far), abs=1e-9)


@given(TIED, TIED, st.sampled_from([lambda x: 8 * x - 3, lambda x: x**3, np.exp, np.arctan]))
def test_rising_transforms_change_nothing_but_the_threshold(bonafide, spoof, rise):
    b, s = np.array(bonafide), np.array(spoof)
    value, threshold = eer(b, s)
    assert eer(rise(b), rise(s)) == (value, float(rise(np.float64(threshold))))


@given(SCORES, SCORES)
def test_swapped_classes_with_flipped_sign_are_the_same_task(bonafide, spoof):
    b, s = np.array(bonafide), np.array(spoof)
    assert eer(-s, -b)[0] == pytest.approx(eer(b, s)[0], abs=1e-12)


@given(SCORES, SCORES)
def test_swapped_classes_give_the_complement(bonafide, spoof):
    assert eer(spoof, bonafide)[0] == pytest.approx(1 - eer(bonafide, spoof)[0], abs=1e-12)


@given(SCORES, SCORES, st.randoms(use_true_random=False))
def test_order_of_trials_is_irrelevant(bonafide, spoof, random):
    shuffled_b, shuffled_s = bonafide.copy(), spoof.copy()
    random.shuffle(shuffled_b)
    random.shuffle(shuffled_s)
    assert eer(shuffled_b, shuffled_s) == eer(bonafide, spoof)


@given(SCORES, SCORES, st.integers(2, 5))
def test_repeating_all_trials_changes_nothing(bonafide, spoof, times):
    value, threshold = eer(bonafide * times, spoof * times)
    assert value == pytest.approx(eer(bonafide, spoof)[0], abs=1e-12)
    assert threshold == eer(bonafide, spoof)[1]


def test_a_million_scores_against_the_normal_law():
    # Unit normals two apart: frr = far = Phi(-1). Standard error of a rate: 0.0005.
    random = np.random.default_rng(1)
    value, threshold = eer(random.normal(1, 1, 500_000), random.normal(-1, 1, 500_000))
    assert value == pytest.approx(0.158655, abs=0.003)
    assert threshold == pytest.approx(0, abs=0.02)


def test_lies_between_the_rates_of_its_neighbours():
    random = np.random.default_rng(2)
    bonafide, spoof = random.normal(1, 1, 301), random.normal(0, 1, 173)
    value, threshold = eer(bonafide, spoof)
    curve = roc(bonafide, spoof)
    at = int(np.flatnonzero(curve.thresholds == threshold)[0])
    low, high = sorted([curve.frr[at], curve.far[at]])
    assert low - 1e-12 <= value <= high + 1e-12
