"""From scores to an evaluation: figures that can be counted by hand, the threshold's origin, breakdowns, errors."""

import math
from dataclasses import replace

import numpy as np
import pytest

from truevoice.data.trial import LeftOut
from truevoice.detectors.calibration import Calibration
from truevoice.errors import UsageError
from truevoice.evaluation.evaluation import Conditions, Threshold
from truevoice.evaluation.gather import gather
from truevoice.evaluation.judging import judge, log_likelihood_ratios
from truevoice.evaluation.options import Costs, Options
from truevoice.evaluation.score_set import ScoreSet

CONDITIONS = Conditions("a set", model="level", checksum="0f" * 32, windows="first 4.04 s")
QUICK = Options(rounds=100)


def score_set(bonafide, spoof, **columns):
    scores = np.array([*bonafide, *spoof], dtype=np.float64)
    truth = np.array([True] * len(bonafide) + [False] * len(spoof))
    return ScoreSet([f"t{i}" for i in range(len(scores))], truth, scores, columns)


def noisy(count=200, seed=0, **columns):
    random = np.random.default_rng(seed)
    return score_set(random.normal(1, 1, count), random.normal(-1, 1, count), **columns)


def test_by_hand():
    # threshold 0: bona fide 2, 1 accepted, -1 rejected; spoof 1 accepted, -2, -3, -1 rejected
    found = judge(score_set([2, 1, -1], [1, -2, -3, -1]), CONDITIONS, threshold=Threshold(0.0, "given"), options=QUICK)
    assert found.confusion == {
        "bonafide_accepted": 2,
        "bonafide_rejected": 1,
        "spoof_accepted": 1,
        "spoof_rejected": 3,
    }
    expected = {
        "accuracy": 5 / 7,
        "sensitivity": 3 / 4,  # of spoof
        "specificity": 2 / 3,
        "ppv": 3 / 4,
        "npv": 2 / 3,
        "f1": 3 / 4,
        "frr": 1 / 3,
        "far": 1 / 4,
        "ppv_at_prior": (3 / 4 * 0.5) / (3 / 4 * 0.5 + 1 / 3 * 0.5),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert (found.as_bonafide["sensitivity"], found.as_bonafide["ppv"]) == (2 / 3, 2 / 3)
    assert not found.threshold.on_test
    assert found.conditions.n_spoof == 4


def test_without_a_threshold_the_eer_one_is_taken_and_said_to_be_so():
    found = judge(noisy(), CONDITIONS, options=QUICK)
    assert found.threshold.on_test
    assert found.threshold.value == found["eer_threshold"]
    assert [finding.severity for finding in found.findings if finding.code == "threshold-on-test"] == ["warning"]
    assert "threshold-on-test" not in {f.code for f in judge(noisy(), CONDITIONS, threshold=Threshold(0, "x")).findings}


def test_document():
    document = judge(noisy(), CONDITIONS, options=QUICK).to_dict()
    assert {"eer", "auc", "accuracy", "threshold", "n_bonafide", "n_spoof", "ci"} <= set(document)
    low, high = document["ci"]["eer"]
    assert 0 <= low <= document["eer"] <= high <= 1
    assert document["positive_class"] == "spoof"
    assert document["with_bonafide_positive"]["sensitivity"] == document["specificity"]
    assert document["conditions"]["checksum"] == "0f" * 32


def test_eer_and_auc_can_never_contradict_each_other():
    for seed in range(30):
        random = np.random.default_rng(seed)
        found = judge(
            score_set(random.normal(0, 1, 5).round(1), random.normal(seed / 10 - 1.5, 1, 7).round(1)),
            CONDITIONS,
            options=Options(rounds=0),
        )
        assert (1 - found["eer"]) ** 2 - 1e-12 <= found["auc"] <= 1 - found["eer"] ** 2 + 1e-12


@pytest.mark.parametrize(("bonafide", "spoof", "word"), [([1, 2], [], "bona fide"), ([], [1], "spoof")])
def test_one_class(bonafide, spoof, word):
    with pytest.raises(UsageError, match=f"all . trials are {word}"):
        judge(score_set(bonafide, spoof), CONDITIONS)


def test_a_calibration_makes_llrs():
    line = Calibration(slope=2.0, offset=0.0, threshold=0.0)
    both = noisy(2000)
    found = judge(both, CONDITIONS, threshold=Threshold(0.0, "cal"), calibration=line, options=Options(rounds=0))
    # scores of N(1, 1) against N(-1, 1): the true log-likelihood ratio is 2 s, so hardly anything can be won
    assert found["cllr"] == pytest.approx(found["min_cllr"], abs=0.02)
    assert judge(both, CONDITIONS, options=Options(rounds=0))["cllr"] > found["cllr"]
    assert "raw scores" in judge(both, CONDITIONS, options=Options(rounds=0)).llrs


def test_llrs_of_the_files_own_probabilities():
    line = Calibration(slope=1.5, offset=0.3, threshold=0.0, prior_spoof=0.2)
    both = noisy(20)
    stated = ScoreSet(both.names, both.bonafide, both.scores, p_spoof=line.p_spoofs(both.scores))
    llrs, origin = log_likelihood_ratios(stated, None, 0.2)
    assert llrs == pytest.approx(1.5 * both.scores + 0.3)
    assert "P(spoof) of the file" in origin


def test_ppv_and_npv_hold_for_the_prior_of_the_conditions():
    rare = judge(noisy(), replace(CONDITIONS, prior_spoof=0.01), threshold=Threshold(0.0, "given"), options=QUICK)
    found, missed = rare["sensitivity"] * 0.01, (1 - rare["specificity"]) * 0.99
    assert rare["ppv_at_prior"] == pytest.approx(found / (found + missed))


def test_a_bad_calibration_is_told():
    line = Calibration(slope=9.0, offset=3.0, threshold=0.0)
    codes = {f.code: f.severity for f in judge(noisy(), CONDITIONS, calibration=line, options=QUICK).findings}
    assert codes["calibration-loss"] == "warning"


def test_groups_of_spoofs_alone_are_judged_against_all_bona_fide():
    both = score_set([3, 2, 1, 0], [2.5, -1, 1.5, -2], attack=["", "", "", "", "A1", "A1", "A2", "A2"])
    groups = judge(both, CONDITIONS, threshold=Threshold(1.0, "given"), options=QUICK).breakdowns["attack"]
    assert [(g.value, g.n_bonafide, g.n_spoof, g.against_all) for g in groups] == [
        ("A1", 4, 2, True),
        ("A2", 4, 2, True),
    ]
    assert groups[0].figures["auc"] == (1 + 4) / 8  # 2.5 is beaten by one of four, -1 by all
    assert (groups[0].figures["frr"], groups[0].figures["far"]) == (0.25, 0.5)


@pytest.mark.parametrize("word", ["-", "bonafide", "Bona-fide", "real"])
def test_bona_fide_is_no_attack_whatever_it_is_called(word):
    both = score_set([3, 2, 1, 0], [2.5, -1, 1.5, -2], attack=[word, word, "", word, "A1", "A1", "A2", "A2"])
    groups = judge(both, CONDITIONS, threshold=Threshold(1.0, "given"), options=QUICK).breakdowns["attack"]
    assert [(g.value, g.n_bonafide, g.n_spoof, g.against_all) for g in groups] == [
        ("A1", 4, 2, True),
        ("A2", 4, 2, True),
    ]


def test_groups_of_both_classes_are_judged_within():
    both = score_set([3, 2, 1], [2.5, 0], speaker=["ann", "bob", "", "ann", "cyd"])
    groups = judge(both, CONDITIONS, threshold=Threshold(1.5, "given"), options=QUICK).breakdowns["speaker"]
    assert [(g.value, g.n_bonafide, g.n_spoof, g.figures["auc"], g.figures["frr"]) for g in groups] == [
        ("ann", 1, 1, 1.0, 0.0),
        ("bob", 1, 0, None, 0.0),
        ("cyd", 0, 1, None, None),
        ("(not stated)", 1, 0, None, 1.0),
    ]


def test_which_columns():
    both = noisy(30, attack=["x"] * 60, room=["a", "b"] * 30)
    assert set(judge(both, CONDITIONS, options=QUICK).breakdowns) == {"attack"}
    assert set(judge(both, CONDITIONS, options=Options(by=("room",), rounds=0)).breakdowns) == {"room"}
    assert judge(both, CONDITIONS, options=Options(by=(), rounds=0)).breakdowns == {}
    with pytest.raises(UsageError, match="--by attak: the set has no such column; it has attack, room"):
        judge(both, CONDITIONS, options=Options(by=("attak",)))
    with pytest.raises(UsageError, match="--cluster house"):
        judge(both, CONDITIONS, options=Options(cluster="house"))


def test_clusters_widen_the_intervals():
    random = np.random.default_rng(3)
    people = np.repeat(np.arange(20), 30)
    shift = random.normal(0, 1.5, 20)[people]
    scores = np.where(np.arange(600) % 2, 1.0, -1.0) + shift + random.normal(0, 0.3, 600)
    both = ScoreSet(
        [str(i) for i in range(600)], np.arange(600) % 2 == 1, scores, {"speaker": [f"s{p}" for p in people]}
    )
    plain = judge(both, CONDITIONS, options=Options(by=(), rounds=200))
    clustered = judge(both, CONDITIONS, options=Options(by=(), rounds=200, cluster="speaker"))
    width = [ends[1] - ends[0] for ends in (plain.ci["eer"], clustered.ci["eer"])]
    assert width[1] > 1.5 * width[0]
    assert "speaker (20)" in clustered.intervals


def test_trials_of_no_cluster_are_clusters_of_their_own_and_counted_so():
    both = noisy(20, speaker=["ann"] * 15 + ["bob"] * 15 + [""] * 10)
    assert "speaker (12)" in judge(both, CONDITIONS, options=Options(by=(), rounds=100, cluster="speaker")).intervals


def test_an_interval_without_width_is_explained():
    apart, mixed = score_set(range(10, 20), range(10)), noisy()
    assert "without width" in judge(apart, CONDITIONS, options=QUICK).intervals
    assert "without width" not in judge(mixed, CONDITIONS, options=QUICK).intervals


def test_worst_errors_come_first_and_by_class():
    found = judge(score_set([5, -4, -1], [-5, 9, 2, 3]), CONDITIONS, threshold=Threshold(0.0, "given"), options=QUICK)
    assert [(one.label, one.score, one.margin) for one in found.worst] == [
        ("bonafide", -4, 4),
        ("bonafide", -1, 1),
        ("spoof", 9, 9),
        ("spoof", 3, 3),
        ("spoof", 2, 2),
    ]


def test_t_dcf_beside_speaker_verification(shared):
    import csv
    import json

    folder = shared("reference/metric_vectors")
    rows = list(csv.DictReader((folder / "v4_sasv.csv").open()))
    expected = json.loads((folder / "expected.json").read_text())["v4_sasv"]
    scores = np.array([float(row["cm_score"]) for row in rows])
    truth = np.array([row["cm_label"] == "bonafide" for row in rows])
    asv = {
        kind: np.array([float(row["asv_score"]) for row in rows if row["asv_label"] == kind])
        for kind in ("target", "nontarget", "spoof")
    }
    found = judge(ScoreSet([r["trial"] for r in rows], truth, scores), CONDITIONS, options=Options(rounds=0), asv=asv)
    assert found["min_tdcf_2019"] == pytest.approx(expected["t_dcf_2019_legacy"]["min"], abs=1e-9)
    assert found["min_tdcf_2021"] == pytest.approx(expected["t_dcf_2021"]["min"], abs=1e-9)


def test_left_out_is_counted_by_reason():
    both = noisy(20)
    with_holes = ScoreSet(both.names, both.bonafide, both.scores, left_out=[LeftOut("x", "duplicate")] * 3)
    assert judge(with_holes, CONDITIONS, options=QUICK).to_dict()["left_out"] == {
        "total": 3,
        "by_reason": {"duplicate": 3},
    }


def test_gather_pairs_by_order():
    from truevoice.data.trial import Trial
    from truevoice.detectors.result import Result

    trials = [Trial("a", "/a", "bonafide", {"attack": ""}), Trial("b", "/b", "spoof", {"attack": "A1"})]
    found = gather(trials, [Result("a", "bonafide", 1.0), Result("b", "spoof", error="is empty")], [LeftOut("c", "no")])
    assert (found.names, found.scores.tolist(), found.columns) == (["a"], [1.0], {"attack": [""]})
    assert found.left_out == [LeftOut("c", "no"), LeftOut("b", "not scored: is empty")]
    assert found.p_spoof is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"confidence": 1.0},
        {"rounds": 10},
        {"rounds": -1},
    ],
)
def test_options_that_cannot_be_meant(wrong):
    with pytest.raises(UsageError):
        Options(**wrong)


@pytest.mark.parametrize("wrong", [{"p_spoof": 1.0}, {"c_miss": 0.0}, {"c_fa": math.inf}])
def test_costs_that_cannot_be_meant(wrong):
    with pytest.raises(UsageError, match="costs"):
        Costs(**wrong)
