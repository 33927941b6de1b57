"""The plain words: each verdict where it belongs, and none where the trials are too few."""

from dataclasses import replace

import pytest

from paired_scores import paired_sets, side, systems
from truevoice.comparison.comparison import compare_systems
from truevoice.comparison.generalising import judge_set, summarise
from truevoice.comparison.system import System
from truevoice.evaluation.options import Options

BETTER, WORSE, SAME = (0.5, 1.6), (1.6, 0.5), (1.0, 1.0)
MANY, FEW = (200, 300), (8, 9)


def compared(name, apart, sizes=MANY, seed=1):
    first, second = paired_sets(*sizes, apart=apart, seed=seed)
    return compare_systems(*systems(first, second, name), Options(rounds=500)).sets[name]


def summary_of(own, custom, *others, custom_sizes=MANY, **more):
    sets = [(compared("own", own), "own"), (compared("custom", custom, custom_sizes), "custom")]
    sets += [(compared(f"other-{at}", apart), "other") for at, apart in enumerate(others)]
    return summarise(sets, 0.95, **more)


def test_each_kind_of_set():
    kinds = {judge_set(compared("x", apart), "own", 0.95).kind for apart in (BETTER,)}
    assert kinds == {"better"}
    assert judge_set(compared("x", WORSE), "own", 0.95).kind == "worse"
    assert judge_set(compared("x", SAME, FEW), "own", 0.95).kind == "unclear"
    assert judge_set(compared("x", SAME, (3000, 3000)), "own", 0.95).kind == "unchanged"


@pytest.mark.parametrize(
    ("own", "custom", "sizes", "verdict", "words"),
    [
        (BETTER, BETTER, MANY, "generalises", "it generalises to it"),
        (BETTER, WORSE, MANY, "harmful", "does not generalise"),
        (BETTER, SAME, (3000, 3000), "own-domain-only", "does not generalise to it"),
        (BETTER, SAME, FEW, "not-shown", "not shown to generalise"),
        (SAME, SAME, FEW, "too-few-trials", "cannot be told"),
        (SAME, BETTER, MANY, "custom-only", "the detector is better"),
        (WORSE, WORSE, MANY, "harmful", "and on the custom set it got worse"),
        (WORSE, SAME, (3000, 3000), "no-gain", "worse even on the data it was made with"),
    ],
)
def test_each_verdict(own, custom, sizes, verdict, words):
    found = summary_of(own, custom, custom_sizes=sizes)
    assert found.verdict == verdict
    assert words in found.headline


def test_forgetting_is_told_of_other_sets_only():
    found = summary_of(BETTER, BETTER, WORSE)
    assert found.forgotten == ["other-0"]
    assert any("On other-0" in sentence and "forgotten" in sentence for sentence in found.sentences)
    assert not any("forgotten" in sentence for sentence in summary_of(BETTER, BETTER).sentences)


def test_few_trials_are_told():
    found = summary_of(BETTER, SAME, custom_sizes=FEW)
    assert any(sentence.startswith("custom has fewer than 20 trials") for sentence in found.sentences)


def test_validation_does_not_count_for_the_conclusion():
    sets = [(compared("own", SAME, FEW), "own"), (compared("val", BETTER), "validation")]
    assert summarise([*sets, (compared("custom", SAME, FEW), "custom")], 0.95).verdict == "too-few-trials"


def test_a_leaked_custom_set_never_generalises():
    found = summary_of(BETTER, BETTER, learnt=3)
    assert found.verdict == "leaked"
    assert "3 recordings" in found.headline


def test_without_rounds_nothing_is_claimed():
    first, second = paired_sets(100, 100, apart=BETTER)
    one = compare_systems(*systems(first, second), Options(rounds=0)).sets["custom"]
    found = summarise([(one, "own"), (one, "custom")], 0.95)
    assert found.verdict == "not-tested"
    assert "chance" not in " ".join([found.headline, *found.sentences])


def test_too_few_rounds_are_not_taken_for_too_few_trials():
    """With 100 rounds no bootstrap p-value is under 2 / 101, which the correction for three sets lifts over 5 %."""
    sets = {name: paired_sets(*MANY, apart=BETTER, seed=1) for name in ("own", "custom", "third")}
    both = [
        System(word, word, "scores", {name: side(pair[at]) for name, pair in sets.items()})
        for at, word in enumerate("AB")
    ]
    found = compare_systems(*both, Options(rounds=100))
    assert [one.code for one in found.findings] == ["too-few-rounds"]
    judged = [(found.sets["own"], "own"), (found.sets["custom"], "custom"), (found.sets["third"], "other")]
    assert summarise(judged, 0.95, can_tell=found.can_tell).verdict == "not-tested"
    enough = compare_systems(*both, Options(rounds=found.rounds_needed))
    assert (enough.findings, enough.can_tell) == ([], True)
    assert all(figure.is_significant(0.95) for one in enough.sets.values() for figure in one.figures.values())


def test_a_set_that_the_epoch_was_chosen_on_is_not_tested_and_costs_the_others_nothing():
    first, second = ({n: paired_sets(*MANY, apart=BETTER, seed=s)[at] for s, n in enumerate("ab")} for at in (0, 1))
    both = [System(w, w, "scores", {n: side(x) for n, x in own.items()}) for w, own in (("A", first), ("B", second))]
    found = compare_systems(*both, Options(rounds=500), untested=["b"])
    assert found.tests == 3
    assert "b not among them" in found.method()
    chosen_on = found.sets["b"].figures.values()
    assert all(one.ci and one.p_value is None and one.p_adjusted is None for one in chosen_on)
    alone = compare_systems(*[replace(s, sides={"a": s.sides["a"]}) for s in both], Options(rounds=500))
    assert found.sets["a"].figures == alone.sets["a"].figures
    summary = summarise([(found.sets["b"], "validation"), (found.sets["a"], "custom")], 0.95)
    assert summary.verdict == "custom-only"  # nothing of the data fine-tuned on was tested
    assert "was not tested" in summary.headline
