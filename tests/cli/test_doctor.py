"""`truevoice doctor`: exit status, text and JSON of each form of it."""

import json

import numpy as np
import pytest

from truevoice.cli.__main__ import main


@pytest.fixture
def doctor(capsys):
    def run(*words):
        with pytest.raises(SystemExit) as left:
            main(["doctor", *map(str, words)])
        output = capsys.readouterr()
        return left.value.code, output.out + output.err

    return run


@pytest.fixture
def file(tmp_path):
    def write(scores, bonafide):
        path = tmp_path / "scores.csv"
        rows = [f"t{i},{'bonafide' if b else 'spoof'},{s!r}" for i, (b, s) in enumerate(zip(bonafide, scores.tolist()))]
        path.write_text("trial,label,score\n" + "\n".join(rows) + "\n")
        return path

    return write


@pytest.fixture
def trials():
    random = np.random.default_rng(3)
    bonafide = np.arange(400) % 2 == 0
    return random.normal(np.where(bonafide, 2.0, 0.0), 1.0), bonafide


PAIRS = [
    (3, "0.8104", "0.4109"),
    (3, "0.5340", "0.9864"),
    (3, "0.4784", "0.8048"),
    (3, "0.3069", "0.2387"),
    (3, "0.3327", "0.2456"),
    (3, "0.1176", "0.0437"),
    (0, "0.4736", "0.4322"),
    (0, "0.357", "0.611"),
    (0, "0.084", "0.9738"),
    (0, "0.833", "0.113"),
    (0, "0.38", "0.66"),
    (0, "0.06", "0.98"),
    (0, "0.37", "0.72"),
]


@pytest.mark.parametrize(("status", "eer", "auc"), PAIRS)
def test_pairs(doctor, status, eer, auc):
    assert doctor("--eer", eer, "--auc", auc)[0] == status


def test_pair_as_json(doctor):
    status, text = doctor("--eer", "0.534", "--auc", "0.9864", "--format", "json")
    found = json.loads(text)
    assert (status, found["exit_status"], found["possible"]) == (3, 3, False)
    assert found["auc_range"] == pytest.approx([0.216690, 0.715378], abs=1e-6)


def test_trailing_zeros_count(doctor):
    assert doctor("--eer", "0.5", "--auc", "0.79")[0] == 0
    assert doctor("--eer", "0.500", "--auc", "0.790")[0] == 3


def test_one_figure(doctor):
    status, text = doctor("--eer", "0.05")
    assert status == 0
    assert "AUC from" in text
    assert doctor("--auc", "97.9%")[0] == 0


POINT = ("--accuracy", "0.725", "--sensitivity", "0.821", "--specificity", "0.568", "--ppv", "0.757", "--npv", "0.660")


def test_operating_point(doctor):
    status, text = doctor(*POINT)
    assert status == 0
    assert "agree with each other" in text
    for counts in ((1907, 1718), (1718, 1907)):
        status, text = doctor(*POINT, "--n-pos", counts[0], "--n-neg", counts[1])
        assert status == 3
        assert "53 %" in text
        assert "47 %" in text
    assert json.loads(doctor(*POINT, "--format", "json")[1])["prevalence"] == pytest.approx([0.62, 0.622], abs=0.001)


def test_a_healthy_file(doctor, file, trials):
    status, text = doctor(file(*trials))
    assert status == 0
    assert "nothing is wrong" in text
    assert "200 bona fide and 200 spoof" in text


def test_a_flipped_file(doctor, file, trials):
    scores, bonafide = trials
    status, text = doctor(file(-scores, bonafide))
    assert status == 3
    assert "polarity" in text
    assert doctor(file(-scores, bonafide), "--score-means", "spoof")[0] == 0


def test_a_file_with_reported_figures(doctor, file, trials):
    path = file(*trials)
    found = json.loads(doctor(path, "--format", "json")[1])
    status, text = doctor(path, "--eer", f"{found['eer']:.3f}", "--auc", f"{found['auc']:.3f}")
    assert status == 0
    assert text.count("pooled over all trials") == 2
    status, text = doctor(path, "--auc", f"{1 - found['auc']:.4f}")
    assert status == 3
    assert "turned round" in text


def test_a_file_with_everything_wrong(doctor, tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("trial,label,score\na,spoof,nan\nb,spoof,1\nb,spoof,2\nc,,1\n")
    status, text = doctor(path)
    assert status == 3
    for words in ("NaN", "different scores", "one class", "no label"):
        assert words in text


def test_the_environment(doctor):
    status, text = doctor()
    assert status == 0
    for words in ("Python", "onnxruntime", "mel-cnn", "cores", "libavcodec", "test score"):
        assert words in text
    found = json.loads(doctor("--format", "json")[1])
    assert found["fit"] is True
    names = [check["name"] for check in found["checks"]]
    assert {"numpy", "soundfile", "av", "extra: torch", "cache folder", "shipped detector", "torch device"} <= {*names}
    assert all(check["remedy"] for check in found["checks"] if check["state"] == "bad")


def test_an_unfit_environment(doctor, monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("TRUEVOICE_CACHE", str(blocked / "cache"))
    status, text = doctor()
    assert status == 1
    assert "TRUEVOICE_CACHE" in text


@pytest.mark.parametrize(
    "words",
    [
        ("--eer", "abc", "--auc", "0.5"),
        ("--eer", "", "--auc", "0.5"),
        ("--eer", "-0.1"),
        ("--accuracy", "0.7", "--eer", "0.1"),
        ("--n-pos", "3"),
        ("--n-pos", "3", "--n-neg", "3"),
        ("no-such-file.csv",),
        ("--key", "k.txt"),
        ("--eer", "0.1", "--format", "xml"),
    ],
)
def test_bad_requests_are_one_line(doctor, words):
    status, text = doctor(*words)
    assert status == 1
    assert text.startswith("truevoice: ")
    assert text.count("\n") == 1
