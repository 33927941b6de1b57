"""The three trackers themselves, offline: what is told to them stands on disk, once, and can be listened to."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from made_evaluations import made_set
from read_back import tensorboard_events, tensorboard_sounds, trackio_rows, wandb_rows
from speech import clips
from truevoice.audio import load_audio
from truevoice.errors import MissingExtraError, TruevoiceError, UsageError
from truevoice.tracking import check_trackers, open_trackers

ALL = ("tensorboard", "wandb", "trackio")
STEPS = {"train/loss": 0.5, "train/lr": 1e-4}


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    for name in ("TRACKIO_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)


def heard_set(**more):
    """Twelve trials, six of each class, of real files."""
    paths = [str(clips()[i % len(clips())]) for i in range(12)]
    return made_set(6, 6, sources=paths, **more)


def opened(folder, names=ALL, **more):
    told = []
    return open_trackers(
        names, folder=folder, run="run", config={"data": {"subset": "10%"}}, tell=told.append, **more
    ), told


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """A folder with two steps and one epoch in every tracker."""
    folder = tmp_path_factory.mktemp("run")
    before = dict(os.environ)
    os.environ.update(WANDB_MODE="offline")
    trackers, told = opened(folder)
    for tracker in trackers:
        tracker.scalars({"train/loss": 0.7, "train/lr": 1e-4}, 1)
        tracker.scalars({"train/loss": 0.6, "train/lr": None}, 2)
        tracker.scalars({"validation/eer": 0.125, "epoch": 1}, 2)
        tracker.scored("validation", heard_set(), 0.0, 2)
        tracker.close()
    os.environ.clear()
    os.environ.update(before)
    assert told == []
    return folder


def test_tensorboard_shows_figures_pictures_sound_and_text(logged):
    events = tensorboard_events(logged / "tensorboard" / "run")
    assert [(one.step, round(one.value, 4)) for one in events.Scalars("train/loss")] == [(1, 0.7), (2, 0.6)]
    assert [one.step for one in events.Scalars("train/lr")] == [1]
    tags = events.Tags()
    assert set(tags["images"]) == {"validation/roc", "validation/confusion"}
    image = events.Images("validation/roc")[0]
    assert (image.width, image.height) == (500, 460)
    sounds = tensorboard_sounds(events)
    assert len(sounds) == 12
    assert all(wav[:4] == b"RIFF" and load_audio(wav).size > 8000 for wav in sounds.values())
    table = events.Tensors("validation/errors")[0].tensor_proto.string_val[0].decode()
    assert "| error rank | trial | truth | called | P(spoof) | score | chosen | sound |" in table
    assert table.count("\n") == 2 + 1 + 12  # two lines before it, its rule
    assert "data.subset" in events.Tensors("settings")[0].tensor_proto.string_val[0].decode()


def test_trackio_shows_the_same(logged):
    rows, names = trackio_rows(logged / "trackio")
    assert len(names) == 1
    assert [(step, row["train/loss"]) for step, row in rows if "train/loss" in row] == [(1, 0.7), (2, 0.6)]
    step, shown = next((step, row) for step, row in rows if "validation/errors" in row)
    assert step == 2
    assert shown["validation/roc"]["_type"] == shown["validation/confusion"]["_type"] == "trackio.image"
    table = shown["validation/errors"]["_value"]
    assert [row["error rank"] for row in table if row["chosen"] == "worst error"] == list(
        range(1, 1 + sum(row["truth"] != row["called"] for row in table))
    )
    assert all(0 <= row["P(spoof)"] <= 1 for row in table)
    for row in table:
        assert row["audio"]["_type"] == "trackio.audio"
        assert load_audio(logged / "trackio" / "media" / row["audio"]["file_path"]).size > 8000
    alone = [value for name, value in shown.items() if name.startswith("validation/clip/")]
    assert [one["file_path"] for one in alone] == [row["audio"]["file_path"] for row in table]
    assert alone[0]["caption"].startswith("error rank 1: ")


def test_wandb_shows_the_same(logged):
    rows, ids = wandb_rows(logged / "wandb")
    assert len(ids) == 1
    assert [(row["global_step"], row["train/loss"]) for row in rows if "train/loss" in row] == [(1, 0.7), (2, 0.6)]
    shown = next(row for row in rows if "validation/errors" in row)
    assert shown["validation/roc"]["_type"] == "image-file"
    (table,) = (logged / "wandb").glob("offline-run-*/files/media/table/validation/errors_*.table.json")
    assert "audio" in json.loads(table.read_text())["columns"]
    staged = [path for path in (logged / "wandb" / "data").rglob("*") if path.is_file()]
    # what `wandb sync` sends later lies in the run's folder, not at home
    assert sum(path.read_bytes()[:2] in (b"\xff\xfb", b"\xff\xf3", b"ID") for path in staged) >= len(clips())


def test_a_resumed_run_goes_on_and_tells_nothing_twice(logged):
    """Killed after step 2, gone on with from a checkpoint after step 1."""
    before = tensorboard_sounds(tensorboard_events(logged / "tensorboard" / "run"))
    trackers, told = opened(logged, resume=True)
    for tracker in trackers:
        for step in (2, 3, 4):
            tracker.scalars({"train/loss": 1 / step, "train/lr": 1e-4}, step)
        for step in (2, 4):
            tracker.scalars({"validation/eer": 0.1}, step)
            tracker.scored("validation", heard_set(seed=step), 0.0, step)
        tracker.close()
    assert told == []
    events = tensorboard_events(logged / "tensorboard" / "run")
    assert [one.step for one in events.Scalars("train/loss")] == [1, 2, 3, 4]
    assert [one.step for one in events.Scalars("train/lr")] == [1, 2, 3, 4]  # step 2 had none before
    assert [one.step for one in events.Images("validation/roc")] == [2, 4]
    assert tensorboard_sounds(events) == before  # the same clips are there already
    assert all(len(events.Tensors(tag)) == 1 for tag in before)
    rows, names = trackio_rows(logged / "trackio")
    assert len(names) == 1
    assert [step for step, row in rows if "train/loss" in row] == [1, 2, 3, 4]
    assert [step for step, row in rows if "validation/errors" in row] == [2, 4]
    rows, ids = wandb_rows(logged / "wandb")
    assert len(ids) == 1
    assert [row["global_step"] for row in rows if "train/loss" in row] == [1, 2, 3, 4]


def test_a_new_run_in_the_same_folder_is_a_run_of_its_own(tmp_path):
    for value in (0.5, 0.25):
        (tracker,), _ = opened(tmp_path, ["tensorboard"])
        tracker.scalars({"train/loss": value}, 1)
        tracker.close()
    runs = {path.name: tensorboard_events(path).Scalars("train/loss") for path in (tmp_path / "tensorboard").iterdir()}
    assert {name: [one.value for one in values] for name, values in runs.items()} == {"run": [0.5], "run-2": [0.25]}


KILLED = """
import os, signal, sys
from pathlib import Path
from truevoice.tracking import open_trackers
trackers = open_trackers(sys.argv[2:], folder=Path(sys.argv[1]), run="run", config={})
for step in range(1, 8):
    for tracker in trackers:
        tracker.scalars({"train/loss": 1 / step}, step)
os.kill(os.getpid(), signal.SIGKILL)
"""


READ = {
    # both processes' files may be of the same second, and are then read in any order
    "tensorboard": lambda folder: sorted(e.step for e in tensorboard_events(folder / "run").Scalars("train/loss")),
    "trackio": lambda folder: sorted(step for step, _ in trackio_rows(folder)[0]),
    "wandb": lambda folder: sorted(row["global_step"] for row in wandb_rows(folder)[0]),
}


@pytest.mark.parametrize("names", [("tensorboard",), pytest.param(("wandb", "trackio"), marks=pytest.mark.slow)])
def test_what_was_told_before_a_kill_is_there_and_is_not_told_again(tmp_path, names):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), *names], check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    trackers, told = opened(tmp_path, names, resume=True)
    for tracker in trackers:
        for step in range(5, 11):
            tracker.scalars({"train/loss": 1 / step}, step)
        tracker.close()
    assert told == []
    for name in names:
        assert READ[name](tmp_path / name) == list(range(1, 11))


def test_a_tracker_whose_process_dies_is_told_of_once_and_the_run_goes_on(tmp_path):
    name = "trackio"
    trackers, told = opened(tmp_path, [name, "tensorboard"])
    trackers[0].scalars(STEPS, 1)
    trackers[0]._backend._process.kill()
    for step in (2, 3, 4):
        for tracker in trackers:
            tracker.scalars({"train/loss": 0.1}, step)
    for tracker in trackers:
        tracker.close()
    assert len(told) == 1
    assert told[0].startswith(f"{name}: its process has ended. It is switched off")
    assert len(tensorboard_events(tmp_path / "tensorboard" / "run").Scalars("train/loss")) == 3


def test_a_full_disk_is_told_of_once(tmp_path, monkeypatch):
    (tracker,), told = opened(tmp_path, ["tensorboard"])

    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tracker._backend, "_write", full)
    for step in (1, 2):
        tracker.scalars(STEPS, step)
        tracker.scored("validation", heard_set(), 0.0, step)
    tracker.close()
    assert len(told) == 1
    assert "No space left on device" in told[0]
    assert "the run goes on without it" in told[0]


def test_trackio_goes_where_the_user_says(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "mine"))
    monkeypatch.setenv("TRACKIO_SPACE_ID", "someone/somewhere")  # nothing leaves the machine all the same
    for number in (1, 2):  # two runs' folders that share it, both called run
        (tracker,), told = opened(tmp_path / str(number), ["trackio"])
        tracker.scalars(STEPS, number)
        tracker.close()
        assert told == []
        assert tracker.place == tmp_path / "mine"
    rows, names = trackio_rows(tmp_path / "mine")
    assert len(rows) == len(names) == 2


def test_unknown_and_absent_trackers(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="did you mean tensorboard"):
        check_trackers(["tensorbord"])
    assert check_trackers(["wandb ", "", "WandB"]) == ("wandb",)
    monkeypatch.setattr("truevoice.tracking.opening.find_spec", lambda name: None)
    for name, extra in (("wandb", "wandb"), ("trackio", "trackio"), ("tensorboard", "train")):
        with pytest.raises(MissingExtraError, match=rf"pip install 'truevoice\[{extra}\]'"):
            opened(tmp_path, [name])
    assert opened(tmp_path, []) == ([], [])


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TruevoiceError, match="trackers cannot begin"):
        opened(tmp_path / "file")
    (tmp_path / "run" / "wandb").parent.mkdir()
    (tmp_path / "run" / "wandb").write_text("")  # where wandb's folder should be
    with pytest.raises(TruevoiceError, match="trackers cannot begin"):
        opened(tmp_path / "run", ["wandb"])


def test_a_damaged_ledger_is_told_of_and_a_new_run_begins(tmp_path):
    (tmp_path / "trackers.json").write_text("{")
    (tracker,), told = opened(tmp_path, ["tensorboard"], resume=True)
    tracker.close()
    assert len(told) == 1
    assert "trackers.json: is damaged" in told[0]


def test_nothing_is_told_of_a_set_without_trials(tmp_path):
    (tracker,), told = opened(tmp_path, ["tensorboard"])
    tracker.scored("empty", made_set().take(np.zeros(0, dtype=int)), 0.0, 1)
    tracker.close()
    assert told == []
    assert tensorboard_events(tmp_path / "tensorboard" / "run").Tags()["images"] == []


def test_trackers_work_without_torch(tmp_path):
    code = f"""
import sys
sys.modules["torch"] = None
from pathlib import Path
from truevoice.tracking import open_trackers
(tracker,) = open_trackers(["tensorboard"], folder=Path({str(tmp_path)!r}), run="run", config={{}})
tracker.scalars({{"a": 1.0}}, 1)
tracker.close()
assert not {{"tensorflow", "wandb", "trackio"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
