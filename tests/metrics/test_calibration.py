"""The calibration line against scikit-learn, and its behaviour at the edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from truevoice.errors import UsageError
from truevoice.metrics.calibration import fit


def two_classes(seed=0, bonafide=300, spoof=900, apart=1.5):
    rng = np.random.default_rng(seed)
    return rng.normal(apart, 1.0, bonafide), rng.normal(0.0, 1.4, spoof)


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_scikit_learn(seed):
    bonafide, spoof = two_classes(seed)
    # C counts against the sum of the losses; class weights make that sum as large as the number of trials.
    reference = LogisticRegression(C=1e6, class_weight="balanced", tol=1e-10, max_iter=1000)
    reference.fit(np.concatenate([bonafide, spoof])[:, None], np.repeat([1, 0], [bonafide.size, spoof.size]))
    slope, offset = fit(bonafide, spoof)
    assert slope == pytest.approx(reference.coef_[0, 0], rel=1e-4)
    assert offset == pytest.approx(reference.intercept_[0], rel=1e-4)


def test_finds_the_true_llr_of_normal_scores():
    # Equal variances s^2, means m and 0: LLR = (m x - m^2 / 2) / s^2, exactly a line.
    rng = np.random.default_rng(5)
    slope, offset = fit(rng.normal(2, 1, 100_000), rng.normal(0, 1, 100_000))
    assert slope == pytest.approx(2, rel=0.03)
    assert offset == pytest.approx(-2, rel=0.03)


def test_class_sizes_do_not_matter():
    bonafide, spoof = two_classes()
    assert fit(bonafide, np.tile(spoof, 7)) == pytest.approx(fit(bonafide, spoof), rel=1e-6)


@given(
    scale=st.floats(1e-6, 1e6),
    shift=st.floats(-1e3, 1e3),
)
def test_llr_does_not_depend_on_unit_or_zero_of_the_score(scale, shift):
    bonafide, spoof = two_classes(1, 40, 60)
    slope, offset = fit(bonafide, spoof)
    moved_slope, moved_offset = fit((bonafide + shift) * scale, (spoof + shift) * scale)
    llr = slope * bonafide + offset
    assert moved_slope * (bonafide + shift) * scale + moved_offset == pytest.approx(llr, rel=1e-5, abs=1e-5)


def test_swapping_the_classes_flips_the_line():
    bonafide, spoof = two_classes()
    slope, offset = fit(bonafide, spoof)
    assert fit(spoof, bonafide) == pytest.approx((-slope, -offset), rel=1e-6)


@pytest.mark.parametrize(
    ("bonafide", "spoof"),
    [
        ([3.0, 4.0], [1.0, 2.0]),
        ([1.0], [0.0]),
        ([1e300], [-1e300]),
        ([5.0] * 50, [-5.0]),
        ([1000.0] * 3, [-1e-3] * 3),
    ],
)
def test_separable_classes_give_a_finite_line_of_the_right_sign(bonafide, spoof):
    slope, offset = fit(bonafide, spoof)
    assert np.isfinite([slope, offset]).all()
    assert slope > 0
    assert slope * min(bonafide) + offset > 0 > slope * max(spoof) + offset


def test_gradient_vanishes_at_the_line():
    bonafide, spoof = two_classes(3)
    slope, offset = fit(bonafide, spoof)
    doubt_bonafide = 1 / (1 + np.exp(slope * bonafide + offset))
    doubt_spoof = 1 / (1 + np.exp(-slope * spoof - offset))
    assert doubt_bonafide.mean() == pytest.approx(doubt_spoof.mean(), abs=1e-9)
    assert (doubt_bonafide * bonafide).mean() == pytest.approx((doubt_spoof * spoof).mean(), abs=1e-5)


@pytest.mark.parametrize(
    ("bonafide", "spoof", "words"),
    [
        ([], [1.0], "no bona fide"),
        ([1.0], [], "no spoof"),
        ([1.0, np.nan], [0.0], "finite"),
        ([1.0], [np.inf], "finite"),
        ([[1.0]], [0.0], "one-dimensional"),
        ([1.0, 1.0], [1.0], "equal"),
        ([0.0], [0.0], "equal"),
    ],
)
def test_refuses(bonafide, spoof, words):
    with pytest.raises(UsageError, match=words):
        fit(bonafide, spoof)
