"""`truevoice compare` as a user runs it: table, files, both forms on screen, one line for every mistake."""

import csv
import json

import numpy as np
import pytest

import truevoice
from paired_scores import paired_sets, write_scores


@pytest.fixture
def files(tmp_path):
    """Two score files of the same trials; the second is better."""
    return [write_scores(tmp_path / name, one) for name, one in zip(("ours.csv", "theirs.csv"), paired_sets(90, 120))]


def test_two_score_files(cli, files, tmp_path):
    out = tmp_path / "difference"
    status, shown, err = cli("compare", *files, "--names", "old,new", "-o", out, "--rounds", 300)
    assert (status, err) == (0, "")
    for word in ("EER", "AUC", "Accuracy", "old", "new", "better", "90 bona fide and 120 spoof trials", "Holm"):
        assert word in shown
    assert "chosen on the very trials" in shown  # neither file has a threshold
    document = json.loads((out / "comparison.json").read_text())
    (one,) = document["sets"].values()
    assert one["figures"]["eer"]["change"] < 0
    assert one["figures"]["eer"]["p_adjusted"] < 0.05
    assert "<svg" in (out / "report.html").read_text()
    assert document["first"]["origin"] == str(files[0])


def test_the_other_forms(cli, files):
    _, shown, _ = cli("compare", *files, "--rounds", 0, "-f", "json")
    (one,) = json.loads(shown)["sets"].values()
    _, shown, _ = cli("compare", *files, "--rounds", 0, "-f", "csv")
    rows = list(csv.DictReader(shown.splitlines()))
    assert [row["figure"] for row in rows] == ["eer", "auc", "accuracy"]
    assert float(rows[1]["second"]) == one["figures"]["auc"]["second"]
    status, _, err = cli("compare", *files, "-f", "xml")
    assert (status, err) == (1, "truevoice: format 'xml' is not known here: choose json or csv\n")


def test_two_evaluations_and_one_beside_a_file(cli, files, tmp_path):
    folders = []
    for file in files:
        folders.append(tmp_path / file.stem)
        cli("evaluate", "--scores", file, "--threshold", "0", "-o", folders[-1], "--rounds", 0, "-q")
    found = truevoice.compare(*folders, rounds=0)
    (one,) = found.sets.values()
    assert [threshold.value for threshold in one.thresholds] == [0, 0]
    mixed = truevoice.compare(folders[0], files[1], rounds=0)
    assert next(iter(mixed.sets.values())).figures["eer"] == one.figures["eer"]


def test_each_file_has_its_own_sign(cli, files, tmp_path):
    second = paired_sets(90, 120)[1]
    turned = tmp_path / "turned.csv"
    rows = [f"{name},{-score!r}" for name, score in zip(second.names, second.scores.tolist())]
    turned.write_text("\n".join(["trial,score", *rows]) + "\n")
    key = tmp_path / "key.csv"
    labels = np.where(second.bonafide, "bonafide", "spoof")
    key.write_text("\n".join(["trial,label", *(f"{n},{k}" for n, k in zip(second.names, labels))]) + "\n")
    found = truevoice.compare(files[0], turned, key=key, score_means="bonafide,spoof", rounds=0)
    right = truevoice.compare(*files, rounds=0)
    figures = [next(iter(one.sets.values())).figures["auc"].second for one in (found, right)]
    assert figures[0] == figures[1]
    status, shown, _ = cli("compare", files[0], turned, "--key", key, "--rounds", 0)
    assert status == 0
    assert "polarity is most likely flipped" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--cluster", "nobody"), "--cluster nobody: the set has no such column"),
        (("--names", "one"), "--names takes two names"),
        (("--score-means", "a,b,c"), "--score-means takes bonafide or spoof"),
        (("--score-means", "fake"), "--score-means is bonafide or spoof"),
        (("--rounds", "5"), "at least 100"),
        (("--confidence", "95"), "outside 0 to 1"),
    ],
)
def test_mistakes_are_one_line(cli, files, words, told):
    status, shown, err = cli("compare", *files, *words)
    assert (status, shown, err.count("\n")) == (1, "", 1)
    assert told in err


def test_paths_that_cannot_be_meant(cli, files, tmp_path):
    status, _, err = cli("compare", files[0], tmp_path / "absent")
    assert (status, err) == (1, f"truevoice: {tmp_path / 'absent'}: no such file or folder\n")
    (tmp_path / "file").write_text("")
    status, _, err = cli("compare", *files, "-o", tmp_path / "file", "--rounds", 0)
    assert status == 1
    assert err.startswith("truevoice: ")
    assert "cannot be written" in err
