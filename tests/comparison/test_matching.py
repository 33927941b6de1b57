"""Trials are joined by name; what does not fit is told, and contradictions end the comparison."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paired_scores import paired_sets, systems
from truevoice.comparison.comparison import compare_systems
from truevoice.comparison.matching import match
from truevoice.errors import UsageError
from truevoice.evaluation.options import Options

NONE = Options(rounds=0)


@given(st.permutations(range(12)), st.sets(st.integers(0, 11), max_size=4))
def test_the_order_of_files_does_not_matter(order, absent):
    first, second = paired_sets(6, 6)
    shuffled = second.take([at for at in order if at not in absent])
    if shuffled.n_bonafide and shuffled.n_spoof:
        found = match(first, shuffled)
        assert found.first.names == found.second.names
        by_name = dict(zip(second.names, second.scores.tolist()))
        assert [by_name[name] for name in found.second.names] == found.second.scores.tolist()
        assert set(found.only_first) == {first.names[at] for at in absent}
        assert found.only_second == found.ambiguous == []


def test_folders_and_extensions_do_not_matter_where_that_is_unambiguous():
    first, second = paired_sets(4, 4)
    other = replace(
        second, names=[f"elsewhere/{name.split('/')[-1].replace('.flac', '.wav')}" for name in second.names]
    )
    found = match(first, other)
    assert len(found.first) == 8
    assert "without folders" in found.notes[0]
    twice = replace(first, names=["a/x.wav", "b/x.wav", *first.names[2:]])
    single = replace(second, names=["x.wav", "y.wav", *second.names[2:]])
    found = match(twice, single)
    assert found.ambiguous == ["a/x.wav", "b/x.wav"]
    assert found.only_second == ["x.wav", "y.wav"]
    assert len(found.first) == 6


def test_contradicting_labels_are_an_error():
    first, second = paired_sets(5, 5)
    truth = second.bonafide.copy()
    truth[2] = False
    with pytest.raises(UsageError, match=r"1 of 10 common trials .* such as clips/u2.flac: bonafide in A, spoof in B"):
        match(first, replace(second, bonafide=truth), ("A", "B"))
    with pytest.raises(UsageError, match="label map turned round"):
        match(first, replace(second, bonafide=~second.bonafide))


def test_nothing_in_common_is_an_error():
    first, second = paired_sets(5, 5)
    with pytest.raises(UsageError, match="no trial in common"):
        match(first, replace(second, names=[f"v{at}" for at in range(10)]))
    with pytest.raises(UsageError, match="no bona fide one"):
        match(first.take(~first.bonafide), second)


def test_what_is_left_out_is_found_and_told():
    first, second = paired_sets(40, 60)
    found = compare_systems(*systems(first, second.take(np.arange(3, 100))), NONE)
    told = [finding for finding in found.sets["custom"].findings if finding.code == "trials-differ"]
    assert "3 trials" in told[0].message
    assert "97 common ones" in told[0].message
    assert found.to_dict()["sets"]["custom"]["left_out"]["only_first"] == first.names[:3]


def test_the_doctor_looks_at_each_side():
    first, second = paired_sets(60, 90)
    turned = replace(second, scores=-second.scores)
    codes = {
        finding.code: finding for finding in compare_systems(*systems(first, turned), NONE).sets["custom"].findings
    }
    assert codes["flipped-polarity"].severity == "error"
    assert codes["flipped-polarity"].message.startswith("B: ")
    codes = [finding.code for finding in compare_systems(*systems(first, first), NONE).sets["custom"].findings]
    assert "same-scores" in codes
    negated = replace(first, scores=-first.scores)
    codes = [finding.code for finding in compare_systems(*systems(first, negated), NONE).sets["custom"].findings]
    assert "turned-round" in codes


def test_a_name_with_a_line_end_stays_in_its_one_line():
    first, second = (replace(one, names=[f"a\nb{at}" for at in range(60)]) for one in paired_sets(30, 30))
    for other in (replace(second, bonafide=~second.bonafide), replace(second, names=[f"x\n{at}" for at in range(60)])):
        with pytest.raises(UsageError) as told:
            compare_systems(*systems(first, other), NONE)
        assert "\n" not in str(told.value)


def test_a_threshold_of_the_test_itself_is_told():
    first, second = paired_sets(30, 30)
    honest = compare_systems(*systems(first, second), NONE).sets["custom"]
    assert "threshold-on-test" not in [finding.code for finding in honest.findings]
    own = compare_systems(*systems(first, second, threshold=None), NONE).sets["custom"]
    assert [one.on_test for one in own.thresholds] == [True, True]
    told = [finding.message for finding in own.findings if finding.code == "threshold-on-test"]
    assert len(told) == 1  # the same words for both are said once
    assert told[0].startswith("A and B: ")
