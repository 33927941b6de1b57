"""What goes wrong while a run is under way: one clear line, nothing lost, and the run goes on from where it was."""

import csv
import multiprocessing
import resource
from pathlib import Path

import pytest

from training_runs import events, processes, settings_for, train_here, voices, weights
from truevoice.errors import TruevoiceError, UsageError
from truevoice.training.fit import fit


@pytest.fixture
def data(tmp_path):
    return voices(tmp_path / "set")


def break_files(data: Path, names) -> None:
    for name in names:
        (data / name).write_bytes(b"RIFF broken")


def one_line(error) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert "Traceback" not in text
    return text


def test_broken_recordings_are_passed_over_and_listed(tmp_path, data):
    broken = ["real/001.wav", "real/003.wav", "fake/004.wav"]
    break_files(data, broken)
    trained = fit(settings_for(data), tmp_path / "run")
    assert [one.name for one in trained.skipped] == sorted(broken)
    with (tmp_path / "run" / "skipped.csv").open(newline="") as file:
        assert [row["recording"] for row in csv.DictReader(file)] == sorted(broken)
    assert sorted(one["name"] for one in events(tmp_path / "run", "skipped")) == sorted(broken)
    assert len(events(tmp_path / "run", "step")) == 12, "batches keep their size and number"
    workers = fit(settings_for(data, schedule__workers=2), tmp_path / "workers")
    assert workers.epochs[-1].sets == trained.epochs[-1].sets
    assert [e["loss"] for e in events(tmp_path / "workers", "step")] == [
        e["loss"] for e in events(tmp_path / "run", "step")
    ]
    assert workers.skipped == trained.skipped


def test_nothing_of_a_class_can_be_decoded(tmp_path, data):
    break_files(data, [path.relative_to(data) for path in sorted(data.glob("real/*.wav"))])
    for workers in (0, 1):
        with pytest.raises(TruevoiceError) as error:
            fit(settings_for(data, schedule__workers=workers), tmp_path / f"run{workers}")
        assert "none of the 9 bona fide training recordings can be decoded, such as real/" in one_line(error)


def test_a_loss_that_is_no_number_stops_the_run(tmp_path, data):
    with pytest.raises(TruevoiceError) as error:
        fit(settings_for(data, optimiser__lr=1e38, schedule__epochs=9, schedule__save_every=1), tmp_path / "run")
    text = one_line(error)
    assert "the loss is nan in epoch" in text or "the loss is inf in epoch" in text
    for words in ("its batch: ", ".wav", "--lr", "last whole checkpoint: step"):
        assert words in text
    failed = events(tmp_path / "run", "failed")[0]
    assert len(failed["files"]) == 4
    assert (tmp_path / "run" / "last" / "state" / "run.json").exists()


def fit_on_a_disk_that_fills(settings, out, said):
    """In a process of its own: the limit holds for whatever it writes, a test's output too."""

    def fill(epoch):
        if epoch.epoch == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (16_000, resource.RLIM_INFINITY))
        return False

    try:
        fit(settings, out, watch=fill)
    except TruevoiceError as error:
        said.send(str(error))


def in_a_child(target, *arguments):
    """As many threads in each, for the same bits."""
    child = processes().Process(target=target, args=arguments)
    child.start()
    child.join()


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, data):
    settings = settings_for(data, schedule__epochs=4)
    heard, said = processes().Pipe(duplex=False)
    in_a_child(fit_on_a_disk_that_fills, settings, tmp_path / "run", said)
    text = heard.recv() if heard.poll() else ""
    assert "\n" not in text
    assert "the checkpoint of step 12 cannot be written" in text
    assert "the one before it (step 8) is whole" in text
    assert not list((tmp_path / "run").glob(".*")), "nothing half-written stays"
    in_a_child(train_here, settings, tmp_path / "run", True)
    in_a_child(train_here, settings, tmp_path / "whole")
    assert weights(tmp_path / "run" / "best") == weights(tmp_path / "whole" / "best")
    assert events(tmp_path / "run") == events(tmp_path / "whole")


def test_a_killed_worker_is_told(tmp_path, data):
    settings = settings_for(data, schedule__workers=1, schedule__save_every=1, schedule__epochs=40)

    def kill(done, total, words):
        if done == 5:
            for child in multiprocessing.active_children():
                child.kill()

    with pytest.raises(TruevoiceError) as error:
        fit(settings, tmp_path / "run", progress=kill)
    assert "a worker process was killed" in one_line(error)
    assert "--resume" in one_line(error)
    settings = settings_for(data, schedule__workers=1, schedule__save_every=1, schedule__epochs=3)
    fit(settings, tmp_path / "run", resume=True)
    fit(settings, tmp_path / "whole")
    assert weights(tmp_path / "run" / "last") == weights(tmp_path / "whole" / "last")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"data__data": "nowhere"}, "nowhere: no such file or folder"),
        ({"data__balance": "speker"}, "--balance speker: no training trial states it"),
        ({"schedule__device": "tpu"}, "device 'tpu' is not known"),
        ({"schedule__fsdp": True}, "--fsdp shards over GPUs"),
        ({"data__windows": "whole"}, "mel-cnn hears windows of 32000 samples only"),
        ({"data__test": {"validation": "x"}}, "a test set cannot be called 'validation'"),
        ({"data__test": {"other": "nowhere"}}, "nowhere: no such file or folder"),
        ({"optimiser__min_lr": 1.0, "optimiser__schedule": "polynomial"}, "--min-lr lies from 0 to below --lr"),
        ({"optimiser__betas": [2, 0.9]}, "--betas lie from 0 to below 1"),
        ({"optimiser__weight_decay": -1}, "--weight-decay must be 0 or more"),
        ({"optimiser__max_grad_norm": -1}, "--max-grad-norm must be 0 or more"),
        ({"schedule__seed": -1}, "--seed and --split-seed are whole numbers from 0"),
        ({"augment": [{"kind": "rawbost"}]}, "rawboost"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_is_written(tmp_path, data, values, words):
    with pytest.raises(UsageError) as error:
        fit(settings_for(data, **values), tmp_path / "run")
    assert words in one_line(error)
    assert not (tmp_path / "run" / "metrics.jsonl").exists()


def test_a_folder_that_cannot_be_written(tmp_path, data):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file; -o names a folder"):
        fit(settings_for(data), tmp_path / "file")
