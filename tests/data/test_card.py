"""The cards of data sets: all parse, say what they must, and agree with the reference page."""

import re
from dataclasses import fields

import pytest

from truevoice.data import Count, DataCard, RemoteFile, data_cards, info
from truevoice.errors import TruevoiceError, UsageError

ASKED_FOR = {
    "fake-or-real", "in-the-wild", "asvspoof2019-la", "asvspoof2019-pa", "asvspoof2021-la", "asvspoof2021-df",
    "asvspoof5", "wavefake", "librisevoc", "mlaad", "partialspoof", "cfad",
}  # fmt: skip
NAMES = sorted(data_cards())
TEXTS = ("title", "summary", "homepage", "licence", "audio", "layout", "labels", "splits", "paper")
MINIMAL = dict.fromkeys(("name", *TEXTS), "x") | {"languages": ["English"]}


def test_the_register_is_complete_and_sorted():
    assert set(NAMES) >= ASKED_FOR
    assert list(data_cards()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_card_says_what_it_must(name):
    card = info(name)
    assert card.name == name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    for key in TEXTS:
        text = getattr(card, key)
        assert isinstance(text, str), key
        assert text.strip(), key
    assert card.homepage.startswith("https://")
    assert card.languages
    assert card.cautions, "every set has a trap; name it"
    for line in (*card.languages, *card.cautions, *card.unverified):
        assert isinstance(line, str), line
        assert line
    assert card.arxiv is None or re.fullmatch(r"\d{4}\.\d{5}", card.arxiv)
    assert card.sample_rate is None or 8000 <= card.sample_rate <= 48000
    assert re.search(r"bona fide|spoof", card.labels)


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_numbers(name):
    for split, count in info(name).counts.items():
        known = [n for n in (count.bonafide, count.spoof, count.total) if n is not None]
        assert known, split
        assert all(isinstance(n, int) and n >= 0 for n in known), split
        assert (count.bonafide is None) == (count.spoof is None), split
        assert (count.bonafide is None) != (count.total is None), split
    for file in info(name).files:
        assert file.url.startswith("https://")
        assert file.file
        assert file.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.md5 is None or re.fullmatch(r"[0-9a-f]{32}", file.md5)
        assert file.bytes is None or file.bytes > 0


@pytest.mark.parametrize(
    ("name", "split", "bonafide", "spoof"),
    [
        ("in-the-wild", "all", 19963, 11816),
        ("asvspoof2019-la", "train", 2580, 22800),
        ("asvspoof2019-la", "dev", 2548, 22296),
        ("asvspoof2019-la", "eval", 7355, 63882),
        ("asvspoof2021-df", "eval", 14869, 519059),
        ("asvspoof5", "eval", 138688, 542086),
        ("fake-or-real", "for-rerec validation", 1101, 1143),
    ],
)
def test_counts_agree_with_the_reference_page(shared, name, split, bonafide, spoof):
    count = info(name).counts[split]
    assert (count.bonafide, count.spoof) == (bonafide, spoof)
    page = shared("reference/datasets.md").read_text()
    for number in (bonafide, spoof):
        assert f"{number:,}" in page


def test_totals_stated_in_the_reference_page(shared):
    page = shared("reference/datasets.md").read_text()
    counts = {name: info(name).counts for name in ("in-the-wild", "asvspoof5", "asvspoof2021-df", "fake-or-real")}
    sums = {
        "31,779": counts["in-the-wild"]["all"],
        "182,357": counts["asvspoof5"]["train"],
        "140,950": counts["asvspoof5"]["dev"],
        "680,774": counts["asvspoof5"]["eval"],
        "533,928": counts["asvspoof2021-df"]["eval"],
    }
    for stated, count in sums.items():
        assert stated in page
        assert f"{count.bonafide + count.spoof:,}" == stated
    short = [count for split, count in counts["fake-or-real"].items() if split.startswith(("for-2sec", "for-rerec"))]
    assert sum(count.bonafide for count in short) == 15548
    assert sum(count.spoof for count in short) == 15590


def test_labels_that_are_easily_mistaken():
    assert "`bona-fide`" in info("in-the-wild").labels
    assert "`0` (spoof)" in info("partialspoof").labels
    assert "`a00` is bona fide" in info("spoofceleb").labels
    for name in ("wavefake", "mlaad", "timit-tts"):
        assert "Every file is spoof" in info(name).labels


@pytest.mark.parametrize("spelt", ["In-The-Wild", "in_the_wild", " in the wild "])
def test_spelling_of_a_name_is_forgiven(spelt):
    assert info(spelt).name == "in-the-wild"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("asvspoof19-la", "asvspoof2019-la"), ("wavfake", "wavefake"), ("for", "fake-or-real"), ("asvspoof", "asvspoof5")],
)
def test_an_unknown_name_is_answered_with_the_nearest(wrong, right):
    with pytest.raises(UsageError, match=rf"'{wrong}'; did you mean .*{right}") as caught:
        info(wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", ["", "qqqq"])
def test_a_name_near_to_none_is_answered_with_all(wrong):
    with pytest.raises(UsageError, match=r"known are .*wavefake"):
        info(wrong)


def test_an_unknown_or_missing_key_is_an_error():
    with pytest.raises(TruevoiceError, match=r"x.yaml: unknown key colour"):
        DataCard.from_dict(MINIMAL | {"colour": "red"}, "x.yaml")
    for key in MINIMAL:
        with pytest.raises(TruevoiceError, match=rf"x.yaml: .*'{key}'"):
            DataCard.from_dict({k: v for k, v in MINIMAL.items() if k != key}, "x.yaml")
    with pytest.raises(TruevoiceError, match=r"x.yaml: .*crc"):
        DataCard.from_dict(MINIMAL | {"files": [{"url": "u", "file": "f", "crc": 1}]}, "x.yaml")
    with pytest.raises(TruevoiceError, match=r"x.yaml: .*fake"):
        DataCard.from_dict(MINIMAL | {"counts": {"train": {"fake": 1}}}, "x.yaml")


def test_a_minimal_card_is_enough():
    card = DataCard.from_dict(MINIMAL | {"files": [{"url": "u", "file": "f"}]}, "x.yaml")
    assert card.files == (RemoteFile("u", "f"),)
    assert card.counts == {}
    assert card.languages == ("English",)
    assert {f.name for f in fields(card)} >= set(MINIMAL)
    assert Count(1, 2).total is None
