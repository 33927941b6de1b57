"""Probabilities against outcomes: by hand, against scikit-learn, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as peer_log_loss

from truevoice.errors import UsageError
from truevoice.metrics import balanced_brier, brier, ece, log_loss, mce, reliability

TRIALS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def calibrated(n, seed=0):
    random = np.random.default_rng(seed)
    p = random.random(n)
    return p, random.random(n) < p


def test_by_hand():
    p, event = [0.9, 0.8, 0.3, 0.2], [1, 0, 0, 0]
    assert brier(p, event) == pytest.approx((0.01 + 0.64 + 0.09 + 0.04) / 4)
    assert balanced_brier(p, event) == pytest.approx((0.01 + (0.64 + 0.09 + 0.04) / 3) / 2)
    assert log_loss(p, event) == pytest.approx(-np.log([0.9, 0.2, 0.7, 0.8]).mean())
    # two bins: (0, 1/2] says 0.25, holds 0; (1/2, 1] says 0.85, holds 1/2
    table = reliability(p, event, bins=2)
    assert table.stated.tolist() == pytest.approx([0.25, 0.85])
    assert table.observed.tolist() == [0, 0.5]
    assert (table.counts.tolist(), table.lower.tolist(), table.upper.tolist()) == ([2, 2], [0, 0.5], [0.5, 1])
    assert ece(p, event, bins=2) == pytest.approx((0.25 + 0.35) / 2)
    assert mce(p, event, bins=2) == pytest.approx(0.35)
    # right at p >= 1/2: yes, no, yes, yes with confidence 0.9, 0.8, 0.7, 0.8
    assert ece(p, event, bins=1, form="confidence") == pytest.approx(abs(0.75 - 0.8))


def test_edges_of_bins_belong_to_the_bin_beneath():
    table = reliability([0.0, 0.5, 0.500001, 1.0], [0, 1, 1, 1], bins=2)
    assert table.counts.tolist() == [2, 2]


def test_equal_mass_bins():
    table = reliability([0.1, 0.2, 0.3, 0.4, 0.5], [0, 0, 1, 1, 1], bins=2, form="equal-mass")
    assert table.counts.tolist() == [3, 2]
    assert table.stated.tolist() == pytest.approx([0.2, 0.45])
    assert (table.lower.tolist(), table.upper.tolist()) == ([0.1, 0.4], [0.3, 0.5])
    assert reliability([0.3], [1], bins=15, form="equal-mass").counts.tolist() == [1]


@given(TRIALS)
def test_brier_and_loss_equal_scikit_learn_and_both_views_agree(trials):
    p, event = (np.array(column) for column in zip(*trials))
    want = np.mean((p - event) ** 2) if event.all() or not event.any() else brier_score_loss(event, p)
    assert brier(p, event) == pytest.approx(want, abs=1e-12)
    assert brier(1 - p, ~event) == pytest.approx(want, abs=1e-12)
    inner = np.clip(p, 1e-6, 1 - 1e-6)
    assert log_loss(inner, event) == pytest.approx(peer_log_loss(event, inner, labels=[False, True]), abs=1e-9)


def test_points_equal_scikit_learn():
    p, event = calibrated(5000)
    observed, stated = calibration_curve(event, p, n_bins=10)
    table = reliability(p, event, bins=10)
    np.testing.assert_allclose(table.observed, observed, atol=1e-12)
    np.testing.assert_allclose(table.stated, stated, atol=1e-12)


@given(TRIALS, st.integers(1, 20), st.sampled_from(["equal-width", "equal-mass", "confidence"]))
def test_no_trial_is_lost_and_the_mean_is_below_the_largest(trials, bins, form):
    p, event = zip(*trials)
    assert reliability(p, event, bins, form).counts.sum() == len(trials)
    assert 0 <= ece(p, event, bins, form) <= mce(p, event, bins, form) + 1e-12 <= 1 + 1e-9


def test_honest_probabilities_have_a_small_error_and_exaggerated_ones_do_not():
    p, event = calibrated(100_000)
    assert ece(p, event) < 0.01
    assert ece(np.where(p > 0.5, 0.99, 0.01), event) > 0.2
    assert ece(np.full(p.size, 0.5), event) < 0.01  # says nothing, but says it honestly


def test_a_certainty_that_fails_costs_without_limit():
    assert log_loss([0.0, 1.0], [True, True]) == np.inf
    assert log_loss([1.0, 0.0], [True, False]) == 0


@pytest.mark.parametrize(
    ("p", "event", "words"),
    [
        ([], [], "no probabilities"),
        ([1.5], [1], "between 0 and 1, but these go from 1.5"),
        ([np.nan], [1], "finite"),
        (["0.5"], [1], "not text"),
        ([0.5], [1, 0], "outcomes of shape"),
        ([0.5], ["spoof"], "truth values, or 0 and 1"),
        ([0.5], [2], "truth values, or 0 and 1"),
    ],
)
@pytest.mark.parametrize("metric", [brier, balanced_brier, log_loss, ece, mce, reliability])
def test_refusals(metric, p, event, words):
    with pytest.raises(UsageError, match=words):
        metric(p, event)


def test_refuses_one_class_where_both_count():
    with pytest.raises(UsageError, match="both classes"):
        balanced_brier([0.5], [1])


def test_refuses_bins_and_forms_that_do_not_exist():
    with pytest.raises(UsageError, match="at least one bin"):
        ece([0.5], [1], bins=0)
    with pytest.raises(UsageError, match="none of equal-width"):
        ece([0.5], [1], form="adaptive")
