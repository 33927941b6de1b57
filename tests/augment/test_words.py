"""Steps as words of the command line."""

import pytest

from truevoice.augment import KINDS, Chain, parse_step
from truevoice.errors import UsageError


@pytest.mark.parametrize(
    ("word", "step"),
    [
        ("rawboost:5", {"kind": "rawboost", "algorithm": 5}),
        ("rawboost:5@0.8", {"kind": "rawboost", "algorithm": 5, "probability": 0.8}),
        ("rawboost:3,snr_min=20,g_sd=1.5", {"kind": "rawboost", "algorithm": 3, "snr_min": 20, "g_sd": 1.5}),
        ("codec:mp3+opus@0.3", {"kind": "codec", "codecs": ["mp3", "opus"], "probability": 0.3}),
        ("codec:max_kbps=32,codecs=aac+mp3", {"kind": "codec", "max_kbps": 32, "codecs": ["aac", "mp3"]}),
        ("noise:pink+babble", {"kind": "noise", "colours": ["pink", "babble"]}),
        ("noise:/data/musan@0.5", {"kind": "noise", "folder": "/data/musan", "probability": 0.5}),
        ("noise:/data/a,b=c/x@home", {"kind": "noise", "folder": "/data/a,b=c/x@home"}),
        ("noise:C:\\musan,min_snr=0", {"kind": "noise", "folder": "C:\\musan", "min_snr": 0}),
        ("noise:/at@5/noises", {"kind": "noise", "folder": "/at@5/noises"}),
        ("room@0.3", {"kind": "room", "probability": 0.3}),
        ("gain:min_db=-6,max_db=0,on=recording", {"kind": "gain", "min_db": -6, "max_db": 0, "on": "recording"}),
        ("telephone@0.2", {"kind": "telephone", "probability": 0.2}),
        ("shift:0.1@1", {"kind": "shift", "max_seconds": 0.1, "probability": 1.0}),
        ("trim", {"kind": "trim"}),
    ],
)
def test_words(word, step):
    if word.endswith("x@home"):
        with pytest.raises(UsageError, match="after @"):  # no number and no path after it: a slip of the pen
            parse_step(word)
        return
    assert parse_step(word) == step


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_word(kind):
    assert Chain.from_list([parse_step(f"{kind}@0.5")]).to_list()[0]["probability"] == 0.5


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("rawbost:5", ["rawbost:5", "did you mean rawboost?"]),
        ("", ["is not known", "rawboost"]),
        ("gain@often", ["gain@often", "probability"]),
        ("gain@1.5", ["gain@1.5", "between 0 and 1"]),
        ("gain@nan", ["gain@nan", "between 0 and 1"]),
        ("gain:6", ["gain:6", "NAME=VALUE", "min_db"]),
    ],
)
def test_wrong_words(word, words):
    with pytest.raises(UsageError) as caught:
        parse_step(word)
    assert all(part in str(caught.value) for part in words), caught.value


def test_what_a_word_leaves_open_is_checked_by_the_chain():
    with pytest.raises(UsageError, match="did you mean snr_min"):
        Chain.from_list([parse_step("rawboost:5,snr_mim=3")])
    with pytest.raises(UsageError, match="algorithm is a number"):
        Chain.from_list([parse_step("rawboost:five")])
    with pytest.raises(UsageError, match="did you mean opus"):
        Chain.from_list([parse_step("codec:mp3+opuss")])
