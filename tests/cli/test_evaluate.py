"""`truevoice evaluate` and `truevoice calibrate` as a user runs them: files, findings, one line for every mistake."""

import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import truevoice
from fakes import level_detector
from formats import encode
from speech import clips, speech
from truevoice.commands.labelled_set import Listening
from truevoice.commands.subject import Decisions
from truevoice.detectors.card import cards


@pytest.fixture
def tree(tmp_path):
    """Real/Fake folders: speech turned round in time for the real ones, so that scores differ; one file is broken."""
    place = tmp_path / "set"
    for folder in ("Real", "FAKE"):
        (place / folder).mkdir(parents=True)
    for number, level in enumerate((1.0, 0.5, 0.25, 0.1)):
        (place / "Real" / f"r{number}.wav").write_bytes(encode("wav", level * speech()[::-1].copy(), 16000))
    for clip in clips()[:4]:
        shutil.copy(clip, place / "FAKE" / clip.name)
    (place / "FAKE" / "broken.wav").write_bytes(b"RIFF----WAVE")
    return place


@pytest.fixture
def score_file(tmp_path):
    """Forty trials of two attacks and four speakers, with a header as people write it."""
    random = np.random.default_rng(0)
    path = tmp_path / "theirs.csv"
    lines = ["utt,score,label,attack,speaker"]
    for i in range(40):
        real = i % 2 == 0
        score = random.normal(1.5 if real else -1.5)
        lines.append(f"u{i},{score:.6f},{'bonafide' if real else 'spoof'},{'' if real else f'A{i % 4}'},s{i % 5}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_folder(cli, tree, tmp_path):
    out = tmp_path / "report"
    status, shown, err = cli("evaluate", tree, "-o", out, "--rounds", 100)
    assert (status, err) == (2, "")  # one recording could not be scored
    assert "broken.wav" in shown
    for word in ("EER", "AUC", "sensitivity", "at threshold", "4 bona fide and 4 spoof trials", "mel-cnn"):
        assert word in shown
    metrics = json.loads((out / "metrics.json").read_text())
    assert {"eer", "auc", "accuracy", "threshold", "n_bonafide", "n_spoof", "ci"} <= set(metrics)
    assert (metrics["n_bonafide"], metrics["n_spoof"], metrics["threshold_on_test"]) == (4, 4, False)
    with (out / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    truth = {row["trial"].split("/")[-1]: (row["label"], bool(row["error"])) for row in rows}
    assert truth["r0.wav"] == ("bonafide", False)
    assert truth[clips()[0].name] == ("spoof", False)
    assert truth["broken.wav"] == ("spoof", True)
    assert len(rows) == 9
    page = (out / "report.html").read_text()
    assert "<svg" in page
    assert "mel-cnn" in page


def test_scores_are_those_of_score(cli, tree, tmp_path):
    cli("evaluate", tree, "-o", tmp_path / "e", "--rounds", 0, "-q")
    cli("score", tree, "-o", tmp_path / "s", "-q")
    read = []
    for folder in "es":
        with (tmp_path / folder / "scores.csv").open(newline="") as file:
            table = list(csv.DictReader(file))
            read.append((list(table[0]), {row["trial"].split("/")[-1]: row["score"] for row in table}))
    assert read[0] == read[1]


def test_what_was_scored_is_not_scored_again(cli, tree, tmp_path, monkeypatch):
    out = tmp_path / "report"
    cli("evaluate", tree, "-o", out, "--rounds", 0)
    (tree / "FAKE" / "broken.wav").unlink()
    monkeypatch.setattr("truevoice.detectors.onnx_engine.OnnxEngine.run", None)
    status, shown, _ = cli("evaluate", tree, "-o", out, "--rounds", 0, "--threshold", "0.25")
    assert status == 0
    assert "at threshold 0.2500 (given: 0.25)" in shown
    with (out / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["threshold"] for row in rows} == {"0.25"}
    assert len(rows) == 8  # the row of the recording that is gone has gone with it


def test_a_score_file(cli, score_file, tmp_path):
    out = tmp_path / "report"
    status, shown, err = cli("evaluate", "--scores", score_file, "--cluster", "speaker", "-o", out, "--rounds", 100)
    assert (status, err) == (0, "")
    assert "threshold was chosen on the very trials" in shown
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["threshold_on_test"]
    assert {group["value"] for group in metrics["breakdowns"]["attack"]} == {"A1", "A3"}
    again = truevoice.evaluate(scores=score_file, rounds=0)
    assert again["eer"] == metrics["eer"]
    with (out / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (len(rows), rows[0]["verdict"], rows[0]["p_spoof"]) == (40, "", "")  # no calibration, no verdict
    assert truevoice.evaluate(scores=out / "scores.csv", rounds=0)["auc"] == metrics["auc"]


def test_the_sign_of_scores(cli, score_file, tmp_path):
    flipped = tmp_path / "flipped.csv"
    lines = score_file.read_text().splitlines()
    cells = [line.split(",") for line in lines[1:]]
    flipped.write_text("\n".join([lines[0], *(",".join([c[0], str(-float(c[1])), *c[2:]]) for c in cells)]))
    right = truevoice.evaluate(scores=score_file, rounds=0)
    assert truevoice.evaluate(scores=flipped, score_means="spoof", rounds=0)["eer"] == right["eer"]
    status, shown, _ = cli("evaluate", "--scores", flipped, "--rounds", 0)
    assert status == 0
    assert "error" in shown
    assert "--score-means" in " ".join(shown.split())


def test_a_field_score_file_with_its_key(cli, tmp_path):
    (tmp_path / "scores.txt").write_text("".join(f"LA_E_{i} {2 * (i % 2) - 1 + i / 100}\n" for i in range(20)))
    (tmp_path / "trial_metadata.txt").write_text(
        "".join(
            f"LA_0009 LA_E_{i} alaw ita_tx {'-' if i % 2 else 'A07'} {'bonafide' if i % 2 else 'spoof'} notrim "
            f"{'eval' if i < 12 else 'progress'}\n"
            for i in range(20)
        )
    )
    words = ("evaluate", "--scores", tmp_path / "scores.txt", "--key", tmp_path / "trial_metadata.txt", "--rounds", 0)
    status, shown, _ = cli(*words, "--subset", "eval")
    assert status == 0
    assert "6 bona fide and 6 spoof trials" in shown
    status, shown, _ = cli(*words, "-f", "json")
    assert json.loads(shown)["n_spoof"] == 10
    status, shown, _ = cli(*words, "-f", "csv")
    assert next(csv.DictReader(shown.splitlines()))["figure"] == "eer"


def test_a_development_set_gives_the_threshold(cli, score_file, tmp_path):
    dev = tmp_path / "dev.csv"
    dev.write_text("trial,score,label\na,3,bonafide\nb,2,bonafide\nc,1,spoof\nd,0,spoof\n")
    status, shown, _ = cli("evaluate", "--scores", score_file, "--dev", dev, "--rounds", 0)
    assert status == 0
    assert "at threshold 2.0000 (EER threshold of the development set" in shown
    assert "very trials" not in shown
    _, shown, _ = cli("evaluate", "--scores", score_file, "--dev", score_file, "--rounds", 0)
    assert "40 trials stand both in the development set" in shown


def test_a_folder_as_development_set(cli, tree, tmp_path):
    status, shown, _ = cli("evaluate", tree, "--dev", tree, "-o", tmp_path / "out", "--rounds", 0)
    assert status == 2
    assert "8 trials stand both" in shown
    with (tmp_path / "out" / "scores.csv").open(newline="") as file:
        thresholds = {row["threshold"] for row in csv.DictReader(file) if not row["error"]}
    assert thresholds == {str(json.loads((tmp_path / "out" / "metrics.json").read_text())["threshold"])}


def test_calibrate_then_use_it(cli, score_file, tree, tmp_path):
    cal = tmp_path / "cal.json"
    status, shown, _ = cli("calibrate", "--scores", score_file, "-o", cal)
    assert status == 0
    for name in ("balanced", "eer", "low-false-alarm", "high-recall"):
        assert name in shown
    found = truevoice.evaluate(scores=score_file, calibration=cal, rounds=0)
    assert found["brier"] < 0.1
    assert not found.threshold.on_test
    _, shown, _ = cli(
        "evaluate", "--scores", score_file, "--calibration", cal, "--threshold", "high-recall", "--rounds", 0
    )
    assert "high-recall of" in shown
    status, _, err = cli("evaluate", "--scores", score_file, "--calibration", cal, "--threshold", "high-recal")
    assert (status, "did you mean high-recall" in err) == (1, True)


def test_calibrate_a_detector(cli, tmp_path):
    """The labels follow the scores, one pair apart, so that the detector is right by construction."""
    cal, detector = tmp_path / "cal.json", truevoice.load()
    ranked = sorted(clips(), key=lambda clip: detector.score(clip).score)
    ranked[2], ranked[3] = ranked[3], ranked[2]
    lines = [f"{clip},{'spoof' if place < 3 else 'bonafide'}" for place, clip in enumerate(ranked)]
    (tmp_path / "dev.csv").write_text("\n".join(["path,label", *lines]))
    status, _, err = cli("calibrate", "--dev", tmp_path / "dev.csv", "-o", cal)
    assert (status, err) == (0, "")
    stored = json.loads(cal.read_text())
    assert stored["model"] == "mel-cnn"
    assert stored["windows"]["kind"] == "overlap"
    clip = clips()[0]
    status, shown, _ = cli("score", clip, "--calibration", cal, "--threshold", "eer", "-f", "jsonl")
    assert json.loads(shown)["threshold"] == stored["thresholds"]["eer"]["score"]
    stored["checksum"] = "1" * 64
    cal.write_text(json.dumps(stored))
    status, _, err = cli("score", clip, "--calibration", cal)
    assert (status, "was made for mel-cnn with weights 111111111111" in err) == (1, True)


def test_a_published_model_hears_its_authors_window(cli, tree, shared):
    words = ("evaluate", tree, "-m", "aasist-l", "--checkpoint", shared("weights/AASIST-L.pth"), "--rounds", 0)
    _, shown, _ = cli(*words)
    assert "windows: first 4.04 s" in " ".join(shown.split())
    _, shown, _ = cli(*words, "--windows", "overlap")
    assert "windows: 4.04 s every 2.02 s" in " ".join(shown.split())


def test_windows_of_the_authors_may_be_whole_recordings(cli, tree):
    status, shown, _ = cli("evaluate", tree, "--windows", "whole", "--rounds", 0)
    assert status == 2
    assert "windows: whole recordings, at most 60 s at once" in " ".join(shown.split())
    card = cards()["lcnn"]
    assert card.heard == "whole"
    detector = replace(level_detector(calibrated=False), card=card)
    _, policy = Listening(detector=detector).open(Decisions(), as_published=True)
    assert policy.kind == "whole"
    _, policy = Listening(detector=detector, windows="first").open(Decisions(), as_published=True)
    assert (policy.kind, policy.window) == ("first", 64_600)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "one of the two"),
        (["{tree}", "--scores", "{scores}"], "one of the two"),
        (["{tmp}/absent"], "absent"),
        (["{tmp}/empty"], "empty"),
        (["{tmp}/oneclass"], "all 2 trials are spoof"),
        (["{tmp}/numbers.csv"], "--label-map"),
        (["{tree}", "--split", "test"], "no split 'test'"),
        (["{tree}", "--threshold", "1", "--dev", "{tree}"], "not both"),
        (["{tree}", "--rounds", "3"], "--rounds"),
        (["{tree}", "--cluster", "speaker"], "--cluster speaker"),
        (["--scores", "{scores}", "-m", "mel-cnn"], "has its scores already"),
        (["--scores", "{tmp}/unlabelled.csv"], "no labels"),
        (["--scores", "{tmp}/words.csv"], "is not a number"),
        (["--scores", "{tmp}/batches.csv"], "averages over batches"),
        (["--scores", "{scores}", "--key", "{tmp}/otherkey.txt"], "another protocol"),
        (["--scores", "{scores}", "--calibration", "{scores}"], "is not a calibration"),
        (["--scores", "{scores}", "--threshold", "balanced"], "--calibration"),
        (["--scores", "{scores}", "--threshold", "nan"], "finite"),
        (["--scores", "{scores}", "-f", "xml"], "json or csv"),
        (["--scores", "{scores}", "--p-spoof", "1"], "costs"),
        (["--scores", "{scores}", "-o", "{scores}"], "cannot be written"),
        (["{tree}", "--score-means", "spoof"], "--scores"),
    ],
)
def test_one_clear_line(cli, tree, score_file, tmp_path, words, said):
    (tmp_path / "empty").mkdir()
    (tmp_path / "oneclass" / "fake").mkdir(parents=True)
    for clip in clips()[:2]:
        shutil.copy(clip, tmp_path / "oneclass" / "fake")
    (tmp_path / "numbers.csv").write_text(f"path,label\n{clips()[0]},1\n{clips()[1]},0\n")
    (tmp_path / "unlabelled.csv").write_text("trial,score\na,1\nb,2\n")
    (tmp_path / "words.csv").write_text("trial,score,label\na,real,bonafide\nb,fake,spoof\n")
    (tmp_path / "batches.csv").write_text("batch,eer,auc\n1,0.1,0.95\n2,0.2,0.9\n")
    (tmp_path / "otherkey.txt").write_text("LA_0079 LA_E_1 - A07 spoof\nLA_0079 LA_E_2 - - bonafide\n")
    filled = [word.format(tree=tree, scores=score_file, tmp=tmp_path) for word in words]
    status, _, err = cli("evaluate", *filled)
    assert status == 1, err
    assert err.count("\n") == 1, err
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "one of the two"),
        (["--scores", "{scores}", "--false-alarms", "5"], "--false-alarms"),
        (["--scores", "{scores}", "--score-means", "spoof"], "score lower than spoofs"),
        (["--scores", "{scores}", "--prior", "1"], "prior"),
        (["--scores", "{scores}", "-o", "{tmp}"], "is a folder"),
        (["--scores", "{tmp}/flat.csv"], "all scores are equal"),
        (["--scores", "{tmp}/one.csv"], "one class"),
    ],
)
def test_calibrations_that_cannot_be(cli, score_file, tmp_path, words, said):
    (tmp_path / "flat.csv").write_text("trial,score,label\na,1,bonafide\nb,1,spoof\n")
    (tmp_path / "one.csv").write_text("trial,score,label\na,1,spoof\nb,2,spoof\n")
    status, _, err = cli("calibrate", *[word.format(scores=score_file, tmp=tmp_path) for word in words])
    assert (status, err.count("\n")) == (1, 1), err
    assert said in err
