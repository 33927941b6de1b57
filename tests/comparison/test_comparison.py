"""A comparison as a whole: sets by name, one correction for all, flips and groups that add up."""

import json

import numpy as np
import pytest

from paired_scores import paired_sets, side
from truevoice.comparison.comparison import compare_systems
from truevoice.comparison.flips import GAINED, LOST
from truevoice.comparison.significance import holm
from truevoice.comparison.system import System
from truevoice.errors import UsageError
from truevoice.evaluation.options import Options


def two(names_first, names_second):
    sets = {name: paired_sets(40, 50, apart=(0.8, 1.1), seed=at) for at, name in enumerate("abc")}
    return (
        System("A", "A", "evaluations", {name: side(sets[name][0]) for name in names_first}),
        System("B", "B", "evaluations", {name: side(sets[name][1]) for name in names_second}),
    )


def test_sets_are_matched_by_name_and_the_others_told():
    found = compare_systems(*two("ab", "bc"), Options(rounds=0))
    assert list(found.sets) == ["b"]
    assert [finding.message for finding in found.findings] == [
        "Set a is in A only; it is not compared.",
        "Set c is in B only; it is not compared.",
    ]
    with pytest.raises(UsageError, match="none in common"):
        compare_systems(*two("ab", "c"), Options(rounds=0))
    assert list(compare_systems(*two("a", "a"), Options(rounds=0)).sets) == ["a"]


def test_one_correction_for_all_sets_and_figures():
    found = compare_systems(*two("abc", "abc"), Options(rounds=200))
    figures = [figure for one in found.sets.values() for figure in one.figures.values()]
    assert len(figures) == found.tests == 9
    assert [figure.p_adjusted for figure in figures] == holm([figure.p_value for figure in figures])
    assert "9 tests (Holm)" in found.method()


def test_flips_and_groups_add_up():
    first, second = paired_sets(70, 90, apart=(0.5, 1.0))
    one = compare_systems(*[System(n, n, "", {"s": side(x)}) for n, x in (("A", first), ("B", second))]).sets["s"]
    right = [(x.scores >= 0) == x.bonafide for x in (first, second)]
    names = np.array(first.names)
    assert {flip.trial for flip in one.flips if flip.kind == GAINED} == set(names[~right[0] & right[1]])
    assert {flip.trial for flip in one.flips if flip.kind == LOST} == set(names[right[0] & ~right[1]])
    moved = [flip.moved for flip in one.flips]
    assert moved == sorted(moved, reverse=True)
    for groups in one.groups.values():
        assert sum(group.trials for group in groups) == 160
        assert sum(group.second_right for group in groups) == right[1].sum()
        assert sum(group.gained - group.lost for group in groups) == right[1].sum() - right[0].sum()
    assert {(group.value, group.label) for group in one.groups["attack"]} == {
        ("(bona fide)", "bonafide"),
        *((f"A0{n}", "spoof") for n in range(3)),
    }


def test_it_is_plain_json():
    found = compare_systems(*two("ab", "ab"), Options(rounds=100))
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["sets"]["a"]["figures"]["eer"]["change"] == found.sets["a"].figures["eer"].change
    assert document["first"]["name"] == "A"


def test_one_class_only_is_an_error():
    first, _ = paired_sets(20, 20)
    lonely = first.take(first.bonafide)
    for threshold in (None, 0.0):
        with pytest.raises(UsageError, match="no spoof one"):
            compare_systems(*[System(n, n, "", {"s": side(lonely, threshold=threshold)}) for n in "AB"])
