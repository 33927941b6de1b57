"""Runs that are killed (SIGKILL, at random moments) and resumed end with the same bits as runs that never were."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from training_runs import events, processes, settings_for, train_here, voices, weights
from truevoice.errors import CheckpointError, UsageError
from truevoice.training.fit import fit
from truevoice.training.recipe import changed, write_settings

KINDS = {
    "plain": {},
    "saved within epochs": {"schedule__save_every": 1},
    "one worker, mean of weights": {
        "schedule__workers": 1,
        "schedule__save_every": 2,
        "optimiser__average": "ema",
        "optimiser__average_decay": 0.8,
    },
    "balanced, in parts, cosine": {
        "data__balance": "label",
        "schedule__accumulate": 2,
        "schedule__save_every": 1,
        "schedule__drop_last": False,
        "optimiser__schedule": "cosine",
        "optimiser__warmup": 0.1,
        "optimiser__max_grad_norm": 1.0,
    },
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return voices(tmp_path_factory.mktemp("voices"))


def killed_and_resumed(settings, out: Path, kills: int, seed: int) -> int:
    """Trains in processes that are killed, the last one not; returns how many were killed at work."""
    dice, context, killed = random.Random(seed), processes(), 0
    for _ in range(kills):
        process = context.Process(target=train_here, args=(settings, str(out), True))
        process.start()
        log = out / "metrics.jsonl"
        before = log.stat().st_size if log.exists() else 0
        while process.is_alive() and (not log.exists() or log.stat().st_size == before):
            time.sleep(0.001)
        process.join(dice.uniform(0, 0.4))
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
    process = context.Process(target=train_here, args=(settings, str(out), True))
    process.start()
    process.join()
    assert process.exitcode == 0
    return killed


def assert_same_runs(one: Path, other: Path):
    for folder in ("best", "last", "last/state"):
        assert weights(one / folder) == weights(other / folder), folder
    assert events(one) == events(other)
    for name in ("scores/validation.csv", "last/state/trainer_state.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    ours, theirs = (json.loads((run / "summary.json").read_text()) for run in (one, other))
    assert ours["best"] == theirs["best"]


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("kind", ["one worker, mean of weights", "balanced, in parts, cosine"])
def test_a_killed_run_ends_like_one_that_was_not(tmp_path, data, kind):
    settings = settings_for(data, **KINDS[kind])
    fit(settings, tmp_path / "whole")
    assert killed_and_resumed(settings, tmp_path / "killed", 2, len(kind)) > 0
    assert_same_runs(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.slow
def test_a_killed_command_goes_on(tmp_path, data):
    settings = settings_for(data, **KINDS["saved within epochs"])
    write_settings(settings, tmp_path / "run.yaml")
    command = [sys.executable, "-m", "truevoice", "train", "--config", tmp_path / "run.yaml", "-o", tmp_path / "run"]
    log = tmp_path / "run" / "metrics.jsonl"
    process = subprocess.Popen(command)
    while process.poll() is None and (not log.exists() or b'"step": 3' not in log.read_bytes()):
        time.sleep(0.001)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert subprocess.run([*command, "--resume", "-q"], check=False).returncode == 0
    fit(settings, tmp_path / "whole")
    assert_same_runs(tmp_path / "whole", tmp_path / "run")


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", KINDS)
def test_many_kills(tmp_path, data, kind, seed):
    settings = settings_for(data, **KINDS[kind], schedule__epochs=6)
    fit(settings, tmp_path / "whole")
    assert killed_and_resumed(settings, tmp_path / "killed", 12, seed) > 1  # how many depends on the machine
    assert_same_runs(tmp_path / "whole", tmp_path / "killed")


def test_more_epochs_go_on_from_the_end(tmp_path, data):
    settings = settings_for(data)
    fit(settings, tmp_path / "three")
    fit(changed(settings, {"schedule.epochs": 2}), tmp_path / "two")
    trained = fit(settings, tmp_path / "two", resume=True)
    assert [epoch.epoch for epoch in trained.epochs] == [1, 2, 3]
    assert_same_runs(tmp_path / "three", tmp_path / "two")
    again = fit(settings, tmp_path / "two", resume=True)  # nothing is left to do
    assert again.best == trained.best
    assert again.stopped == "all epochs done"
    assert_same_runs(tmp_path / "three", tmp_path / "two")


def test_more_epochs_under_a_falling_rate_are_another_run(tmp_path, data):
    """The rate falls over all epochs: the steps that were done are not those of a longer run."""
    settings = settings_for(data, optimiser__schedule="cosine", schedule__epochs=1)
    fit(settings, tmp_path)
    with pytest.raises(UsageError, match=r"schedule.epochs was 1, is 2, and the learning rate's course follows it"):
        fit(changed(settings, {"schedule.epochs": 2}), tmp_path, resume=True)


def test_fewer_epochs_end_the_run(tmp_path, data):
    settings = settings_for(data, schedule__epochs=4)
    fit(settings, tmp_path, watch=lambda epoch: epoch.epoch == 2)
    state = tmp_path / "last" / "state" / "run.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "stopped": ""}))  # as after a kill
    trained = fit(changed(settings, {"schedule.epochs": 1}), tmp_path, resume=True)
    assert trained.stopped == "all epochs done"
    assert len(trained.epochs) == 2


def test_without_a_checkpoint_resume_begins(tmp_path, data):
    settings = settings_for(data, schedule__epochs=1)
    fit(settings, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "best" / "model.safetensors").exists()
    with pytest.raises(UsageError, match=r"holds a run already; --resume goes on with it, --force"):
        fit(settings, tmp_path / "run")
    fit(settings, tmp_path / "run", force=True)
    assert len(events(tmp_path / "run", "epoch")) == 1


def test_other_settings_are_named(tmp_path, data):
    settings = settings_for(data, schedule__epochs=1)
    fit(settings, tmp_path)
    other = changed(settings, {"optimiser.lr": 3e-3, "schedule.batch_size": 8, "schedule.patience": 2})
    with pytest.raises(UsageError, match=r"optimiser.lr was 0.001, is 0.003; schedule.batch_size was 4, is 8\); give"):
        fit(other, tmp_path, resume=True)
    with pytest.raises(UsageError, match=r"network\.model was mel-cnn, is lcnn"):
        fit(changed(settings, {"network.model": "lcnn", "network.arguments": {}}), tmp_path, resume=True)


def test_other_recordings_are_noticed(tmp_path, data):
    settings = settings_for(voices(tmp_path / "set", count=16), schedule__epochs=1)
    fit(settings, tmp_path / "run")
    voices(tmp_path / "set", count=20)
    with pytest.raises(UsageError, match="trials was"):
        fit(settings, tmp_path / "run", resume=True)


def test_a_torn_checkpoint_is_told(tmp_path, data):
    settings = settings_for(data, schedule__epochs=1)
    fit(settings, tmp_path)
    (tmp_path / "last" / "state" / "run.json").write_text("{")
    with pytest.raises(CheckpointError, match="is not whole, so the run cannot go on from it; --force begins anew"):
        fit(settings, tmp_path, resume=True)
