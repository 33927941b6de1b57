"""Trials that should have counted and did not are findings with a remedy, not only a count."""

from dataclasses import replace

import numpy as np
import pytest

from truevoice.data.trial import LeftOut
from truevoice.evaluation.aside import findings_of_left_out
from truevoice.evaluation.evaluation import Conditions, Threshold
from truevoice.evaluation.judging import judge
from truevoice.evaluation.options import Options
from truevoice.evaluation.score_files import read_scores
from truevoice.evaluation.score_set import ScoreSet

TRUTH = np.repeat([True, False], 30)
SCORES = np.random.default_rng(0).normal(np.where(TRUTH, 1, -1))
TRIALS = ScoreSet([f"t{i}" for i in range(60)], TRUTH, SCORES)


def test_each_kind_is_one_finding(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("trial,label,score\na,bonafide,1\nb,spoof,nan\nc,spoof,inf\nd,spoof,\na,bonafide,1\ne,spoof,0\n")
    found = {one.code: one for one in findings_of_left_out(read_scores(path).score_set)}
    assert set(found) == {"not-finite", "unscored", "duplicates"}
    assert "2 trials whose score is NaN or infinite, such as b" in found["not-finite"].message
    assert "1 trial without a score, such as d" in found["unscored"].message
    assert all(one.remedy and one.severity == "warning" for one in found.values())


def test_recordings_that_failed_count_as_unscored_and_long_names_are_cut():
    failed = [LeftOut("x" * 5000, "not scored: is empty (0 bytes)"), LeftOut("b", "not scored: is not audio")]
    (found,) = findings_of_left_out(replace(TRIALS, left_out=failed))
    assert found.message.startswith("Left out of every figure: 2 trials without a score")
    assert len(found.message) < 250


@pytest.mark.parametrize(("value", "verdict"), [(50.0, "spoof"), (-50.0, "bona fide")])
def test_a_threshold_on_another_scale_is_told(value, verdict):
    found = judge(TRIALS, Conditions("a set"), threshold=Threshold(value, "given"), options=Options(rounds=0))
    (finding,) = [one for one in found.findings if one.code == "threshold-outside"]
    assert f"calls every trial {verdict}" in finding.message


def test_a_threshold_among_the_scores_is_not():
    for threshold in (Threshold(0.0, "given"), Threshold(float(SCORES.max()), "given"), None):
        found = judge(TRIALS, Conditions("a set"), threshold=threshold, options=Options(rounds=0))
        assert "threshold-outside" not in {one.code for one in found.findings}
