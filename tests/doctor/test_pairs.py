"""Reported pairs of EER and AUC: possible or not, and what explains those that are not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truevoice.doctor.pairs import judge_one, judge_pair
from truevoice.doctor.printed import read_printed
from truevoice.errors import UsageError
from truevoice.metrics import auc, eer

IMPOSSIBLE = [
    ("0.8104", "0.4109", "impossible-pair"),
    ("0.5340", "0.9864", "impossible-pair"),
    ("0.4784", "0.8048", "impossible-pair"),
    ("0.3069", "0.2387", "impossible-pair-flip"),
    ("0.3327", "0.2456", "impossible-pair-flip"),
    ("0.1176", "0.0437", "impossible-pair-flip"),
]
POSSIBLE = [
    ("0.4736", "0.4322", "worse-than-chance"),
    ("0.357", "0.611", "possible-pair"),
    ("0.084", "0.9738", "possible-pair"),
    ("0.833", "0.113", "worse-than-chance"),
    ("0.38", "0.66", "possible-pair"),
    ("0.06", "0.98", "possible-pair"),
    ("0.37", "0.72", "possible-pair"),
]


@pytest.mark.parametrize(("e", "a", "code"), IMPOSSIBLE)
def test_published_pairs_that_no_curve_has(e, a, code):
    verdict = judge_pair(e, a)
    assert not verdict.possible
    assert not verdict.suspicious
    assert not verdict.auc_range.holds(float(a))
    assert not verdict.eer_range.holds(float(e))
    assert [finding.code for finding in verdict.findings if finding.severity == "error"] == [code]


@pytest.mark.parametrize(("e", "a", "code"), POSSIBLE)
def test_published_pairs_that_are_possible(e, a, code):
    verdict = judge_pair(e, a)
    assert verdict.possible
    assert verdict.suspicious == (code == "worse-than-chance")
    assert verdict.auc_range.holds(float(a))
    assert verdict.eer_range.holds(float(e))
    assert verdict.findings[-1].code == code
    assert all(finding.severity != "error" for finding in verdict.findings)


def test_a_flipped_auc_is_named():
    verdict = judge_pair("0.1176", "0.0437")
    assert "the AUC was most likely computed from scores or labels turned round" in verdict.findings[-1].message
    assert "AUC 0.9563" in verdict.findings[-1].message
    assert {reading.code for reading in verdict.readings if reading.possible} == {"eer", "auc"}


def test_a_flipped_eer_is_named():
    assert "the EER was most likely" in judge_pair("0.9", "0.96").findings[-1].message


def test_no_flip_explains():
    verdict = judge_pair("0.534", "0.9864")
    assert not any(reading.possible for reading in verdict.readings)
    assert "averaged over batches" in verdict.findings[-1].message
    assert verdict.findings[-1].remedy


@pytest.mark.parametrize(
    ("e", "a", "code"),
    [("0.84", "0.99985", "eer-unit"), ("0.07%", "0.98", "eer-unit"), ("0.05", "0.98%", "auc-unit")],
)
def test_a_mistaken_unit_is_named(e, a, code):
    verdict = judge_pair(e, a)
    assert not verdict.possible
    assert [reading.code for reading in verdict.readings if reading.possible and "unit" in reading.code] == [code]
    assert verdict.findings[-1].code == "impossible-pair-unit"


@pytest.mark.parametrize("text", ["0.534", ".534", "53.4%", "53.4 %", " 53.4 ", "0,534", "5.34e-1"])
def test_ways_to_print_a_rate(text):
    printed = read_printed(text, "EER")
    assert printed.value == pytest.approx(0.534)
    assert printed.interval == pytest.approx((0.5335, 0.5345))
    assert bool(printed.note) == (text == " 53.4 ")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("0.5", 0.45, 0.55), ("0.50", 0.495, 0.505), ("0", 0, 0), ("1", 1, 1), ("1.0", 0.95, 1), ("7%", 0.065, 0.075)],
)
def test_the_last_digit_counts(text, low, high):
    assert read_printed(text, "EER").interval == pytest.approx((low, high))


@pytest.mark.parametrize("text", ["", "abc", "-0.1", "101", "150%", "nan", "inf", "1e999", "%", "0.1.2", "9" * 99])
def test_what_is_no_rate(text):
    with pytest.raises(UsageError) as error:
        judge_pair(text, "0.9")
    assert "EER must" in str(error.value)
    assert "\n" not in str(error.value)


def test_rounding_is_tolerated():
    # (1 - e)^2 at e = 0.1 is 0.81: just outside as exact figures, inside as printed ones
    assert judge_pair("0.1", "0.8099").possible
    assert judge_pair("0.100", "0.810").possible
    assert not judge_pair("0.1000", "0.8090").possible


def test_a_curve_that_is_not_concave_is_only_noted():
    verdict = judge_pair("0.357", "0.611")
    assert "not concave" in verdict.findings[-1].message
    assert verdict.findings[-1].severity == "note"


def test_one_figure_alone():
    verdict = judge_one(eer_text="0.05")
    assert verdict.auc is None
    assert verdict.auc_range == pytest.approx((0.945**2, 1 - 0.045**2))
    assert judge_one(auc_text="0.9864").eer_range == pytest.approx((0.0068, 0.1168), abs=1e-4)
    assert judge_one(auc_text="0.2").suspicious


SCORES = st.lists(st.integers(-6, 6).map(float), min_size=1, max_size=30)


@settings(deadline=None)
@given(SCORES, SCORES, st.integers(1, 8), st.booleans())
def test_figures_of_real_scores_are_never_called_impossible(bonafide, spoof, digits, percent):
    e, a = eer(bonafide, spoof)[0], auc(bonafide, spoof)
    texts = (f"{100 * x:.{digits}f}%" if percent else f"{x:.{digits}f}" for x in (e, a))
    assert judge_pair(*texts).possible
