"""A run from settings to folders: figures are those of `truevoice evaluate`, and what is asked is what is done."""

import csv
import json
import math
import multiprocessing

import numpy as np
import pytest

import truevoice
from training_runs import events, settings_for, voices, weights
from truevoice.commands.evaluate import evaluate
from truevoice.data.manifest import read_manifest
from truevoice.errors import UsageError
from truevoice.evaluation.score_files import read_scores
from truevoice.metrics import auc, eer
from truevoice.training.fit import fit
from truevoice.training.frozen import FrozenFeatures


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return voices(tmp_path_factory.mktemp("voices"))


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Another set, to test on."""
    return voices(tmp_path_factory.mktemp("other"), count=12, seconds=2.6)


@pytest.fixture(scope="module")
def run(tmp_path_factory, data, other):
    """A run, its folder and what it told."""
    folder = tmp_path_factory.mktemp("run")
    settings = settings_for(data, data__test={"other": str(other)}, schedule__save_every=2)
    told, watched, shown = [], [], []
    trained = fit(
        settings,
        folder,
        tell=told.append,
        watch=lambda epoch: bool(watched.append(epoch)),
        progress=lambda *state: shown.append(state),
    )
    return trained, folder, told, watched, shown


def test_figures_are_those_of_evaluate(run, other):
    """On the same windows, to the last digit that float32 holds."""
    trained, folder, *_ = run
    found = evaluate(other, checkpoint=folder / "best", device="cpu", engine="torch")
    ours = trained.best["other"]
    for name in ("eer", "auc", "accuracy"):
        assert found[name] == pytest.approx(ours[name], abs=1e-12), name
    assert found.threshold.value == pytest.approx(ours["threshold"], abs=1e-12)


def test_figures_are_pooled_over_all_trials(run):
    trained, folder, *_ = run
    for name, figures in trained.best.items():
        with (folder / "scores" / f"{name}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        by_label = {label: np.array([float(r["score"]) for r in rows if r["label"] == label]) for label in LABELS}
        assert eer(*by_label.values())[0] == figures["eer"]
        assert auc(*by_label.values()) == figures["auc"]
        right = (by_label["bonafide"] >= figures["threshold"]).sum() + (by_label["spoof"] < figures["threshold"]).sum()
        assert right / len(rows) == figures["accuracy"]
        assert [figures["n_bonafide"], figures["n_spoof"]] == [len(by_label["bonafide"]), len(by_label["spoof"])]


LABELS = ("bonafide", "spoof")


def test_scores_can_be_read_again(run):
    _, folder, *_ = run
    assert len(read_scores(folder / "scores" / "other.csv").score_set) == 12
    assert len(read_manifest(folder / "scores" / "validation.csv").trials) == 6


def test_the_log_tells_each_step_and_epoch(run):
    trained, folder, told, watched, shown = run
    steps, epochs = events(folder, "step"), events(folder, "epoch")
    assert [one["step"] for one in steps] == list(range(1, 13))  # 18 trials in batches of 4, the rest left out
    assert [one["epoch"] for one in epochs] == [1, 2, 3]
    for number, epoch in enumerate(epochs):
        mean = math.fsum(one["loss"] for one in steps[4 * number : 4 * number + 4]) / 4
        assert epoch["train_loss"] == pytest.approx(mean, rel=1e-12)
    assert [epoch["sets"] for epoch in epochs] == [epoch.sets for epoch in watched] == [e.sets for e in trained.epochs]
    assert list(epochs[0]["sets"]) == ["validation", "other"]
    assert list(watched[0].score_sets) == ["validation", "other"]
    assert {kind["event"] for kind in events(folder)} == {"start", "step", "epoch", "end"}
    assert any("4,928 of 4,928 parameters learn" in line for line in told)
    assert shown[-1][:2] == (12, 12)
    assert trained.seconds == pytest.approx(sum(epoch.seconds for epoch in trained.epochs))
    assert all(epoch.seconds > 0 for epoch in trained.epochs)


def test_the_best_epoch_is_the_one_that_is_kept(run, data):
    trained, folder, *_ = run
    lowest = min(epoch.sets["validation"]["eer"] for epoch in trained.epochs)
    first = next(epoch for epoch in trained.epochs if epoch.sets["validation"]["eer"] == lowest)
    assert trained.best_epoch == first.epoch
    detector = truevoice.load(checkpoint=folder / "best", device="cpu", engine="torch")
    with (folder / "scores" / "validation.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    scored = [detector.score(row["path"]).score for row in rows]
    assert scored == pytest.approx([float(row["score"]) for row in rows], abs=1e-6)


def test_best_by_and_patience(tmp_path, data):
    settings = settings_for(data, schedule__epochs=8, schedule__patience=2, schedule__best_by="auc", optimiser__lr=1e-9)
    trained = fit(settings, tmp_path)
    assert trained.stopped == "no better auc for 2 epochs"
    assert len(trained.epochs) == trained.best_epoch + 2 < 8
    again = fit(settings, tmp_path, resume=True)
    assert len(again.epochs) == len(trained.epochs)


def test_who_watches_can_stop(tmp_path, data):
    trained = fit(settings_for(data), tmp_path, watch=lambda epoch: epoch.epoch == 2)
    assert len(trained.epochs) == 2
    assert "watched" in trained.stopped
    assert (tmp_path / "last" / "state").is_dir()


def test_seeds_matter_and_nothing_else_does(tmp_path, data):
    def best(name, **values):
        return fit(settings_for(data, schedule__epochs=1, **values), tmp_path / name).epochs[0]

    first = best("first")
    np.random.seed(1)  # whatever others do to the global state
    before = np.random.get_state()[1].copy()
    assert best("again").sets == first.sets
    assert (np.random.get_state()[1] == before).all(), "the caller's random state is as it was"
    assert best("seed", schedule__seed=1).sets != first.sets
    assert best("workers", schedule__workers=2).sets == first.sets
    assert not multiprocessing.active_children(), "workers end with the run"


@pytest.mark.parametrize("loss", [{}, {"loss__class_weights": "field"}], ids=["plain", "weighted classes"])
def test_parts_of_a_batch_give_the_whole_batch(tmp_path, data, loss):
    """Without batch statistics (the norm is frozen) and dropout, three parts are the batch but for rounding."""
    plain = {"network__trainable": "none", "schedule__epochs": 1, "schedule__batch_size": 6, **loss}
    arguments = {"network__arguments": {"channels": 1, "dropout": 0.0}}
    one = fit(settings_for(data, **plain, **arguments), tmp_path / "one")
    three = fit(settings_for(data, **plain, **arguments, schedule__accumulate=3), tmp_path / "three")
    losses = [[step["loss"] for step in events(run.folder, "step")] for run in (one, three)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert len(losses[0]) == 3


def test_frozen_layers_stay(tmp_path, data):
    import safetensors.numpy

    settings = settings_for(data, network__trainable="none", schedule__epochs=2, optimiser__lr=1e-2)
    fit(settings, tmp_path)
    after = safetensors.numpy.load_file(tmp_path / "last" / "model.safetensors")
    fit(settings_for(data, network__trainable="none", schedule__epochs=1, optimiser__lr=1e-9), tmp_path / "begin")
    before = safetensors.numpy.load_file(tmp_path / "begin" / "last" / "model.safetensors")
    same = {name for name in after if (after[name] == before[name]).all()}
    assert {name for name in after if name not in same} == {"output.weight", "output.bias"}


def test_the_mean_of_the_weights_is_kept(tmp_path, data):
    import safetensors.numpy

    settings = settings_for(data, optimiser__average="ema", optimiser__average_decay=0.999, optimiser__lr=1e-2)
    fit(settings, tmp_path)
    kept, running = (
        safetensors.numpy.load_file(tmp_path / "last" / name)
        for name in ("model.safetensors", "state/model.safetensors")
    )
    moved = np.abs(kept["output.weight"] - running["output.weight"]).max()
    assert moved > 1e-3, "the mean has hardly moved, the weights have"


def test_calibration_is_stored_with_its_windows(run):
    _, folder, *_ = run
    detector = truevoice.load(checkpoint=folder / "best", device="cpu")
    assert detector.calibration is not None
    assert detector.calibration.windows.kind == "overlap"
    assert detector.calibration.fitted_on["n_bonafide"] == 3


def test_the_frozen_front_end_is_worked_out_once(tmp_path, data, monkeypatch):
    """With its output from the disk a run learns what it learns without, hears validation alike, and can be resumed."""
    monkeypatch.setenv("TRUEVOICE_CACHE", str(tmp_path / "cache"))
    values = {"data__crop": "first", "data__windows": "first", "schedule__epochs": 2}
    plain = fit(settings_for(data, **values), tmp_path / "plain")
    told = []
    settings = settings_for(data, **values, network__cache_frozen=True)
    kept = fit(settings, tmp_path / "kept", tell=told.append)
    assert any("24 windows" in line and line.endswith("0 are there") for line in told)
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 24
    for one, other in zip(plain.epochs, kept.epochs, strict=True):
        assert other.train_loss == pytest.approx(one.train_loss, rel=1e-4)
        assert other.sets["validation"]["loss"] == pytest.approx(one.sets["validation"]["loss"], rel=1e-4)
    monkeypatch.setattr(FrozenFeatures, "_heard", lambda *_: pytest.fail("it is on the disk"))
    monkeypatch.setattr(FrozenFeatures, "bytes_of_a_trial", lambda *_: 1)
    fit(settings, tmp_path / "again", watch=lambda epoch: epoch.epoch == 1)
    fit(settings, tmp_path / "again", resume=True)
    assert weights(tmp_path / "again" / "last") == weights(tmp_path / "kept" / "last")
    with pytest.raises(UsageError, match="--cache-frozen: windows lie at random"):
        fit(settings_for(data, network__cache_frozen=True), tmp_path / "random")


def test_leaks_are_looked_for_once(tmp_path, data):
    told = []
    settings = settings_for(data, data__leak_report=True, schedule__epochs=1)
    fit(settings, tmp_path, tell=told.append)
    written = (tmp_path / "leaks.json").read_bytes()
    assert list(json.loads(written)["sets"]) == ["train", "validation"]
    findings = [line for line in told if line.startswith(("note: ", "warning: "))]
    assert len(findings) == len(json.loads(written)["findings"])
    fit(settings, tmp_path, resume=True)
    assert (tmp_path / "leaks.json").read_bytes() == written
