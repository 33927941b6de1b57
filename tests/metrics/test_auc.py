"""Area under the curve: reference figures, cases worked by hand, properties."""

import csv
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from truevoice.metrics import auc, eer, roc

TIED = st.lists(st.integers(-20, 20).map(lambda n: n / 4), min_size=1, max_size=40)
FREE = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)
SCORES = st.one_of(TIED, FREE)

LISTS = [
    ("v1_continuous", "label", "score", "pooled"),
    ("v2_ties", "label", "score", "pooled"),
    ("v4_sasv", "cm_label", "cm_score", "cm"),
    ("v5_in_the_wild_xlsr_mamba", "label", "score", "pooled"),
]


def scores_of(path, label, score, keep):
    with open(path, newline="") as file:
        return [float(row[score]) for row in csv.DictReader(file) if keep(row, row[label])]


@pytest.mark.parametrize(("name", "label", "score", "group"), LISTS)
def test_reference_figures(shared, name, label, score, group):
    want = json.loads(shared("reference/metric_vectors/expected.json").read_text())[name][group]
    path = shared(f"reference/metric_vectors/{name}.csv")
    bonafide = scores_of(path, label, score, lambda row, key: key == "bonafide")
    spoof = scores_of(path, label, score, lambda row, key: key == "spoof")
    assert auc(bonafide, spoof) == pytest.approx(want["auc"], abs=1e-9)


@pytest.mark.parametrize("attack", ["A01", "A02", "A03", "A04", "A05", "A06"])
def test_reference_figures_by_attack(shared, attack):
    expected = json.loads(shared("reference/metric_vectors/expected.json").read_text())
    path = shared("reference/metric_vectors/v1_continuous.csv")
    bonafide = scores_of(path, "label", "score", lambda row, key: key == "bonafide")
    spoof = scores_of(path, "label", "score", lambda row, key: row["attack"] == attack)
    want = expected["v1_continuous"]["per_attack"][attack]
    assert len(spoof) == want["n_spoof"]
    assert auc(bonafide, spoof) == pytest.approx(want["auc"], abs=1e-9)


def test_by_hand():
    # pairs won by bona fide: 3 beats both, 1 beats 0 and ties with 1: 3.5 of 4
    assert auc([3, 1], [1, 0]) == 0.875


def test_constant_and_separated():
    assert auc([7.0] * 3, [7.0] * 5) == 0.5
    assert auc([4, 5, 6], [1, 2, 3]) == 1.0
    assert auc([1, 2, 3], [4, 5, 6]) == 0.0


@given(SCORES, SCORES)
def test_is_the_share_of_pairs_won(bonafide, spoof):
    b, s = np.array(bonafide)[:, None], np.array(spoof)[None, :]
    assert auc(bonafide, spoof) == pytest.approx(np.mean((b > s) + 0.5 * (b == s)), abs=1e-12)


@given(SCORES, SCORES)
def test_equals_scikit_learn(bonafide, spoof):
    labels = [1] * len(bonafide) + [0] * len(spoof)
    assert auc(bonafide, spoof) == pytest.approx(roc_auc_score(labels, bonafide + spoof), abs=1e-9)


@given(SCORES, SCORES)
def test_is_the_area_under_the_curve(bonafide, spoof):
    curve = roc(bonafide, spoof)
    area = np.trapezoid(1 - curve.frr[::-1], curve.far[::-1])
    assert auc(bonafide, spoof) == pytest.approx(area, abs=1e-12)


@given(SCORES, SCORES)
def test_flipped_sign_and_swapped_classes_give_the_complement(bonafide, spoof):
    b, s = np.array(bonafide), np.array(spoof)
    assert auc(-b, -s) == pytest.approx(1 - auc(b, s), abs=1e-12)
    assert auc(s, b) == pytest.approx(1 - auc(b, s), abs=1e-12)
    assert auc(-s, -b) == auc(b, s)


@given(TIED, TIED, st.sampled_from([lambda x: 8 * x - 3, lambda x: x**3, np.exp, np.arctan]))
def test_rising_transforms_change_nothing(bonafide, spoof, rise):
    b, s = np.array(bonafide), np.array(spoof)
    assert auc(rise(b), rise(s)) == auc(b, s)


@given(SCORES, SCORES, st.randoms(use_true_random=False))
def test_order_of_trials_is_irrelevant(bonafide, spoof, random):
    shuffled_b, shuffled_s = bonafide.copy(), spoof.copy()
    random.shuffle(shuffled_b)
    random.shuffle(shuffled_s)
    assert auc(shuffled_b, shuffled_s) == auc(bonafide, spoof)


@given(SCORES, SCORES)
def test_lies_within_the_bounds_its_eer_sets(bonafide, spoof):
    rate, _ = eer(bonafide, spoof)
    assert (1 - rate) ** 2 - 1e-12 <= auc(bonafide, spoof) <= 1 - rate**2 + 1e-12


def test_a_million_scores_do_not_overflow():
    n = 500_000
    rising = np.arange(n)
    assert auc(rising + n, rising) == 1.0
    assert auc(rising, rising) == 0.5
