"""Names and paths → detectors: both engines, the cache, and every way to ask for what is not there."""

import json
import shutil
from importlib import resources

import numpy as np
import pytest

import truevoice
from speech import clips
from truevoice.detectors.card import Card, cards
from truevoice.detectors.opened import calibration_of
from truevoice.detectors.register import card_of_parts
from truevoice.errors import CheckpointError, MissingExtraError, TruevoiceError, UsageError

SHIPPED = resources.files("truevoice") / "weights"


def test_the_default_comes_with_the_package():
    detector = truevoice.load()
    assert detector.name == "mel-cnn"
    assert detector.sample_rate == 16_000
    assert detector.window == 32_000
    assert detector.polarity == "higher = more bona fide"
    assert detector.calibration is not None
    assert len(detector.checksum) == 64
    result = detector.score(clips()[0])
    assert result.segments[0].end == 2.0
    assert result.checksum == detector.checksum


def test_a_graph_by_its_path(tmp_path):
    for name in ("mel-cnn.onnx", "mel-cnn.json"):
        shutil.copy(str(SHIPPED / name), tmp_path / name)
    sidecar = json.loads((tmp_path / "mel-cnn.json").read_text())
    sidecar["card"] = {
        "name": "mine",
        "title": "Mine",
        "parameters": 1,
        "window": 32000,
        "score": "x",
        "fixed_window": True,
    }
    (tmp_path / "mel-cnn.json").write_text(json.dumps(sidecar))
    mine = truevoice.load(tmp_path / "mel-cnn.onnx")
    assert mine.name == "mine"
    assert mine.score(clips()[0]).score == truevoice.load().score(clips()[0]).score
    graph = tmp_path / "mel-cnn.onnx"
    graph.write_bytes(graph.read_bytes() + b"\0")
    with pytest.raises(CheckpointError, match="sha256"):
        truevoice.load(graph)
    (tmp_path / "mel-cnn.json").write_text("{}")
    with pytest.raises(CheckpointError, match="not a detector's description"):
        truevoice.load(graph)
    (tmp_path / "mel-cnn.json").unlink()
    with pytest.raises(CheckpointError, match=r"mel-cnn\.json is missing"):
        truevoice.load(graph)


def test_what_is_no_graph(tmp_path):
    from truevoice.detectors.onnx_engine import OnnxEngine

    with pytest.raises(CheckpointError, match="not an ONNX graph"):
        OnnxEngine(b"garbage")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"name": "aasits"}, "did you mean aasist"),
        ({"name": "x", "checkpoint": "y"}, "not known"),
        ({"engine": "tensorflow"}, "choose auto, onnx, torch"),
        ({"device": "tpu"}, "tpu"),
        ({"engine": "torch"}, "ONNX graph"),
        ({"device": "mps"}, "cpu, cuda"),
        ({"device": None}, "a device is a word"),
        ({"name": "x" * 300}, "not known"),
    ],
)
def test_requests_that_cannot_be_met(request_, message):
    with pytest.raises(UsageError, match=message):
        truevoice.load(**request_)


def test_both_engines_give_the_published_scores(shared, tmp_path, monkeypatch):
    """torch, ONNX (exported once, then from the cache), and a cached checkpoint: the same scores."""
    import torch

    monkeypatch.setenv("TRUEVOICE_CACHE", str(tmp_path))
    weights = shared("weights/AASIST-L.pth")
    vectors = torch.load(shared("reference/vectors/aasist_expected.pt"), weights_only=True)
    windows = vectors["input"].numpy()[:2]
    expected = vectors["AASIST-L.logits"][:2, 1].numpy()
    np.testing.assert_allclose(truevoice.load("aasist-l", checkpoint=weights).scores(windows), expected, atol=1e-4)
    onnx = truevoice.load("aasist-l", checkpoint=weights, engine="onnx")
    np.testing.assert_allclose(onnx.scores(windows), expected, atol=1e-4)
    with pytest.raises(UsageError, match=r"windows of 64600 samples, not 16000.*--engine torch"):
        onnx.scores(windows[:, :16000])
    with pytest.raises(UsageError, match="64600"):
        onnx.score(clips()[0], policy=truevoice.WindowPolicy("overlap", 16000, 8000))
    [graph] = (tmp_path / "onnx").iterdir()
    monkeypatch.setattr("truevoice.detectors.torch_engine.export_checkpoint", None)  # the second time must not need it
    again = truevoice.load("aasist-l", checkpoint=weights, engine="onnx")
    assert graph.exists()
    np.testing.assert_array_equal(again.scores(windows[:1]), onnx.scores(windows[:1]))
    (tmp_path / "aasist-l").mkdir()
    shutil.copy(weights, tmp_path / "aasist-l" / "AASIST-L.pth")
    cached = truevoice.load("aasist-l")
    assert cached.checksum == cards()["aasist-l"].weights.sha256
    assert cached.scores(windows[:1, :20_000]).shape == (1,)  # torch takes any length


def test_every_card_is_whole():
    for name, card in cards().items():
        assert card.name == name
        assert card.shipped or card.network
        if card.weights:
            assert len(card.weights.sha256) == 64
            assert card.weights.url.startswith("https://")


def test_cards_that_are_none():
    with pytest.raises(TruevoiceError, match=r"x\.yaml: unknown key colour"):
        Card.from_dict({"colour": 1}, "x.yaml")
    with pytest.raises(TruevoiceError, match=r"x\.yaml.*missing"):
        Card.from_dict({"name": "x"}, "x.yaml")


def test_a_calibration_without_its_parts():
    with pytest.raises(TruevoiceError, match=r"not whole.*'offset'"):
        calibration_of({"calibration": {"slope": 1.0}, "windows": {}, "threshold": {"score": 0}}, "x")
    line = {"calibration": {"slope": 1.0, "offset": 0.0}, "threshold": {"score": 0}}
    with pytest.raises(TruevoiceError, match="not whole"):
        calibration_of({**line, "windows": {"kind": "overlap", "colour": 1}}, "x")


def test_a_freshly_trained_graph_can_be_tried_before_it_is_shipped(tmp_path):
    for name in ("mel-cnn.onnx", "mel-cnn.json"):
        shutil.copy(str(SHIPPED / name), tmp_path / name)
    graph = tmp_path / "mel-cnn.onnx"
    expected = truevoice.load().score(clips()[0]).score
    assert truevoice.load(graph).score(clips()[0]).score == expected
    assert truevoice.load("mel-cnn", checkpoint=graph).score(clips()[0]).score == expected
    with pytest.raises(CheckpointError, match="a graph of mel-cnn, not of aasist"):
        truevoice.load("aasist", checkpoint=graph)


def test_checkpoints_that_are_none(tmp_path):
    for name in ("none.pth", "none.onnx"):
        with pytest.raises(CheckpointError, match="no such file"):
            truevoice.load("aasist", checkpoint=tmp_path / name)
    with pytest.raises(CheckpointError, match="is a folder"):
        truevoice.load("aasist", checkpoint=tmp_path)


def test_a_device_that_is_listed_but_does_not_work(monkeypatch):
    """ONNX Runtime falls back to the CPU without a word; we do not."""
    import onnxruntime

    listed = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: listed)
    assert truevoice.load().engine.device == "cpu"
    with pytest.raises(UsageError, match="does not work here"):
        truevoice.load(device="cuda:0")
    with pytest.raises(UsageError, match="cuda:N"):
        truevoice.load(device="cuda:x")


def test_a_back_end_on_another_encoder_needs_its_training(shared, tmp_path):
    """Scores from random weights would look like any other scores, so there are none."""
    import torch

    name = "ssl:facebook/wav2vec2-xls-r-300m+ssl-aasist"
    with pytest.raises(UsageError, match=r"has not been trained on this encoder.*--checkpoint"):
        truevoice.load(name)
    where, card = card_of_parts(name)
    assert where == "facebook/wav2vec2-xls-r-300m"
    assert (card.name, card.network, card.weights, card.figures) == (name, "ssl_aasist:SSLAASIST", None, ())
    assert card.training_data == "unknown"
    detector = truevoice.load(name, checkpoint=shared("reference/vectors/tiny_ssl_aasist.pth"), device="cpu")
    assert detector.name == name
    expected = torch.load(shared("reference/vectors/tiny_expected.pt"), weights_only=True)
    scores = detector.scores(expected["input"].numpy())
    np.testing.assert_allclose(scores, expected["logits"][:, 1].numpy(), atol=1e-4)
    with pytest.raises(CheckpointError, match="no such file"):
        truevoice.load(name, checkpoint=tmp_path / "none.pth")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ssl:", "name an encoder and a back-end"),
        ("ssl:facebook/wav2vec2-base", "name an encoder and a back-end"),
        ("ssl:facebook/wav2vec2-base+", "name an encoder and a back-end"),
        ("ssl:facebook/wav2vec2-base+slss", "did you mean sls"),
        ("ssl:facebook/wav2vec2-base+aasist", r"aasist does not take the features.*these do: .*sls"),
        ("ssl:a+ssl:b+sls", "has not been trained"),
        ("ssl:ssl:a+sls", "name an encoder and a back-end"),
        ("ssl:a\nb+sls", "name an encoder and a back-end"),
        ("ssl:\x1b[2J+sls", "name an encoder and a back-end"),
    ],
)
def test_names_of_parts_that_cannot_be_met(name, message):
    with pytest.raises(UsageError, match=message) as caught:
        truevoice.load(name)
    assert "\n" not in str(caught.value)


def test_weights_that_are_for_the_user_to_get(tmp_path):
    with pytest.raises(CheckpointError, match=r"see https://github\.com/TakHemlata/SSL_Anti-spoofing.*--checkpoint"):
        truevoice.load("ssl-aasist")
    with pytest.raises(CheckpointError, match="no such file; the weights of ssl-aasist are for you to get"):
        truevoice.load("ssl-aasist", checkpoint=tmp_path / "LA_model.pth")


def test_without_transformers_the_extra_is_named(shared, monkeypatch):
    from truevoice.detectors import torch_engine

    monkeypatch.setattr(torch_engine, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"ssl-aasist needs an optional part.*truevoice\[ssl\]"):
        truevoice.load("ssl-aasist", checkpoint=shared("reference/vectors/tiny_ssl_aasist.pth"))


def test_float32_means_float32_whatever_the_program_asked_for():
    import torch

    from truevoice.detectors.torch_engine import TorchEngine

    seen = []

    class Watching(torch.nn.Module):
        def forward(self, waves):
            seen.append((torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32))
            return waves[:, :2]

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        TorchEngine(Watching()).run(np.zeros((1, 4), np.float32))
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)
    assert seen == [("highest", False)]


def test_cards_with_a_front_end():
    raw = {
        **dict.fromkeys(("title", "summary", "score", "training_data", "licence", "paper", "source"), ""),
        **{"name": "x", "parameters": 1, "window": 1},
    }
    card = Card.from_dict({**raw, "front_end": {"kind": "wavlm", "prefixes": ["a.", "b."]}}, "x.yaml")
    assert card.front_end.prefixes == ("a.", "b.")
    assert card.front_end.is_encoder
    assert not card.front_end.normalise
    with pytest.raises(TruevoiceError, match=r"x\.yaml.*colour"):
        Card.from_dict({**raw, "front_end": {"kind": "wavlm", "colour": 1}}, "x.yaml")
