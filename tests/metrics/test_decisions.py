"""Decisions at a threshold: counts, rates with a named positive class, priors, limits on a rate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score, precision_score, recall_score

from truevoice.errors import UsageError
from truevoice.metrics import Confusion, decide, far_at_frr, far_at_frr_point, frr_at_far, frr_at_far_point, roc

TIED = st.lists(st.integers(-20, 20).map(lambda n: n / 4), min_size=1, max_size=40)


def test_by_hand():
    counts = decide([1.0, 2.0, 0.0], [1.0, 0.0, -1.0, -2.0], 1.0)
    assert counts == Confusion(bonafide_accepted=2, bonafide_rejected=1, spoof_accepted=1, spoof_rejected=3)
    assert counts.accuracy == 5 / 7
    assert (counts.frr, counts.far) == (1 / 3, 1 / 4)
    assert counts.sensitivity("spoof") == 3 / 4 == counts.specificity("bonafide")
    assert counts.ppv("spoof") == 3 / 4 == counts.npv("bonafide")
    assert counts.ppv("bonafide") == 2 / 3 == counts.npv("spoof")
    assert counts.f1("spoof") == 3 / 4


@given(TIED, TIED, st.integers(-22, 22).map(lambda n: n / 4))
def test_equals_scikit_learn(bonafide, spoof, threshold):
    counts = decide(bonafide, spoof, threshold)
    truth = ["bonafide"] * len(bonafide) + ["spoof"] * len(spoof)
    called = ["bonafide" if score >= threshold else "spoof" for score in bonafide + spoof]
    assert counts.balanced_accuracy == pytest.approx(balanced_accuracy_score(truth, called))
    for positive in ("spoof", "bonafide"):
        options = {"pos_label": positive, "zero_division": np.nan}
        for ours, peer in (
            (counts.sensitivity, recall_score),
            (counts.ppv, precision_score),
            (counts.f1, f1_score),
        ):
            want = peer(truth, called, **options)
            assert ours(positive) == (None if np.isnan(want) else pytest.approx(want))


def test_undefined_is_none_and_never_nan():
    none_called_spoof = decide([1.0], [1.0], 0.0)
    assert none_called_spoof.ppv("spoof") is None
    assert none_called_spoof.npv("bonafide") is None
    assert none_called_spoof.f1("spoof") == 0
    assert none_called_spoof.ppv("spoof", p_spoof=0.5) is None
    empty = Confusion(0, 0, 0, 0)
    for figure in (empty.accuracy, empty.balanced_accuracy, empty.frr, empty.far):
        assert figure is None
    for rate in (empty.sensitivity, empty.specificity, empty.ppv, empty.npv, empty.f1):
        assert rate("spoof") is None
    assert empty.ppv("spoof", p_spoof=0.2) is None
    assert Confusion(1, 0, 0, 0).f1("spoof") is None


def test_predictive_values_at_another_prior():
    counts = Confusion(bonafide_accepted=90, bonafide_rejected=10, spoof_accepted=20, spoof_rejected=80)
    assert counts.ppv("spoof", p_spoof=0.01) == pytest.approx(0.8 * 0.01 / (0.8 * 0.01 + 0.1 * 0.99))
    assert counts.npv("spoof", p_spoof=0.01) == pytest.approx(0.9 * 0.99 / (0.9 * 0.99 + 0.2 * 0.01))
    assert counts.ppv("bonafide", p_spoof=0.01) == counts.npv("spoof", p_spoof=0.01)
    # at the test's own mix, both ways agree
    assert counts.ppv("spoof", p_spoof=0.5) == pytest.approx(counts.ppv("spoof"))
    assert counts.npv("spoof", p_spoof=0.5) == pytest.approx(counts.npv("spoof"))
    assert counts.ppv("spoof", p_spoof=0) == 0
    assert counts.npv("spoof", p_spoof=1) == 0


@given(TIED, TIED)
def test_infinite_thresholds_accept_and_reject_all(bonafide, spoof):
    assert decide(bonafide, spoof, -np.inf) == (len(bonafide), 0, len(spoof), 0)
    assert decide(bonafide, spoof, np.inf) == (0, len(bonafide), 0, len(spoof))


@given(TIED, TIED, st.sampled_from([0, 0.01, 0.1, 0.25, 0.5, 1]))
def test_limits_on_a_rate(bonafide, spoof, limit):
    curve = roc(bonafide, spoof)
    frr, threshold = frr_at_far_point(bonafide, spoof, limit)
    assert frr == min(curve.frr[curve.far <= limit]) == frr_at_far(bonafide, spoof, limit)
    at = decide(bonafide, spoof, threshold)
    assert (at.frr, at.far <= limit) == (frr, True)
    far, threshold = far_at_frr_point(bonafide, spoof, limit)
    assert far == min(curve.far[curve.frr <= limit]) == far_at_frr(bonafide, spoof, limit)
    at = decide(bonafide, spoof, threshold)
    assert (at.far, at.frr <= limit) == (far, True)


def test_a_limit_that_only_rejecting_all_keeps():
    assert frr_at_far_point([0.0], [1.0], 0.1) == (1.0, np.inf)
    assert far_at_frr_point([0.0], [1.0], 0.1) == (1.0, 0.0)


def test_refusals():
    with pytest.raises(UsageError, match="spoof or bonafide, not 'fake'"):
        Confusion(1, 1, 1, 1).ppv("fake")
    with pytest.raises(UsageError, match="not a number"):
        decide([1.0], [0.0], float("nan"))
    with pytest.raises(UsageError, match="not text"):
        decide(["1"], [0.0], 0)
    with pytest.raises(UsageError, match="prior"):
        Confusion(1, 1, 1, 1).ppv("spoof", p_spoof=1.5)
    for limited in (frr_at_far, far_at_frr):
        with pytest.raises(UsageError, match="limit"):
            limited([1.0], [0.0], 5)
