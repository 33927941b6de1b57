"""`truevoice tune`: options, errors, and a real search of a few short trainings."""

import csv
import json

import pytest
import yaml

import truevoice
from speech import clips
from truevoice.audio import load_audio
from truevoice.cli.__main__ import main
from truevoice.training.recipe import read_settings


@pytest.fixture
def tune(capsys):
    def run(*words):
        with pytest.raises(SystemExit) as left:
            main(["tune", *map(str, words)])
        return left.value.code, capsys.readouterr()

    return run


def table_of_real_speech(corpus, folder):
    """40 recordings of the corpus, with the splits that they have there."""
    with (corpus / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = ["path,label,split,speaker"]
    for split, count in (("train", 13), ("val", 7)):
        for label in ("bonafide", "spoof"):
            mine = [row for row in rows if (row["split"], row["label"]) == (split, label)][:: len(rows) // 100]
            lines += [f"{corpus / row['path']},{label},{split},{row['speaker']}" for row in mine[:count]]
    path = folder / "forty.csv"
    path.write_text("\n".join(lines) + "\n")
    assert len(lines) == 41
    return path


def test_a_real_search(tune, tmp_path, shared, one_thread):
    data = table_of_real_speech(shared("corpus/dev"), tmp_path)
    out = tmp_path / "search"
    words = ["--preset", "mel-cnn", "--data", data, "-o", out, "--method", "grid", "--epochs", 1, "--batch-size", 8]
    words += ["--vary", "network.arguments.channels=1,2", "--search-seed", 1, "--no-leak-report"]
    status, screen = tune(*words, "--trials", 1)
    assert status == 0, screen.err
    assert "1 of 1: trial 000" in screen.err
    first = (out / "trials/000/metrics.jsonl").read_bytes()
    status, screen = tune(*words)
    assert status == 0, screen.err
    assert (out / "trials/000/metrics.jsonl").read_bytes() == first, "what was done is not done again"
    study = json.loads((out / "study.json").read_text())
    assert study["counts"]["complete"] == 2
    assert {one["params"]["network.arguments.channels"] for one in study["trials"]} == {1, 2}
    best = study["best"]
    assert best["value"] == best["figures"]["validation"]["eer"] == min(one["value"] for one in study["trials"])
    assert read_settings(out / "best.yaml").network.arguments == {
        "channels": best["params"]["network.arguments.channels"]
    }
    detector = truevoice.load(checkpoint=out / best["checkpoint"])
    assert detector.score(load_audio(clips()[0]), 16000).score == pytest.approx(0, abs=100)
    assert str(out / "report.html") in screen.out
    assert "optimistic" in screen.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "where to? -o"),
        (("-o", "s"), "which model?"),
        (("-o", "s", "-m", "mel-cnn"), "which recordings?"),
        (("-o", "s", "-m", "mel-cnn", "--data", "d"), "what is to be varied?"),
        (("-o", "s", "-m", "mel-cnn", "--data", "d", "--vary", "optimizer.lr=1,2"), "did you mean optimiser.lr"),
        (("-o", "s", "-m", "mel-cnn", "--data", "d", "--vary", "optimiser.lr=1,2", "--trials", "-1"), "0 or more"),
        (("-o", "s", "--preset", "mel-cnn-gird", "--data", "d"), "did you mean mel-cnn-grid"),
        (("-o", "s", "--preset", "mel-cnn", "--data", "d", "--space", "none.yaml"), "none.yaml: no such file"),
        (("-o", "s", "--preset", "mel-cnn-grid", "--data", "d", "--vary", "optimiser.lr=1e-5..1e-3"), "points=5"),
        (("-o", "s", "--preset", "mel-cnn-grid", "--data", "d", "--jobs", "0"), "--jobs"),
        (("-o", "s", "--preset", "mel-cnn-grid", "--data", "d", "--format", "xml"), "choose json"),
        (("-o", "s", "-m", "mel-cnn", "--data", "d", "--vary", "loss.margin=1,2", "--vary", "loss.margin=3"), "twice"),
    ],
)
def test_wrong_requests(tune, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    status, screen = tune(*words)
    assert status == 1
    assert told in screen.err
    assert len(screen.err.splitlines()) == 1
    assert not list(tmp_path.glob("s/trials/*"))


def test_a_set_that_is_not_there(tune, tmp_path):
    status, screen = tune("--preset", "mel-cnn-grid", "--data", tmp_path / "none", "-o", tmp_path / "s", "-q")
    assert status == 1
    assert str(tmp_path / "none") in screen.err.splitlines()[-1]
    assert "all failed" in screen.err


def test_a_preset_may_be_narrowed(tune, tmp_path):
    """What --vary says replaces the preset's axis; a setting that is not varied is an option of train."""
    space = tmp_path / "space.yaml"
    space.write_text(yaml.safe_dump({"schedule.batch_size": [8], "schedule.epochs": [1]}))
    words = ("--preset", "mel-cnn-grid", "--data", tmp_path / "none", "-o", tmp_path / "s", "-q", "--space", space)
    status, _ = tune(
        *words, "--vary", "optimiser.lr=0.5,0.25", "--vary", "network.arguments.channels=3", "--dropout-free"
    )
    assert status == 1  # an option that is not there
    status, _ = tune(*words, "--vary", "optimiser.lr=0.5,0.25", "--vary", "network.arguments.channels=3", "--seed", 7)
    assert status == 1  # the set is not there
    study = json.loads((tmp_path / "s/study.json").read_text())
    assert [one["values"] for one in study["space"]] == [[3], [0.5, 0.25], [8], [1]]
    assert study["n_trials"] == 2
    assert study["settings"]["schedule"]["seed"] == 7
