"""`truevoice data leaks` as a user runs it."""

import json

import pytest

from trees import plant, write

HEADER = "path,label,split,speaker"


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Twelve recordings in three splits; Ann speaks in two of them."""
    root = plant(tmp_path / "mine", *(f"word{at}{'abcdefghijkl'[at]}.wav" for at in range(12)))
    rows = []
    for at in range(12):
        split, label = ("train", "val", "test")[at // 4], ("bonafide", "spoof")[at % 2]
        who = "Ann" if at in (0, 4) else f"S{at}"
        rows.append(f"word{at}{'abcdefghijkl'[at]}.wav,{label},{split},{who}")
    write(root, "manifest.csv", HEADER, *rows)
    monkeypatch.chdir(tmp_path)
    return root


def test_what_it_prints_and_writes(cli, mine):
    status, out, err = cli("data", "leaks", "mine", "-o", "out")
    assert (status or 0, err) == (0, "")
    for words in ("train: 2 bona fide, 2 spoof", "AUC train", "AUC validation", "AUC test", "duration", "format"):
        assert words in out
    assert "warning: 1 of 4 speakers of validation are in train too (Ann)" in out
    read = json.loads((mine.parent / "out" / "leaks.json").read_text())
    assert list(read["sets"]) == ["train", "validation", "test"]
    assert read["shared"][0]["speakers"] == {"Ann": 2}


def test_as_json_and_strict(cli, mine):
    status, out, _ = cli("data", "leaks", "mine", "--format", "json", "--strict", "--no-trees")
    assert status == 3
    assert "shared-speakers" in [finding["code"] for finding in json.loads(out)["findings"]]
    status, out, _ = cli(
        "data", "leaks", "mine", "--train-splits", "train,val", "--val-fraction", "0.4", "--strict", "-q"
    )
    assert (status or 0, out) == (0, "")  # divided by speaker there is nothing to warn of


def test_further_sets_by_name(cli, mine):
    write(mine.parent, "other.csv", "path,label", "mine/word0a.wav,bonafide", "mine/word11l.wav,spoof")
    status, out, _ = cli("data", "leaks", "mine", "--test", "wild=other.csv", "--hold-out", "S1", "--hold-out", "Ann")
    assert status in (0, None)
    assert "held-out: 2 bona fide, 1 spoof" in out
    assert "note: 1 recording of held-out sounds the same as one of wild (1 byte for byte)" in out
    assert "word0a.wav = mine/word0a.wav" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--test", "other.csv"], "NAME=FOLDER_OR_TABLE"),
        (["--train-splits", "tran"], "did you mean train"),
        (["--format", "csv"], "choose json"),
        (["--group-by", "singer", "--train-splits", "train,val"], "--group-by singer"),
    ],
)
def test_wrong_requests_are_one_line(cli, mine, words, told):
    status, out, err = cli("data", "leaks", "mine", *words)
    assert (status, out) == (1, "")
    assert told in err
    assert len(err.strip().splitlines()) == 1
