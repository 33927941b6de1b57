"""`truevoice score` as a user runs it: tables, files, exit statuses, one line for every mistake."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import truevoice
from formats import encode
from speech import clips, speech


@pytest.fixture
def folder(tmp_path):
    """Two good recordings, one broken, one that is no audio at all."""
    place = tmp_path / "in"
    (place / "sub").mkdir(parents=True)
    shutil.copy(clips()[0], place / f"one{clips()[0].suffix}")
    (place / "sub" / "two.wav").write_bytes(encode("wav", speech(), 16000))
    (place / "broken.wav").write_bytes(b"RIFF----WAVE")
    (place / "notes.md").write_text("not audio")
    return place


def rows(path: Path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_one_recording(cli):
    status, out, err = cli("score", clips()[0])
    assert (status, err) == (0, "")
    result = truevoice.load().score(clips()[0])
    table = out.splitlines()
    assert table[0].split() == ["recording", "verdict", "P(spoof)", "score", "suspicious", "length"]
    assert str(clips()[0]) in table[1]
    assert result.verdict in table[1]
    assert f"{result.p_spoof:.2f}" in table[1]
    assert "1 recording" in out
    assert "mel-cnn" in out
    assert result.checksum[:12] in out


def test_a_folder_with_a_broken_file(cli, folder, tmp_path):
    status, out, _ = cli("score", folder, "-o", tmp_path / "out", "--format", "csv,json,html")
    assert status == 2
    assert "1 not scored" in out
    assert "1 other files passed over" in out
    table = rows(tmp_path / "out" / "scores.csv")
    assert {"trial", "label", "score", "p_spoof", "verdict", "error"} <= set(table[0])
    by_name = {Path(row["trial"]).name: row for row in table}
    assert len(table) == 3
    assert "not audio" in by_name["broken.wav"]["error"]
    assert by_name["broken.wav"]["score"] == ""
    assert by_name["two.wav"]["verdict"] in {"bonafide", "spoof"}
    assert by_name["two.wav"]["label"] == ""
    expected = truevoice.load().score(folder / "sub" / "two.wav")
    assert float(by_name["two.wav"]["score"]) == pytest.approx(expected.score, abs=1e-4)
    document = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert [r["trial"] for r in document["results"]] == [row["trial"] for row in table]
    assert document["run"]["windows"] == expected.windows
    assert "broken.wav" in (tmp_path / "out" / "scores.html").read_text()


def test_a_second_run_scores_what_is_left_and_keeps_the_rest(cli, folder, tmp_path):
    out = tmp_path / "out"
    cli("score", folder / "sub", "-o", out, "-q")
    status, shown, _ = cli("score", folder, "-o", out)
    assert status == 2
    assert "1 already scored before" in shown
    assert len(rows(out / "scores.csv")) == 3
    status, shown, err = cli("score", folder, "-o", out, "--hop", "0.5s")
    assert status == 1
    assert "--force" in err
    status, shown, _ = cli("score", folder, "-o", out, "--hop", "0.5s", "--force")
    assert status == 2
    assert len(rows(out / "scores.csv")) == 3


def test_text_formats_go_to_standard_output(cli, folder):
    status, out, _ = cli("score", folder / "sub", "--format", "jsonl")
    assert status == 0
    assert json.loads(out)["verdict"]
    _, out, _ = cli("score", folder / "sub", "--format", "csv")
    assert out.startswith("trial,label,score,p_spoof,verdict")
    _, out, _ = cli("score", folder / "sub", "--format", "srt")
    assert "00:00:00,000 -->" in out


def test_lists_carry_the_truth(cli, folder, tmp_path):
    (folder / "m.csv").write_text("path,label\nsub/two.wav,spoof\n")
    status, out, _ = cli("score", folder / "m.csv", "-o", tmp_path / "out")
    assert status == 0
    assert rows(tmp_path / "out" / "scores.csv")[0]["label"] == "spoof"
    assert "truth" in out


def test_windows_are_options_and_recorded(cli, folder):
    _, out, _ = cli("score", folder / "sub", "--format", "jsonl", "--windows", "first", "--window", "16000")
    assert json.loads(out)["windows"] == {"kind": "first", "window": 16000, "hop": 16000, "pooling": "mean"}
    _, out, _ = cli("score", folder / "sub", "-f", "jsonl", "--window", "1.5s", "--hop", "250ms", "--pooling", "min")
    result = json.loads(out)
    assert result["windows"] == {"kind": "overlap", "window": 24000, "hop": 4000, "pooling": "min"}
    assert result["score"] == min(s["score"] for s in result["segments"])
    assert "calibration was measured with" in result["warning"]


def test_prior_and_threshold(cli, folder):
    def p(*options):
        return json.loads(cli("score", folder / "sub", "-f", "jsonl", *options)[1])

    plain = p()
    odds = 0.1 / 0.9 * plain["p_spoof"] / (1 - plain["p_spoof"])
    assert p("--prior", 0.1)["p_spoof"] == pytest.approx(odds / (1 + odds), abs=1e-9)
    assert p("--threshold", plain["score"] - 1)["verdict"] == "bonafide"
    assert p("--threshold", plain["score"] + 1)["verdict"] == "spoof"


def test_a_pipe(folder):
    command = [sys.executable, "-m", "truevoice", "score", "-", "--format", "jsonl"]
    data = (folder / "sub" / "two.wav").read_bytes()
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    piped, filed = json.loads(done.stdout), truevoice.load().score(folder / "sub" / "two.wav")
    assert piped["trial"] == "-"
    assert piped["score"] == pytest.approx(filed.score, abs=1e-5)


def test_a_reader_that_leaves_early(folder):
    command = f"'{sys.executable}' -m truevoice score '{folder}' --format json | head -c 5"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == '{"run'
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["score"], "no recordings to score"),
        (["score", "{empty}"], "no recordings to score"),
        (["score", "{clip}", "-f", ","], "no format is named"),
        (["score", "{clip}", "--max-duration", "nan"], "above 0"),
        (["score", "{clip}", "--threshold", "inf"], "--threshold"),
        (["score", "{clip}", "--window", "100"], "too short for speech"),
        (["score", "{clip}", "--modle", "x"], "--model"),
        (["score", "{clip}", "--model", "mel-cn"], "did you mean mel-cnn"),
        (["score", "{clip}", "--model", "nonsense"], "not known"),
        (["score", "{clip}", "--model", "{clip}"], "--checkpoint"),
        (["score", "{clip}", "--format", "xml"], "'xml' is not known"),
        (["score", "{clip}", "--format", "csv,json"], "-o DIR"),
        (["score", "{clip}", "--format", "parquet"], "-o DIR"),
        (["score", "{clip}", "{clip2}", "--format", "srt"], "-o DIR"),
        (["score", "{clip}", "--window", "two"], "not a length"),
        (["score", "{clip}", "--window", "0"], "outside 1 to"),
        (["score", "{clip}", "--hop", "10s"], "gaps"),
        (["score", "{clip}", "--windows", "all"], "--windows"),
        (["score", "{clip}", "--device", "tpu"], "'tpu'"),
        (["score", "{clip}", "--device", "cuda"], "onnxruntime-gpu"),
        (["score", "{clip}", "--engine", "torch"], "ONNX graph"),
        (["score", "{clip}", "--prior", "1.5"], "prior"),
        (["score", "{clip}", "--jobs", "-1"], "--jobs"),
        (["score", "{clip}", "--max-duration", "0"], "--max-duration"),
        (["score", "{clip}", "-o", "{clip}"], "cannot be written"),
        (["score", "{clip}", "--model", "aasist", "--checkpoint", "{empty}/none.pth"], "no such file"),
        (["scor"], "score"),
        (["models", "fetch", "nonsense"], "not known"),
        (["models", "--format", "xml"], "'xml' is not known"),
        (["data", "info", "nonsense"], "nonsense"),
    ],
)
def test_mistakes_are_one_line_and_status_one(cli, tmp_path, words, message):
    (tmp_path / "empty").mkdir()
    known = {"empty": tmp_path / "empty", "clip": clips()[0], "clip2": clips()[1]}
    status, out, err = cli(*[word.format(**known) for word in words])
    assert status == 1
    assert out == ""
    assert message in err
    assert err.startswith("truevoice: ")
    assert len(err.strip().splitlines()) == 1


def test_missing_and_dead_recordings_are_rows(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.symlink("nowhere", "dead.wav")
    soundfile.write("long.wav", np.zeros(16000 * 5), 16000)
    soundfile.write("good.wav", speech(), 16000)
    status, out, _ = cli("score", "gone.wav", "dead.wav", "long.wav", "good.wav", "--max-duration", 4, "-f", "jsonl")
    assert status == 2
    results = {r["trial"]: r for r in map(json.loads, out.splitlines())}
    assert results["gone.wav"]["error"] == "no such file"
    assert results["dead.wav"]["error"] == "is a dead link"
    assert "longer than the limit" in results["long.wav"]["error"]
    assert results["good.wav"]["verdict"]


def test_interrupts_say_how_to_go_on(cli, monkeypatch):
    import truevoice.commands.score as command

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "expand", interrupted)
    status, _, err = cli("score", "x.wav")
    assert status == 130
    assert "goes on where it stopped" in err


def test_output_that_cannot_be_written():
    """A full disk and a closed standard output: one line or none, no traceback, no blame on ourselves."""
    command = f"'{sys.executable}' -m truevoice score '{clips()[0]}'"
    full = subprocess.run(["bash", "-c", f"{command} -f json > /dev/full"], capture_output=True, text=True, check=False)
    assert full.returncode == 1
    assert "cannot write the output (No space left on device)" in full.stderr
    closed = subprocess.run(["bash", "-c", f"{command} >&-"], capture_output=True, text=True, check=False)
    assert "defect" not in closed.stderr
    assert "Traceback" not in closed.stderr + full.stderr


def test_names_of_strangers_do_not_reach_the_terminal_raw(cli, tmp_path):
    for name in ("esc\x1b[31mred.wav", "a:smile:b.wav", "[bold]x.wav", "bad\udcff.wav"):
        (tmp_path / name).write_bytes(b"RIFF")
    status, out, _ = cli("score", tmp_path)
    assert status == 2
    assert "\x1b" not in out
    for shown in ("esc\\x1b[31mred.wav", "a:smile:b.wav", "[bold]x.wav", "bad\\udcff.wav"):
        assert shown in out


def test_failures_are_told_where_the_format_has_no_place_for_them(cli, tmp_path):
    status, out, err = cli("score", tmp_path / "gone.wav", "-f", "srt")
    assert (status, out) == (2, "")
    assert err.endswith("gone.wav: no such file\n")


def test_a_defect_of_ours_is_one_line_too(cli, monkeypatch):
    import truevoice.commands.score as command

    monkeypatch.setattr(command, "expand", lambda _: 1 / 0)
    status, _, err = cli("score", "x.wav")
    assert status == 1
    assert err.startswith("truevoice: a defect of ours: ZeroDivisionError")
    assert len(err.splitlines()) == 1


def test_every_command_shows_examples(cli):
    for words in (["--help"], ["score", "--help"], ["models", "--help"], ["models", "fetch", "--help"],
                  ["data", "--help"], ["data", "info", "--help"]):  # fmt: skip
        status, out, _ = cli(*words)
        assert status == 0
        assert "Examples:" in out
        assert "truevoice " in out


def test_a_big_folder_shows_the_most_suspicious(cli, tmp_path):
    for i in range(70):
        wave = speech()[: 16000 + 300 * i]
        soundfile.write(tmp_path / f"{i}.wav", wave, 16000)
    status, out, _ = cli("score", tmp_path)
    assert status == 0
    assert "10 more" in out
    assert out.count(".wav") == 60
