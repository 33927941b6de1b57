"""Words for a class, and the refusal to guess numbers."""

import pytest

from truevoice.data.labels import parse_label_map, read_label
from truevoice.errors import UsageError


@pytest.mark.parametrize("word", ["bonafide", "Bona-Fide", "bona fide", "bona_fide", "REAL", "genuine", "human"])
def test_bona_fide(word):
    assert read_label(f" {word} ") == "bonafide"


@pytest.mark.parametrize("word", ["spoof", "FAKE", "Deep-Fake", "synthetic", "generated", "spoofed", "AI-generated"])
def test_spoof(word):
    assert read_label(word) == "spoof"


@pytest.mark.parametrize("word", ["", "-", "unknown", "N/A", "None"])
def test_unlabelled(word):
    assert read_label(word) == ""


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        *((word, "1=spoof,0=bonafide") for word in ("0", "1", "-1", "0.0", "1.", "2")),
        *((word, "true=spoof,false=bonafide") for word in ("True", "false")),
    ],
)
def test_numbers_are_never_guessed(word, remedy):
    with pytest.raises(UsageError, match=f"nobody can know.*--label-map {remedy}"):
        read_label(word)


@pytest.mark.parametrize("word", ["0.97", ".5", "-1.25", "3.1e-05"])
def test_scores_are_no_labels(word):
    with pytest.raises(UsageError, match="a number as scores are; name the column of labels with --label-column"):
        read_label(word)


def test_unknown_words_ask_for_a_meaning():
    with pytest.raises(UsageError, match="--label-map vocoded=spoof"):
        read_label("vocoded")
    with pytest.raises(UsageError, match="--label-map 'my robot=spoof'"):  # as a shell needs it
        read_label("my robot")
    with pytest.raises(UsageError, match="not in --label-map: add 2="):
        read_label("2", {"1": "spoof", "0": "bonafide"})


def test_maps():
    label_map = parse_label_map(" 1=Fake, 0.0 = real ,vocoded=spoof,Noise=,")
    assert label_map == {"1": "spoof", "0": "bonafide", "vocoded": "spoof", "noise": ""}
    assert [read_label(word, label_map) for word in ("1.0", "0", "VOCODED", "noise", "human")] == [
        *("spoof", "bonafide", "spoof", "", "bonafide")
    ]
    assert read_label("True", parse_label_map("true=bonafide,false=spoof")) == "bonafide"
    assert read_label("real", parse_label_map("real=spoof")) == "spoof"  # the map goes first
    assert read_label("Big", {"Big": "spoof"}) == "spoof"


@pytest.mark.parametrize("text", ["", " , ", "1", "1=maybe", "=spoof", "1=spoof,1=bonafide", "1=0"])
def test_maps_that_are_none(text):
    with pytest.raises(UsageError, match="--label-map"):
        parse_label_map(text)
