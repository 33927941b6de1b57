"""Score → likelihood ratio → P(spoof) → verdict, by Bayes' rule."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truevoice.detectors.calibration import Calibration
from truevoice.errors import TruevoiceError, UsageError

LINE = Calibration(slope=2.0, offset=-1.0, threshold=0.5)


def test_by_hand():
    assert LINE.p_spoof(0.5) == pytest.approx(0.5)  # LLR 0
    assert LINE.p_spoof(1.0) == pytest.approx(1 / (1 + math.e))  # LLR 1: odds of spoof 1 : e
    rare = LINE.with_prior(0.1)
    assert rare.p_spoof(0.5) == pytest.approx(0.1)
    assert rare.p_spoof(rare.threshold) == pytest.approx(0.5)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0.001, 0.999))
def test_a_higher_score_is_never_more_spoof(low, high, prior):
    low, high = sorted((low, high))
    line = LINE.with_prior(prior)
    assert 0 <= line.p_spoof(high) <= line.p_spoof(low) <= 1


@given(st.floats(-20, 20), st.floats(0.01, 0.99))
def test_bayes_rule(score, prior):
    likelihood_ratio = math.exp(LINE.llr(score))  # bona fide over spoof
    expected = prior / (prior + (1 - prior) * likelihood_ratio)
    assert LINE.with_prior(prior).p_spoof(score) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("slope", [0.0, -1.0, math.nan, math.inf])
def test_a_line_that_turns_scores_around_is_refused(slope):
    with pytest.raises(TruevoiceError, match="slope above 0"):
        Calibration(slope=slope, offset=0.0, threshold=0.0)


@pytest.mark.parametrize("prior", [0.0, 1.0, -0.1, 50.0, math.nan])
def test_priors_that_are_none(prior):
    with pytest.raises(UsageError, match="prior"):
        LINE.with_prior(prior)
