"""The curve: grouped ties, end points, the accept rule, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from truevoice.errors import UsageError
from truevoice.metrics import auc, check, eer, roc

# Quarters between -5 and 5: many ties, and exact under the transforms used in the properties.
TIED = st.lists(st.integers(-20, 20).map(lambda n: n / 4), min_size=1, max_size=40)


def test_by_hand():
    curve = roc([3.0, 1.0, 2.0], [1.0, 0.0])
    assert curve.thresholds.tolist() == [0.0, 1.0, 2.0, 3.0, np.inf]
    assert curve.frr.tolist() == pytest.approx([0, 0, 1 / 3, 2 / 3, 1])
    assert curve.far.tolist() == [1.0, 0.5, 0.0, 0.0, 0.0]


def test_constant_scores_have_two_points_only():
    curve = roc([2.0] * 3, [2.0] * 5)
    assert list(zip(curve.frr, curve.far)) == [(0.0, 1.0), (1.0, 0.0)]


@given(TIED, TIED)
def test_each_point_is_what_its_threshold_does(bonafide, spoof):
    b, s = np.array(bonafide), np.array(spoof)
    for threshold, frr, far in zip(*roc(b, s)):
        assert frr == np.mean(b < threshold)
        assert far == np.mean(s >= threshold)


@given(TIED, TIED)
def test_ends_and_direction(bonafide, spoof):
    curve = roc(bonafide, spoof)
    assert (curve.frr[0], curve.far[0]) == (0, 1)
    assert (curve.frr[-1], curve.far[-1]) == (1, 0)
    assert np.all(np.diff(curve.frr) >= 0)
    assert np.all(np.diff(curve.far) <= 0)
    assert np.all(np.diff(curve.frr - curve.far) > 0)


@given(TIED, TIED)
def test_equals_scikit_learn(bonafide, spoof):
    labels = [1] * len(bonafide) + [0] * len(spoof)
    far, tpr, thresholds = roc_curve(labels, bonafide + spoof, drop_intermediate=False)
    curve = roc(bonafide, spoof)
    assert curve.thresholds.tolist() == thresholds[::-1].tolist()
    np.testing.assert_allclose(curve.far, far[::-1], atol=1e-12)
    np.testing.assert_allclose(curve.frr, 1 - tpr[::-1], atol=1e-12)


REFUSED = {
    "empty": ([], "no {} scores"),
    "nan": ([1.0, float("nan")], "{} scores must be finite, but the one at index 1 is nan"),
    "infinity": ([float("-inf"), 1.0], "{} scores must be finite, but the one at index 0 is -inf"),
    "text": (["0.5", "0.7"], "{} scores must be real numbers, not text"),
    "bytes": ([b"0.5"], "{} scores must be real numbers, not text"),
    "complex": ([1 + 2j], "{} scores must be real numbers, not complex"),
    "truth values": ([True, False], "{} scores must be real numbers, not truth values"),
    "none": ([None, 1.0], "{} scores must be real numbers, not object"),
    "two dimensions": ([[1.0, 2.0]], "{} scores must be one-dimensional, not of shape .1, 2."),
    "scalar": (1.0, "{} scores must be one-dimensional"),
    "ragged": ([[1.0], [1.0, 2.0]], "{} scores must be one flat list"),
}


@pytest.mark.parametrize("metric", [check, roc, eer, auc], ids=lambda f: f.__name__)
@pytest.mark.parametrize("fault", REFUSED)
def test_refuses_bad_scores_of_either_class_in_one_line(metric, fault):
    bad, message = REFUSED[fault]
    with pytest.raises(UsageError, match=message.format("bona fide")) as of_bonafide:
        metric(bad, [1.0, 2.0])
    with pytest.raises(UsageError, match=message.format("spoof")) as of_spoof:
        metric([1.0, 2.0], bad)
    assert "\n" not in str(of_bonafide.value)
    assert "\n" not in str(of_spoof.value)


@pytest.mark.skipif(
    np.finfo(np.longdouble).max == np.finfo(np.float64).max, reason="long double is float64 on this machine"
)
def test_refuses_a_long_double_beyond_float64():
    with pytest.raises(UsageError, match="finite"):
        check(np.array([np.finfo(np.longdouble).max]), [1.0])


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int8, np.uint16, np.int64])
def test_every_real_number_type_becomes_float64(kind):
    bonafide, spoof = check(np.array([1, 2, 3], kind), np.array([0], kind))
    assert bonafide.dtype == spoof.dtype == np.float64
    assert bonafide.tolist() == [1, 2, 3]


def test_the_input_is_left_alone():
    bonafide, spoof = np.array([3.0, 1.0, 2.0]), np.array([9.0, -1.0])
    roc(bonafide, spoof), eer(bonafide, spoof), auc(bonafide, spoof)
    assert bonafide.tolist() == [3.0, 1.0, 2.0]
    assert spoof.tolist() == [9.0, -1.0]
