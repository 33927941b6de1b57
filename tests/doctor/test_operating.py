"""Figures of one operating point: agreement, implied share of positives, whole numbers of trials."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from truevoice.doctor.operating import NAMES, judge_operating_point
from truevoice.errors import UsageError

REPORT = dict(zip(NAMES, ("0.725", "0.821", "0.568", "0.757", "0.660")))


def figures(tp, fn, tn, fp, digits=3):
    values = (
        (tp + tn) / (tp + tn + fp + fn),
        tp / (tp + fn),
        tn / (tn + fp),
        tp / (tp + fp) if tp + fp else None,
        tn / (tn + fn) if tn + fn else None,
    )
    return {name: f"{value:.{digits}f}" for name, value in zip(NAMES, values) if value is not None}


def test_a_report_that_agrees_with_itself():
    verdict = judge_operating_point(**REPORT)
    assert verdict.agree
    assert verdict.prevalence.low == pytest.approx(0.62, abs=0.001)
    assert verdict.prevalence.high == pytest.approx(0.62, abs=0.002)
    for ends in verdict.implied.values():
        assert ends.low <= verdict.prevalence.low <= verdict.prevalence.high <= ends.high
    assert [finding.severity for finding in verdict.findings] == ["note"]


@pytest.mark.parametrize(("n_pos", "n_neg"), [(1907, 1718), (1718, 1907)])
def test_and_not_with_its_hold_out(n_pos, n_neg):
    verdict = judge_operating_point(**REPORT, n_pos=n_pos, n_neg=n_neg)
    assert verdict.agree
    assert verdict.fits == "neither"
    assert verdict.findings[-1].severity == "error"
    for words in ("53 %", "47 %", "62.0"):
        assert words in verdict.findings[-1].message


COUNTS = st.integers(0, 300)


@settings(deadline=None)
@given(COUNTS, COUNTS, COUNTS, COUNTS, st.integers(1, 6), st.sets(st.sampled_from(NAMES), min_size=1))
def test_a_real_confusion_matrix_always_fits(tp, fn, tn, fp, digits, names):
    assume(tp + fn and tn + fp)
    given_figures = {name: text for name, text in figures(tp, fn, tn, fp, digits).items() if name in names}
    assume(given_figures)
    verdict = judge_operating_point(**given_figures, n_pos=tp + fn, n_neg=tn + fp)
    assert verdict.agree
    assert verdict.fits == "as given"
    share = (tp + fn) / (tp + fn + tn + fp)
    assert verdict.prevalence.holds(share, 1e-7)
    swapped = judge_operating_point(**given_figures, n_pos=tn + fp, n_neg=tp + fn)
    assert swapped.fits in ("as given", "swapped")


def test_classes_swapped():
    verdict = judge_operating_point(**figures(80, 20, 30, 20), n_pos=50, n_neg=100)
    assert verdict.fits == "swapped"
    assert verdict.findings[-1].severity == "warning"


def test_contradiction():
    verdict = judge_operating_point(accuracy="0.9", sensitivity="0.821", specificity="0.568")
    assert not verdict.agree
    assert verdict.findings[-1].code == "figures-contradict"
    verdict = judge_operating_point(accuracy="0.725", sensitivity="0.821", specificity="0.568", ppv="0.857")
    assert not verdict.agree
    assert verdict.prevalence is None
    assert verdict.implied["accuracy"].high < verdict.implied["ppv"].low


def test_whole_numbers_are_needed():
    # a third of ten trials cannot be 0.333
    verdict = judge_operating_point(sensitivity="0.333", specificity="0.500", n_pos=10, n_neg=10)
    assert verdict.agree
    assert verdict.fits == "neither"
    assert "whole numbers" in verdict.findings[-1].message


def test_one_figure_says_nothing_of_the_share():
    assert judge_operating_point(accuracy="0.7").prevalence == (0, 1)


@pytest.mark.parametrize(
    "words",
    [{}, {"accuracy": "good"}, {"accuracy": "0.7", "n_pos": 3}, {"accuracy": "0.7", "n_pos": 0, "n_neg": 4}],
)
def test_bad_requests(words):
    with pytest.raises(UsageError):
        judge_operating_point(**words)
