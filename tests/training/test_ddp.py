"""Several processes, started by torchrun as a user does: one run, the figures of one process, one that talks."""

import contextlib
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from tiny_encoders import tiny_encoder
from training_runs import events, settings_for, voices, weights
from truevoice.data.readers import open_set
from truevoice.detectors.card import cards
from truevoice.errors import UsageError
from truevoice.models.mel_cnn import MelCNN
from truevoice.training.fit import fit
from truevoice.training.losses import make_loss
from truevoice.training.recipe import write_settings
from truevoice.training.settings import Loss
from truevoice.training.validation import MeasuredSet
from truevoice.windows import default_policy


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return voices(tmp_path_factory.mktemp("voices"), count=23)


def torchrun(processes, settings, out, *more):
    config = out.with_suffix(".yaml")
    write_settings(settings, config)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command += ["-m", "truevoice", "train", "--config", str(config), "-o", str(out), *more]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=240)


def test_two_processes_train_one_network(tmp_path, data):
    """Without batch statistics and dropout, the losses and the weights are those of one process but for rounding."""
    settings = settings_for(
        data,
        network__arguments={"channels": 1, "dropout": 0.0},
        network__trainable="none",
        loss__class_weights="field",
        schedule__epochs=2,
        schedule__drop_last=False,
    )
    done = torchrun(2, settings, tmp_path / "two")
    assert done.returncode == 0, done.stderr
    alone = fit(settings, tmp_path / "one")
    theirs, ours = (events(tmp_path / name, "step") for name in ("two", "one"))
    assert [one["step"] for one in theirs] == [one["step"] for one in ours], "one process writes"
    assert [one["loss"] for one in theirs] == pytest.approx([one["loss"] for one in ours], rel=1e-5)
    for epoch, together in zip(alone.epochs, events(tmp_path / "two", "epoch"), strict=True):
        for name, value in epoch.sets["validation"].items():
            assert together["sets"]["validation"][name] == pytest.approx(value, rel=1e-4), name
    one, other = (load_file(tmp_path / name / "last" / "model.safetensors") for name in ("one", "two"))
    for name in one:
        assert np.allclose(one[name], other[name], atol=1e-5), name
    assert (done.stdout + done.stderr).count("parameters learn") <= 1, "one process talks"


@pytest.mark.slow
def test_parameters_that_are_not_called(tmp_path, data):
    """The first norms of AASIST's blocks are never called; neither they nor --gradient-checkpointing stop a step."""
    settings = settings_for(
        data,
        network__model="ssl-aasist",
        network__encoder=tiny_encoder(tmp_path),
        network__arguments={},
        network__gradient_checkpointing=True,
        schedule__epochs=1,
        schedule__batch_size=8,
    )
    done = torchrun(2, settings, tmp_path / "two")
    assert done.returncode == 0, done.stderr


def test_processes_drop_other_units(tmp_path, data, monkeypatch):
    """Trainer would seed them alike."""
    from truevoice.training import fit as room

    first = []

    class Course:
        keeper = None

    class Trainer:
        course, batches = Course, None

        def train(self, **_):
            first.append(torch.rand(()).item())

        def stop_workers(self):
            pass

    run = room._Run(settings_for(data), tmp_path, None, lambda _: None, None)
    monkeypatch.setattr(room, "world", lambda: 2)
    for number in range(2):
        monkeypatch.setattr(room, "rank", lambda number=number: number)
        with torch.random.fork_rng():
            run._train(Trainer(), None)
    assert first[0] != first[1]


@pytest.mark.slow
def test_two_processes_resume(tmp_path, data):
    settings = settings_for(data, schedule__epochs=1)
    for name in ("two", "whole"):
        more = ["--epochs", "2"] if name == "whole" else []
        assert torchrun(2, settings, tmp_path / name, *more).returncode == 0
    assert torchrun(2, settings, tmp_path / "two", "--resume", "--epochs", "2").returncode == 0
    assert weights(tmp_path / "two" / "last") == weights(tmp_path / "whole" / "last")
    assert events(tmp_path / "two") == events(tmp_path / "whole")


@pytest.mark.parametrize("world", [2, 3])
def test_figures_do_not_depend_on_the_number_of_processes(data, monkeypatch, world):
    """Each process hears its blocks; put together they are what one hears, to the bit."""
    from truevoice.training import validation

    network = MelCNN(channels=2).eval()
    card = cards()["mel-cnn"]
    trials = open_set(data).trials
    loss = make_loss(Loss(), 1, 1, card.bonafide_index)

    def measured():
        own = MeasuredSet("set", trials, default_policy(card.window))
        found = own.measure(network, loss, card, device=torch.device("cpu"), batch_size=4)
        return {**validation.figures(found, 0.0), "scores": found.score_set.scores.tolist()}

    alone = measured()
    parts = []
    monkeypatch.setattr(validation, "world", lambda: world)
    for number in range(world):
        monkeypatch.setattr(validation, "rank", lambda number=number: number)
        monkeypatch.setattr(validation, "gathered", lambda own: parts.append(own) or [*parts])
        last = {}
        with contextlib.suppress(UsageError):  # the part of one process may be of one class
            last = measured()
    assert last == alone


@pytest.mark.slow
def test_an_error_of_all_is_told_once(tmp_path, data):
    done = torchrun(2, settings_for(data, data__balance="speker"), tmp_path / "two")
    assert done.returncode != 0
    assert done.stderr.count("no training trial states it") == 1
