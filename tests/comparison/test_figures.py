"""The change of a figure: its value, its interval, its p-value, and what clusters do to it."""

from dataclasses import replace

import numpy as np
import pytest

from paired_scores import paired_sets
from truevoice.comparison.figures import BOOTSTRAP, EXACT, changes
from truevoice.comparison.matching import match
from truevoice.errors import UsageError
from truevoice.evaluation.options import Options
from truevoice.metrics import auc, decide, eer

FEW = Options(rounds=300)


def test_points_are_the_metrics_own():
    first, second = paired_sets()
    found = changes(match(first, second), (0.1, -0.2), FEW)
    assert found["eer"].first == eer(*first.split())[0]
    assert found["auc"].second == auc(*second.split())
    assert found["accuracy"].first == decide(*first.split(), 0.1).accuracy
    assert found["accuracy"].second == decide(*second.split(), -0.2).accuracy
    for one in found.values():
        assert one.change == one.second - one.first
        assert one.ci[0] <= one.change <= one.ci[1]
        assert one.first_ci[0] <= one.first <= one.first_ci[1]


def test_a_better_system_is_seen_and_the_same_one_is_not():
    first, second = paired_sets()
    better = changes(match(first, second), (0.0, 0.0), FEW)
    assert all(one.p_value < 0.02 and one.gain > 0 for one in better.values())
    assert better["eer"].change < 0 < better["auc"].change
    same = changes(match(first, first), (0.0, 0.0), FEW)
    assert all(one.change == 0 and one.p_value == 1 and one.ci == (0, 0) for one in same.values())


def test_turning_the_two_round_turns_the_change_round():
    first, second = paired_sets(60, 80, apart=(0.7, 0.9))
    there, back = (changes(match(*pair), (0.0, 0.0), FEW) for pair in ((first, second), (second, first)))
    for name, one in there.items():
        assert one.change == pytest.approx(-back[name].change)
        assert one.p_value == pytest.approx(back[name].p_value, abs=0.1)
        assert one.ci == pytest.approx((-back[name].ci[1], -back[name].ci[0]), abs=0.03)


def test_the_exact_test_gives_way_to_the_bootstrap_with_clusters():
    first, second = paired_sets()
    plain = changes(match(first, second), (0.0, 0.0), FEW)["accuracy"]
    clustered = changes(match(first, second), (0.0, 0.0), replace(FEW, cluster="speaker"))["accuracy"]
    assert (plain.test, clustered.test) == (EXACT, BOOTSTRAP)
    assert plain.change == clustered.change
    assert plain.ci != clustered.ci
    with pytest.raises(UsageError, match="--cluster nobody"):
        changes(match(first, second), (0.0, 0.0), replace(FEW, cluster="nobody"))


def test_copies_of_a_trial_are_one_cluster():
    """Ten copies of each trial say no more than one; with clusters the interval knows it."""
    few = paired_sets(20, 30, apart=(0.5, 1.2))
    at = np.repeat(np.arange(50), 10)
    many = [
        replace(one.take(at), names=[f"t{i}" for i in range(500)], columns={"of": [str(i) for i in at]}) for one in few
    ]
    plain = changes(match(*many), (0.0, 0.0), FEW)["auc"]
    clustered = changes(match(*many), (0.0, 0.0), replace(FEW, cluster="of"))["auc"]
    assert clustered.ci[1] - clustered.ci[0] > 2 * (plain.ci[1] - plain.ci[0])


def test_without_rounds_there_are_no_intervals():
    found = changes(match(*paired_sets(10, 10)), (0.0, 0.0), Options(rounds=0))
    assert all(one.ci is one.p_value is one.first_ci is None for one in found.values())
    assert not any(one.is_significant(0.95) for one in found.values())
