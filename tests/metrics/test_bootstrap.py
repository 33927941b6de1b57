"""Intervals: each round is the metric on repeated trials; coverage; clusters; refusals; speed that breakdowns need."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truevoice.errors import UsageError
from truevoice.metrics import act_dcf, auc, bootstrap, brier, cllr, decide, eer, min_dcf, paired_bootstrap
from truevoice.metrics.bootstrap import OF_LLRS, OF_PROBABILITIES, OF_SCORES, OF_THRESHOLD
from truevoice.metrics.resampling import ByCluster, chunks, in_runs, plan
from truevoice.metrics.weighted import Rounds, SortedTrials

TIED = st.lists(st.integers(-20, 20).map(lambda n: n / 4), min_size=1, max_size=25)
FREE = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=25)
SCORES = st.one_of(TIED, FREE)


def two_classes(seed, bonafide=300, spoof=500, apart=2.0):
    random = np.random.default_rng(seed)
    return random.normal(apart / 2, 1, bonafide), random.normal(-apart / 2, 1, spoof)


@given(SCORES, SCORES, st.integers(0, 100))
def test_each_round_is_the_metric_on_the_trials_repeated(bonafide, spoof, seed):
    b, s = np.array(bonafide), np.array(spoof)
    trials = SortedTrials(b, s)
    (draws,) = chunks(plan(None, trials.orders), 5, seed, b.size + s.size)
    some = Rounds(trials, draws.bonafide, draws.spoof)
    figures = some.eer(), some.auc(), some.min_dcf(1.9, 1.0)
    rejected, passed = some.rates(0.25)
    for k in range(5):
        again = np.repeat(np.sort(b), draws.bonafide[k]), np.repeat(np.sort(s), draws.spoof[k])
        assert again[0].size == b.size
        assert figures[0][k] == pytest.approx(eer(*again)[0], abs=1e-12)
        assert figures[1][k] == pytest.approx(auc(*again), abs=1e-12)
        assert figures[2][k] == pytest.approx(min_dcf(*again), abs=1e-12)
        counts = decide(*again, 0.25)
        assert (rejected[k], passed[k]) == (counts.bonafide_rejected, counts.spoof_accepted)


def plain_bootstrap(b, s, figure, clusters=None, rounds=1500):
    random = np.random.default_rng(99)
    values = []
    for _ in range(rounds):
        if clusters is None:
            drawn = random.choice(b, b.size), random.choice(s, s.size)
        else:
            names = np.unique(np.concatenate(clusters))
            picked = random.choice(names, names.size)
            drawn = tuple(np.concatenate([x[ids == one] for one in picked]) for x, ids in zip((b, s), clusters))
        values.append(figure(*drawn))
    return np.quantile(values, [0.025, 0.975])


def p_of(score):
    return 1 / (1 + np.exp(-score))


FIGURES = {
    "eer": lambda b, s: eer(b, s)[0],
    "auc": auc,
    "min_dcf": min_dcf,
    "act_dcf": lambda b, s: act_dcf(2 * b, 2 * s),
    "cllr": lambda b, s: cllr(2 * b, 2 * s),
    "brier": lambda b, s: brier(np.concatenate([p_of(b), p_of(s)]), np.repeat([1, 0], [b.size, s.size])),
    "accuracy": lambda b, s: decide(b, s, 0.5).accuracy,
    "balanced_accuracy": lambda b, s: decide(b, s, 0.5).balanced_accuracy,
    "sensitivity": lambda b, s: decide(b, s, 0.5).sensitivity("spoof"),
    "specificity": lambda b, s: decide(b, s, 0.5).specificity("spoof"),
    "ppv": lambda b, s: decide(b, s, 0.5).ppv("spoof"),
    "npv": lambda b, s: decide(b, s, 0.5).npv("spoof"),
    "f1": lambda b, s: decide(b, s, 0.5).f1("spoof"),
    "frr": lambda b, s: decide(b, s, 0.5).frr,
    "far": lambda b, s: decide(b, s, 0.5).far,
}


def test_the_list_of_figures_is_whole():
    assert set(FIGURES) == {*OF_SCORES, *OF_THRESHOLD, *OF_LLRS, *OF_PROBABILITIES}


@pytest.mark.parametrize("clustered", [False, True])
def test_equals_a_plain_bootstrap(clustered):
    b, s = two_classes(0)
    ids = (np.arange(b.size) % 20, np.arange(s.size) % 20) if clustered else None
    intervals = bootstrap(
        b, s, rounds=4000, clusters=ids, threshold=0.5, llrs=(2 * b, 2 * s), p_bonafide=(p_of(b), p_of(s))
    )
    assert set(intervals) == set(FIGURES)
    for name, figure in FIGURES.items():
        want = plain_bootstrap(b, s, figure, ids, rounds=600)
        # Ends of intervals from 600 rounds scatter by some 8 % of the width.
        assert intervals[name] == pytest.approx(want, abs=0.25 * np.ptp(want)), name


@given(SCORES, SCORES, st.one_of(st.none(), st.integers(-20, 20).map(lambda n: n / 4)))
def test_the_trials_of_a_run_move_every_figure_as_one(bonafide, spoof, threshold):
    b, s = np.array(bonafide * 9), np.array(spoof)
    levels, sizes = in_runs(b, s, threshold)
    together = np.repeat(levels, sizes) if isinstance(sizes, np.ndarray) else levels
    assert together.size == b.size
    assert eer(together, s)[0] == pytest.approx(eer(b, s)[0], abs=1e-12)  # read on the same line, cut elsewhere
    assert auc(together, s) == auc(b, s)
    assert min_dcf(together, s) == pytest.approx(min_dcf(b, s), abs=1e-12)
    if threshold is not None:
        assert decide(together, s, threshold) == decide(b, s, threshold)


def test_a_class_drawn_run_by_run_has_the_same_intervals():
    b, s = two_classes(0, 3000, 30)
    assert isinstance(in_runs(b, s, 0.5)[1], np.ndarray)
    names = ("eer", "auc", "min_dcf", "frr", "far", "ppv")
    intervals = bootstrap(b, s, rounds=4000, threshold=0.5, figures=names)
    for name in names:
        want = plain_bootstrap(b, s, FIGURES[name])
        assert intervals[name] == pytest.approx(want, abs=0.2 * np.ptp(want)), name


def test_a_few_spoofs_beside_very_many_bona_fide_trials_are_quick():
    b, s = two_classes(9, 200_000, 100)
    started = time.perf_counter()
    bootstrap(b, s, threshold=0.0)
    assert time.perf_counter() - started < 3  # some 0.1 s on an idle core, 10 s trial by trial


def test_covers_the_truth_about_as_often_as_it_says():
    # Unit normals two apart: EER = Phi(-1), AUC = Phi(sqrt 2), far at 0 = Phi(-1).
    truth = {"eer": 0.158655, "auc": 0.921350, "far": 0.158655}
    inside = dict.fromkeys(truth, 0)
    for seed in range(300):
        intervals = bootstrap(*two_classes(seed, 200, 200), rounds=400, threshold=0.0, confidence=0.9)
        for name, value in truth.items():
            inside[name] += intervals[name][0] <= value <= intervals[name][1]
    # 90 % of 300, give or take chance (sd 5) and the coarseness of a percentile interval
    assert all(245 <= count <= 290 for count in inside.values()), inside


def speakers(seed, count=40, each=25, spread=1.0):
    """Scores with a part that is common to all trials of a speaker, and the speakers."""
    random = np.random.default_rng(seed)
    ids = np.repeat(np.arange(count), each)
    own = random.normal(0, spread, count)[ids]
    return own + random.normal(1, 1, ids.size), own + random.normal(-1, 1, ids.size), (ids, ids)


def test_clusters_that_hang_together_widen_the_intervals():
    b, s, ids = speakers(0)
    plain, clustered = bootstrap(b, s, threshold=0.0), bootstrap(b, s, threshold=0.0, clusters=ids)
    for name in ("frr", "far", "sensitivity"):
        assert np.ptp(clustered[name]) > 1.8 * np.ptp(plain[name])


def test_clusters_of_one_trial_are_no_clusters():
    b, s = two_classes(1)
    ids = [f"b{i}" for i in range(b.size)], [f"s{i}" for i in range(s.size)]
    plain, clustered = bootstrap(b, s, rounds=3000), bootstrap(b, s, rounds=3000, clusters=ids)
    assert clustered["auc"] == pytest.approx(plain["auc"], abs=0.2 * np.ptp(plain["auc"]))


def test_rounds_without_a_class_are_drawn_anew_and_counted():
    b, s = two_classes(2, 10, 40)
    ids = ["anna"] * 10, np.repeat(["tts-1", "tts-2", "tts-3"], [10, 10, 20])
    intervals = bootstrap(b, s, clusters=ids)
    assert intervals.rounds == 1000
    # P(no bona fide) = (3/4)^4, P(no spoof) = (1/4)^4; the redrawn may fail again: r / (1 - r) a round
    lost = 0.75**4 + 0.25**4
    assert intervals.redrawn == pytest.approx(1000 * lost / (1 - lost), rel=0.2)
    assert bootstrap(b, s).redrawn == 0


def test_the_same_id_in_both_classes_is_one_cluster():
    by_cluster = ByCluster(np.array([0, 0, 1]), np.array([1, 2]))
    draws = by_cluster.draw(np.random.default_rng(0), 50)
    assert np.all(draws.bonafide[:, 0] == draws.bonafide[:, 1])
    assert np.all(draws.bonafide[:, 2] == draws.spoof[:, 0])
    assert np.all(draws.bonafide[:, 0] + draws.bonafide[:, 2] + draws.spoof[:, 1] == 3)


def test_the_seed_decides_and_the_order_of_trials_does_not():
    b, s = two_classes(3)
    assert bootstrap(b, s) == bootstrap(b[::-1], np.random.default_rng(0).permutation(s))
    assert bootstrap(b, s) == bootstrap(b, s, seed=0)
    assert bootstrap(b, s) != bootstrap(b, s, seed=1)
    # also where the rounds go in many chunks
    big = two_classes(4, 60_000, 70_000)
    assert bootstrap(*big, rounds=9) == bootstrap(*big, rounds=9)


def test_undefined_rounds_are_counted_and_left_out():
    # One trial is called spoof; about a third of the rounds have none, and PPV is then 0 / 0.
    b, s = np.arange(1.0, 101), np.concatenate([[-1.0], np.arange(1.0, 100)])
    intervals = bootstrap(b, s, threshold=0.0)
    assert intervals.undefined == {"ppv": pytest.approx(1000 * 0.99**100, rel=0.2)}
    assert intervals["ppv"] == (1.0, 1.0)
    never = bootstrap(b, s, threshold=-5.0)
    assert "ppv" not in never
    assert never.undefined["ppv"] == 1000
    assert never["far"] == (1.0, 1.0)


def test_confidence_widens():
    b, s = two_classes(5)
    wide, narrow = bootstrap(b, s, confidence=0.99)["eer"], bootstrap(b, s, confidence=0.5)["eer"]
    assert wide[0] < narrow[0] < eer(b, s)[0] < narrow[1] < wide[1]


def test_chosen_figures_only():
    b, s = two_classes(6)
    assert set(bootstrap(b, s, figures=("auc",))) == {"auc"}
    assert bootstrap(b, s, figures=("auc", "eer"))["eer"] == bootstrap(b, s)["eer"]


def test_hundreds_of_small_groups_are_quick():
    b, s = two_classes(7, 50, 50)
    started = time.perf_counter()
    for seed in range(20):
        bootstrap(b, s, threshold=0.0, seed=seed)
    assert (time.perf_counter() - started) / 20 < 0.25  # some 0.005 s on an idle core


@settings(max_examples=20)
@given(TIED, TIED)
def test_intervals_lie_in_range_whatever_the_ties(bonafide, spoof):
    for low, high in bootstrap(bonafide, spoof, rounds=20, threshold=0.0).values():
        assert 0 <= low <= high <= 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rounds": 0}, "at least one round"),
        ({"confidence": 1}, "between 0 and 1"),
        ({"clusters": (["a", "a"], ["a", "a"])}, "at least 2 clusters"),
        ({"clusters": (["a"], ["a", "b"])}, "2 bona fide trials, but 1 cluster names"),
        ({"figures": ("f2",)}, "no interval for 'f2'"),
        ({"figures": ("accuracy",)}, "needs a threshold"),
        ({"figures": ("cllr",)}, "needs log-likelihood ratios"),
        ({"figures": ("brier",)}, "needs probabilities"),
        ({"llrs": ([1.0], [1.0, 2.0])}, "not as many log-likelihood ratios"),
        ({"llrs": ([1.0, np.nan], [1.0, 2.0])}, "finite"),
        ({"p_bonafide": ([1.0, 2.0], [0.0, 0.0])}, "between 0 and 1"),
        ({"p_spoof": 0.0}, "p_spoof"),
        ({"threshold": float("nan")}, "not a number"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(UsageError, match=words):
        bootstrap([1.0, 2.0], [0.0, 1.0], **options)


def test_refuses_text():
    with pytest.raises(UsageError, match="not text"):
        bootstrap(["1.0"], [0.0])


def test_paired_systems_share_their_trials():
    b, s, ids = speakers(1, each=10)
    random = np.random.default_rng(0)
    worse = b + random.normal(0, 1, b.size), s + random.normal(0, 1, s.size)
    for clusters in (None, ids):
        found = paired_bootstrap((b, s), worse, clusters=clusters)
        assert found["eer"].difference == pytest.approx(eer(b, s)[0] - eer(*worse)[0])
        assert found["auc"].first == auc(b, s)
        assert found["eer"].low <= found["eer"].difference <= found["eer"].high < 0
        assert found["auc"].low > 0
        assert found["auc"].p_value == pytest.approx(2 / 1001)
    # Drawn apart, the same two systems cannot be told that well.
    apart = np.ptp(bootstrap(b, s)["auc"]) + np.ptp(bootstrap(*worse)["auc"])
    assert found["auc"].high - found["auc"].low < apart


def test_a_system_does_not_differ_from_itself():
    b, s = two_classes(8)
    found = paired_bootstrap((b, s), (b * 3 + 1, s * 3 + 1))
    for difference in found.values():
        assert (difference.low, difference.high, difference.p_value) == (0, 0, 1)


def test_two_equal_systems_are_told_apart_about_as_rarely_as_they_should():
    low = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        hard = random.normal(1, 1, 100), random.normal(-1, 1, 100)
        systems = [tuple(x + random.normal(0, 0.5, x.size) for x in hard) for _ in range(2)]
        low += paired_bootstrap(*systems, rounds=200, seed=seed)["auc"].p_value < 0.1
    assert 8 <= low <= 34  # 20 expected, sd 4


def test_paired_systems_need_the_same_trials():
    with pytest.raises(UsageError, match="same trials"):
        paired_bootstrap(([1.0], [0.0]), ([1.0, 2.0], [0.0]))
