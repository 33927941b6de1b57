"""`truevoice evaluate --log-to`: the same tables, of a score file and of recordings."""

import csv
import json

import pytest

from read_back import tensorboard_events, tensorboard_sounds
from speech import clips
from truevoice.audio import load_audio
from truevoice.cli.__main__ import main
from truevoice.commands.evaluate import evaluate


@pytest.fixture
def score_file(tmp_path):
    """Forty trials."""
    path = tmp_path / "theirs.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "score", "label"])
        for i in range(40):
            rows.writerow([f"u{i}.wav", (-1) ** i * (1 if i % 5 else -0.5) + i / 100, "spoof" if i % 2 else "bonafide"])
    return path


def test_an_evaluation_is_logged(score_file, tmp_path):
    found = evaluate(scores=score_file, rounds=0, out=tmp_path / "out", log_to=["tensorboard"])
    events = tensorboard_events(tmp_path / "out" / "tensorboard" / "out")
    assert events.Scalars("theirs/eer")[0].value == pytest.approx(found["eer"])
    assert "theirs/roc" in events.Tags()["images"]
    table = events.Tensors("theirs/errors")[0].tensor_proto.string_val[0].decode()
    wrong = found.confusion["bonafide_rejected"] + found.confusion["spoof_accepted"]
    assert table.count("worst error |") == wrong > 0
    assert tensorboard_sounds(events) == {}  # a score file names no recordings
    assert tmp_path / "out" / "tensorboard" / "out" in found.written


def test_recordings_can_be_listened_to(tmp_path):
    tree = tmp_path / "set"
    for label, chosen in (("Real", clips()[:2]), ("Fake", clips()[2:4])):
        (tree / label).mkdir(parents=True)
        for clip in chosen:
            (tree / label / clip.name).write_bytes(clip.read_bytes())
    evaluate(tree, rounds=0, out=tmp_path / "out", log_to=["tensorboard"])
    events = tensorboard_events(tmp_path / "out" / "tensorboard" / "out")
    heard = tensorboard_sounds(events)
    assert sorted(tag.split("/")[2] for tag in heard) == ["bonafide", "bonafide", "spoof", "spoof"]
    for tag, wav in heard.items():
        sound = load_audio(wav)
        whole = load_audio(tree / tag.split("/", 3)[3])
        assert len(sound) == pytest.approx(min(len(whole), 6 * 16_000), abs=2500)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["--log-to", "tensorboard"], "name one with -o"),
        (["--log-to", "tensorbord", "-o", "out"], "did you mean tensorboard?"),
    ],
)
def test_a_wrong_request_is_one_line_before_the_work(score_file, tmp_path, monkeypatch, capsys, words, shown):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["evaluate", "--scores", str(score_file), "--rounds", "0", *words])
    err = capsys.readouterr().err
    assert left.value.code == 1
    assert shown in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_tracker_that_cannot_begin_is_a_finding_and_the_report_is_there(score_file, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "tensorboard").write_text("in the way")
    found = evaluate(scores=score_file, rounds=0, out=tmp_path / "out", log_to=["tensorboard"])
    assert any("trackers cannot begin" in one.message for one in found.findings)
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["eer"] == found["eer"]
