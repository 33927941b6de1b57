"""Score lists with one ailment each: it is found, explained and given a remedy."""

import csv

import numpy as np
import pytest

from truevoice.doctor.scores import chance_error, examine
from truevoice.metrics import auc

N = 600


def good(n=N, seed=0):
    random = np.random.default_rng(seed)
    bonafide = np.arange(n) % 3 == 0
    return [f"t{i}" for i in range(n)], bonafide, random.normal(np.where(bonafide, 1.5, -1.0), 1.0)


def codes(trials, bonafide, scores):
    findings = examine(trials, bonafide, np.asarray(scores, float))
    for finding in findings:
        assert finding.message.endswith(".")
        assert "\n" not in str(finding)
        assert finding.remedy or finding.severity == "note"
    return {finding.code: finding.severity for finding in findings}


def test_a_healthy_list():
    assert codes(*good()) == {}


def test_a_published_list(shared):
    with open(shared("reference/metric_vectors/v5_in_the_wild_xlsr_mamba.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    bonafide = np.array([row["label"] == "bonafide" for row in rows])
    scores = np.array([float(row["score"]) for row in rows])
    names = [row["trial"] for row in rows]
    assert codes(names, bonafide, scores) == {}
    assert codes(names, bonafide, -scores) == {"flipped-polarity": "error"}


def test_polarity():
    trials, bonafide, scores = good()
    assert codes(trials, bonafide, -scores) == {"flipped-polarity": "error"}
    random = np.random.default_rng(1)
    bonafide = np.arange(4000) % 2 == 0
    weak = random.normal(np.where(bonafide, -0.2, 0.0), 1.0)
    assert 0.4 < auc(weak[bonafide], weak[~bonafide]) < 0.5 - 3 * chance_error(2000, 2000)
    assert codes([], bonafide, weak) == {"flipped-polarity": "warning"}


def test_chance_is_no_flip():
    """Of lists without any knowledge hardly one in a hundred is called flipped."""
    random = np.random.default_rng(2)
    called = 0
    for _ in range(400):
        bonafide = np.arange(60) < 25
        found = {finding.code for finding in examine([], bonafide, random.normal(size=60))}
        called += "flipped-polarity" in found
        assert found <= {"flipped-polarity", "chance-level"}
    assert called <= 4


def test_the_standard_error_of_chance():
    random = np.random.default_rng(3)
    areas = [auc(random.normal(size=12), random.normal(size=30)) for _ in range(4000)]
    assert np.std(areas) == pytest.approx(chance_error(12, 30), rel=0.05)


def test_constant():
    trials, bonafide, scores = good()
    assert codes(trials, bonafide, np.full_like(scores, 0.5)) == {"constant-scores": "error"}


def test_verdicts():
    trials, bonafide, scores = good()
    assert codes(trials, bonafide, scores > 0) == {"verdicts": "warning"}


def test_rounded():
    trials, bonafide, scores = good()
    found = codes(trials, bonafide, np.round(scores, 1))
    assert found == {"rounded-scores": "warning"}
    message = examine(trials, bonafide, np.round(scores, 1))[0].message
    assert "1 decimal" in message


def test_saturated_probabilities():
    trials, bonafide, scores = good()
    probabilities = (1 / (1 + np.exp(-12 * scores.astype(np.float32)))).astype(np.float16).astype(float)
    found = codes(trials, bonafide, probabilities)
    assert found["saturated-scores"] == "warning"


def test_half_floats():
    random = np.random.default_rng(5)
    bonafide = np.arange(20_000) % 2 == 0
    scores = random.normal(np.where(bonafide, 0.51, 0.5), 0.02)
    for halves in (scores.astype(np.float16).astype(float), [float(str(h)) for h in scores.astype(np.float16)]):
        assert codes([], bonafide, halves) == {"half-floats": "warning"}
    assert codes([], bonafide, scores.astype(np.float32)) == {}


def test_a_million_ties():
    bonafide = np.arange(1_000_000) % 2 == 0
    scores = (np.arange(1_000_000) % 11).astype(float) + bonafide
    assert codes([], bonafide, scores)["rounded-scores"] == "warning"


def test_not_finite():
    trials, bonafide, scores = good()
    scores[[3, 9]] = np.nan
    scores[4] = np.inf
    assert codes(trials, bonafide, scores) == {"not-finite": "error"}
    told = examine(trials, bonafide, scores)[0].message
    assert "2 not a number" in told
    assert "1 infinite" in told
    assert "t3" in told


@pytest.mark.parametrize("present", [True, False])
def test_one_class(present):
    trials, _, scores = good()
    assert codes(trials, np.full(N, present), scores) == {"one-class": "error"}


def test_nothing_at_all():
    assert codes([], np.zeros(0, bool), []) == {"no-trials": "error"}
    assert codes(["a"], np.ones(1, bool), [np.nan]) == {"not-finite": "error", "no-trials": "error"}


def test_duplicates():
    trials, bonafide, scores = good()

    def again(score, label):
        return [*trials, "t0"], np.append(bonafide, label), np.append(scores, score)

    assert codes(*again(scores[0], bonafide[0])) == {"duplicates": "warning"}
    assert codes(*again(scores[0] + 1, bonafide[0])) == {"conflicting-duplicates": "error"}
    assert codes(*again(scores[0], not bonafide[0])) == {"contradicting-labels": "error"}


def test_few_trials():
    trials, bonafide, scores = good(30)
    assert codes(trials, bonafide, scores) == {"few-trials": "warning"}


def test_perfect_separation():
    trials, bonafide, scores = good()
    assert codes(trials, bonafide, np.abs(scores) * np.where(bonafide, 1, -1)) == {"perfect-separation": "warning"}


def test_the_gravest_first():
    trials, bonafide, scores = good()
    scores = np.round(-scores, 1)
    scores[5] = np.nan
    severities = [finding.severity for finding in examine(trials, bonafide, scores)]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    assert len(severities) == 3
