"""The plain words: each verdict where it belongs, and none where the trials are too few."""

import pytest

from paired_scores import paired_sets, systems
from truevoice.comparison.comparison import compare_systems
from truevoice.comparison.generalising import judge_set, summarise
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
    assert summarise([(one, "own"), (one, "custom")], 0.95).verdict == "too-few-trials"
