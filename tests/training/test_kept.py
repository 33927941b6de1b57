"""Trained folders: they load with --checkpoint in every command, with the scores, calibration and windows they had."""

import copy
import json

import numpy as np
import pytest
import torch
from torch import nn

import truevoice
from speech import clips, speech
from tiny_encoders import tiny_encoder
from truevoice.commands.convert import convert
from truevoice.commands.inspect import inspect
from truevoice.detectors.calibration import Calibration
from truevoice.detectors.card import cards
from truevoice.detectors.torch_engine import TorchEngine
from truevoice.errors import CheckpointError, UsageError
from truevoice.models.build import build
from truevoice.models.checkpoint import read_checkpoint
from truevoice.models.converted import CONFIG
from truevoice.training.kept import scores_of_logits, write_trained
from truevoice.training.settings import Network
from truevoice.training.start import begin
from truevoice.windows import WindowPolicy

pytestmark = pytest.mark.usefixtures("one_thread")
POLICY = WindowPolicy("overlap", 32000, 8000, "median")
CALIBRATION = Calibration(2.0, 0.5, 0.25, windows=POLICY, fitted_on={"set": "validation", "n": 40})


def windows(length):
    return np.stack([np.resize(speech(), length), 0.5 * np.resize(speech()[::-1], length)]).astype(np.float32)


def kept(folder, start, calibration=None, **options):
    training = {"data": "120 clips of a set", "epoch": 3, "figures": {"eer": float("nan")}}
    return write_trained(folder, start.network, start.card, start.origin, calibration=calibration, training=training,
                         **options)  # fmt: skip


def stirred(start):
    """A network whose batch norms have seen something, as after training."""
    with torch.no_grad():
        start.network.train()(torch.from_numpy(windows(start.card.window)))
    return start


CASES = {
    "mel-cnn": (Network(model="mel-cnn", arguments={"channels": 2}), "ce", None),
    "a single logit": (Network(model="lcnn"), "ce", 16000),
    "one cosine": (Network(model="aasist-l"), "oc-softmax", 8000),
    "two cosines": (Network(model="mel-cnn"), "am-softmax", None),
    "two cosines for a single logit": (Network(model="lcnn"), "am-softmax", 16000),
    "log-probabilities": (Network(model="rawnet2"), "oc-softmax", 16000),
}


@pytest.mark.parametrize("kind", CASES)
def test_the_same_scores_to_the_last_bit(kind, tmp_path):
    start = stirred(begin(*CASES[kind]))
    kept(tmp_path / "best", start)
    waves = windows(start.card.window)
    network = copy.deepcopy(start.network).eval()
    card = start.card
    theirs = TorchEngine(network, bonafide_index=card.bonafide_index, log_odds=card.log_odds).run(waves)
    name = start.card.name
    for detector in (
        truevoice.load(checkpoint=tmp_path / "best", device="cpu", engine="torch"),
        truevoice.load(name, checkpoint=tmp_path / "best", device="cpu", engine="torch"),
    ):
        np.testing.assert_array_equal(detector.scores(waves), theirs)
        assert detector.card.head == start.card.head
        assert detector.window == start.card.window
    with torch.no_grad():
        plain = scores_of_logits(network(torch.from_numpy(waves)), card).numpy()
    np.testing.assert_allclose(plain, theirs, atol=1e-5)
    assert start.network.training
    if name == "rawnet2":  # its graph takes long
        return
    # As a graph, which needs no torch.
    graph = truevoice.load(checkpoint=tmp_path / "best", device="cpu", engine="onnx")
    np.testing.assert_allclose(graph.scores(waves), theirs, atol=1e-4)


@pytest.mark.parametrize("encoder", ["wav2vec2", "wavlm", "whisper"])
def test_on_an_encoder(encoder, tmp_path):
    """Weight norms are multiplied out, and the encoder's kind is told from its weights again."""
    where = tiny_encoder(tmp_path / "encoder", encoder)
    start = stirred(begin(Network(model=f"ssl:{where}+antideepfake"), "am-softmax", 16000))
    kept(tmp_path / "best", start)
    waves = torch.from_numpy(windows(16000))
    read = read_checkpoint(tmp_path / "best")
    again = build(start.card, read.state, "best", read.settings)
    with torch.no_grad():
        theirs = start.network.eval()(waves)
        assert torch.equal(again(waves), theirs)
    detector = truevoice.load(checkpoint=tmp_path / "best", device="cpu")
    np.testing.assert_allclose(detector.scores(waves.numpy()), scores_of_logits(theirs, start.card), atol=1e-4)
    assert detector.name == start.card.name


def test_calibration_and_windows_come_along(tmp_path):
    start = begin(Network(model="mel-cnn"), "ce", None)
    kept(tmp_path / "best", start, CALIBRATION)
    detector = truevoice.load(checkpoint=tmp_path / "best", device="cpu")
    assert detector.calibration == CALIBRATION
    assert detector.policy == POLICY
    result = detector.score(clips()[0])
    assert result.p_spoof == pytest.approx(CALIBRATION.p_spoof(result.score))
    assert result.verdict in ("bonafide", "spoof")
    assert result.windows == POLICY.to_dict()
    # Through a conversion too, and with its graph.
    convert(tmp_path / "best", tmp_path / "again", onnx=True)
    again = truevoice.load(tmp_path / "again", device="cpu", engine="onnx")
    assert (again.calibration, again.policy) == (CALIBRATION, POLICY)
    assert again.score(clips()[0]).score == pytest.approx(result.score, abs=1e-4)
    alone = truevoice.load(tmp_path / "again" / "model.onnx")
    assert (alone.calibration, alone.policy) == (CALIBRATION, POLICY)


def test_windows_without_a_calibration(tmp_path):
    start = begin(Network(model="mel-cnn"), "ce", None)
    kept(tmp_path / "best", start, windows=POLICY)
    detector = truevoice.load(checkpoint=tmp_path / "best", device="cpu")
    assert (detector.calibration, detector.policy) == (None, POLICY)


def test_it_says_what_it_is(tmp_path, shared):
    start = begin(Network(model="aasist-l", checkpoint=str(shared("weights/AASIST-L.pth"))), "ce", 16000)
    config = kept(tmp_path / "best", start, CALIBRATION)
    written = json.loads((tmp_path / "best" / CONFIG).read_text())
    assert np.isnan(written["training"].pop("figures")["eer"])
    del config["training"]["figures"]
    assert written == config
    card = config["card"]
    assert card["figures"] == []
    assert card["training_data"] == "120 clips of a set"
    assert card["parameters"] == config["parameters"] == 85306
    assert card["licence"] == "MIT"
    assert config["source"]["sha256"] == cards()["aasist-l"].weights.sha256
    assert config["training"]["epoch"] == 3
    told = inspect(tmp_path / "best")
    assert told.what == "aasist-l (AASIST-L), trained from AASIST-L.pth"
    assert told.model == "aasist-l"


def test_the_data_may_stand_in_the_settings(tmp_path):
    start = begin(Network(model="mel-cnn"), "ce", None)
    config = write_trained(tmp_path, start.network, start.card, start.origin, calibration=None,
                           training={"settings": {"data": {"data": "my-set"}}})  # fmt: skip
    assert config["card"]["training_data"] == "my-set"
    assert config["card"]["licence"] == "unknown"
    assert config["source"]["file"] == "random weights"


def test_adapters_are_merged(tmp_path):
    where = tiny_encoder(tmp_path / "encoder")
    start = begin(Network(model="antideepfake", encoder=where, trainable="lora"), "ce", 16000)
    with torch.no_grad():
        for name, parameter in start.network.named_parameters():
            if "lora_B" in name:
                nn.init.normal_(parameter, generator=torch.Generator().manual_seed(0))
        theirs = scores_of_logits(start.network.eval()(torch.from_numpy(windows(16000))), start.card).numpy()
    config = kept(tmp_path / "best", start)
    assert not any("lora" in key for key in read_checkpoint(tmp_path / "best").state)
    assert config["parameters"] == config["card"]["parameters"]
    detector = truevoice.load(checkpoint=tmp_path / "best", device="cpu")
    np.testing.assert_allclose(detector.scores(windows(16000)), theirs, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"calibration": {"calibration": {}}}, "its calibration is not whole"),
        ({"calibration": [1]}, "its calibration is not whole"),
        ({"windows": {"kind": "overlap"}}, "its window policy is not whole"),
        ({"windows": {**POLICY.to_dict(), "hop": 0}}, "its window policy is not whole"),
    ],
)
def test_a_folder_that_was_tampered_with(change, words, tmp_path):
    kept(tmp_path, begin(Network(model="mel-cnn"), "ce", None), CALIBRATION)
    config = json.loads((tmp_path / CONFIG).read_text())
    (tmp_path / CONFIG).write_text(json.dumps(config | change))
    with pytest.raises(CheckpointError, match=words):
        truevoice.load(checkpoint=tmp_path)


def test_an_unknown_head_is_refused(tmp_path):
    kept(tmp_path, begin(Network(model="mel-cnn"), "oc-softmax", None))
    config = json.loads((tmp_path / CONFIG).read_text())
    config["card"]["head"] = "arc-face"
    (tmp_path / CONFIG).write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="not whole"):
        truevoice.load(checkpoint=tmp_path)


def test_what_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    start = begin(Network(model="mel-cnn"), "ce", None)
    with pytest.raises(UsageError, match="cannot be written"):
        kept(tmp_path / "file", start)
    with pytest.raises(UsageError, match="too long"):
        write_trained(tmp_path / "best", start.network, start.card, start.origin, calibration=None,
                      training={"log": "x" * 2**20})  # fmt: skip


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    """As safetensors tells of it: in an error of its own kind."""
    import safetensors.torch

    def full(*_, **__):
        raise safetensors.SafetensorError("No space left on device")

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    start = begin(Network(model="mel-cnn"), "ce", None)
    with pytest.raises(UsageError, match=r"cannot be written \(No space left on device\)"):
        kept(tmp_path, start)


@pytest.mark.parametrize(("outputs", "index", "log_odds"), [(2, 1, False), (2, 0, False), (2, 1, True), (1, 0, False)])
def test_scores_are_those_of_the_engine(outputs, index, log_odds):
    from dataclasses import replace

    class Fixed(nn.Module):
        def forward(self, waves):
            return waves[:, :outputs]

    card = replace(cards()["aasist"], bonafide_index=index, log_odds=log_odds)
    waves = windows(64)
    theirs = TorchEngine(Fixed(), bonafide_index=index, log_odds=log_odds).run(waves)
    np.testing.assert_array_equal(scores_of_logits(torch.from_numpy(waves[:, :outputs]), card).numpy(), theirs)
