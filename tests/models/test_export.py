"""The one way to ONNX: lengths that are free and lengths that are not, sizes that do not fit, 8-bit weights."""

import json

import numpy as np
import onnx
import pytest
import torch
from torch import nn

import truevoice
from speech import clips
from truevoice.commands.convert import convert, network_scores
from truevoice.commands.drift import Drift, heard_windows
from truevoice.detectors.card import cards
from truevoice.detectors.onnx_engine import OnnxEngine
from truevoice.errors import CheckpointError, UsageError
from truevoice.models.build import build, network_of
from truevoice.models.checkpoint import read_checkpoint
from truevoice.models.export import Score, export_onnx
from truevoice.models.front_ends.encoder import SpeechEncoder
from truevoice.models.quantise import quantise
from truevoice.models.speech_detector import SpeechDetector

pytestmark = pytest.mark.usefixtures("one_thread")

SYNTHETIC = clips()[0].parent


@pytest.fixture(scope="module")
def tiny(shared):
    return shared("reference/vectors/tiny_ssl_aasist.pth")


@pytest.fixture(scope="module")
def converted(tiny, tmp_path_factory):
    """SSL-AASIST with all of its graphs, and what was told of them."""
    out = tmp_path_factory.mktemp("graphs") / "tiny"
    return convert(tiny, out, onnx=True, int8=True, clips=SYNTHETIC)


def mean_pooled(shared, folder):
    """AntiDeepfake on the scaled-down XLS-R, in a file."""
    read = read_checkpoint(shared("reference/vectors/tiny_xlsr_fairseq.pt"))
    encoder = SpeechEncoder.from_state(read.state, "file", settings=read.settings)
    torch.manual_seed(0)
    network = SpeechDetector(encoder, network_of(cards()["antideepfake"], encoder))
    torch.save(network.state_dict(), folder / "mean.pth")
    return folder / "mean.pth"


def test_the_graph_scores_as_the_network_does(converted, tiny):
    windows, _ = heard_windows(SYNTHETIC, 64600)
    card = cards()["ssl-aasist"]
    read = read_checkpoint(tiny)
    own = network_scores(build(card, read.state, "file", read.settings), card, windows)
    detector = truevoice.load(converted.folder / "model.onnx", device="cpu")
    assert detector.card.name == "ssl-aasist"
    np.testing.assert_allclose(detector.scores(windows), own, atol=1e-4)
    np.testing.assert_allclose(detector.scores(windows[:1]), own[:1], atol=1e-4)
    by_folder = truevoice.load(converted.folder, device="cpu", engine="onnx")
    np.testing.assert_array_equal(by_folder.scores(windows), detector.scores(windows))
    small = truevoice.load(converted.folder / "model.int8.onnx", device="cpu").scores(windows)
    assert np.abs(small - own).max() == pytest.approx(converted.drift["model.int8.onnx"].largest, abs=1e-5)


def test_the_drift_is_measured_and_kept(converted):
    exact, rounded = (converted.drift[name] for name in ("model.onnx", "model.int8.onnx"))
    assert exact.windows == rounded.windows >= 6
    assert exact.heard == "6 recordings of synthetic"
    assert exact.largest < 1e-4 < rounded.largest
    assert rounded.relative == pytest.approx(rounded.largest / rounded.spread)
    told = json.loads((converted.folder / "model.int8.json").read_text())
    assert told["drift"]["largest"] == rounded.largest
    assert told["quantised"]["products"] == 4  # those of the attention; the others are small here
    assert converted.files["model.int8.onnx"] < 0.6 * converted.files["model.onnx"]


def test_a_length_is_free_only_where_it_is_right(converted, tiny, shared, tmp_path):
    """The graph of SSL-AASIST would run at other lengths, and give wrong scores without a word."""
    assert converted.any_length is False
    read = read_checkpoint(tiny)
    network = build(cards()["ssl-aasist"], read.state, "file", read.settings)
    export_onnx(network, tmp_path / "claims.onnx", window=64600, any_length=True)
    windows, _ = heard_windows(None, 32000)
    wrong = OnnxEngine(tmp_path / "claims.onnx", "cpu").run(windows[:2])
    assert np.abs(wrong - network_scores(network, cards()["ssl-aasist"], windows[:2])).max() > 0.01

    done = convert(mean_pooled(shared, tmp_path), tmp_path / "mean", onnx=True)
    assert done.model == "antideepfake"
    assert done.any_length is True
    assert done.drift["model.onnx"].heard == "8 made-up sounds"
    graph = truevoice.load(tmp_path / "mean" / "model.onnx", device="cpu")
    for length in (16000, 48001):
        windows, _ = heard_windows(SYNTHETIC, length)
        own = truevoice.load(tmp_path / "mean", device="cpu", engine="torch").scores(windows[:2])
        np.testing.assert_allclose(graph.scores(windows[:2]), own, atol=1e-4)


def test_equal_weights_give_equal_bytes(tmp_path):
    torch.manual_seed(0)
    network = network_of(cards()["lcnn"]).eval()
    for name in ("one.onnx", "two.onnx"):
        export_onnx(network, tmp_path / name, window=16000, bonafide_index=0)
    graph = (tmp_path / "one.onnx").read_bytes()
    assert graph == (tmp_path / "two.onnx").read_bytes()
    assert b"site-packages" not in graph
    assert b".py" not in graph


class TooLarge(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(600_000_000, device="meta"))


class Unexportable(nn.Module):
    def forward(self, waves):
        return torch.linalg.eigvals(waves[:, :4].reshape(-1, 2, 2)).real


def test_what_cannot_be_a_graph_is_one_line(tmp_path, capfd):
    with pytest.raises(CheckpointError, match=r"2\.4 GB.*holds at most 2"):
        export_onnx(TooLarge(), tmp_path / "large.onnx", window=16000)
    with pytest.raises(CheckpointError, match="cannot be written as a graph") as caught:
        export_onnx(Unexportable(), tmp_path / "none.onnx", window=16000)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_rounding_without_gain_is_refused(tmp_path):
    network = network_of(cards()["lcnn"]).eval()
    export_onnx(network, tmp_path / "lcnn.onnx", window=16000, bonafide_index=0)
    with pytest.raises(CheckpointError, match="would not become smaller in 8 bits"):
        quantise(tmp_path / "lcnn.onnx", tmp_path / "small.onnx")
    assert not (tmp_path / "small.onnx").exists()


def test_large_products_alone_are_rounded(tmp_path):
    network = nn.Sequential(nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 2))
    export_onnx(network, tmp_path / "whole.onnx", window=1024)
    assert quantise(tmp_path / "whole.onnx", tmp_path / "small.onnx") == 1
    assert (tmp_path / "small.onnx").stat().st_size < 0.3 * (tmp_path / "whole.onnx").stat().st_size
    kinds = [node.op_type for node in onnx.load(tmp_path / "small.onnx").graph.node]
    assert kinds.count("MatMulInteger") == 1
    windows = np.random.default_rng(0).standard_normal((4, 1024)).astype(np.float32)
    whole, small = (OnnxEngine(tmp_path / name, "cpu").run(windows) for name in ("whole.onnx", "small.onnx"))
    assert 0 < np.abs(whole - small).max() < 0.05


def test_the_score_is_a_logit_or_a_difference():
    logits = torch.tensor([[1.0, 3.0], [2.0, -1.0]])
    network = nn.Identity()
    assert Score(network, 1)(logits).tolist() == [3.0, -1.0]
    assert Score(network, 0)(logits).tolist() == [1.0, 2.0]
    assert Score(network, 1, log_odds=True)(logits).tolist() == [2.0, -3.0]


def test_drift_in_numbers(tmp_path):
    one, other = np.array([0.0, 2.0, 4.0], np.float32), np.array([0.5, 2.0, 3.0], np.float32)
    drift = Drift.between(one, other, "three")
    assert (drift.windows, drift.largest, drift.mean) == (3, 1.0, 0.5)
    assert drift.relative == pytest.approx(1 / one.std())
    assert Drift.between(one[:1], other[:1], "one").relative is None
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    with pytest.raises(UsageError, match="none of its recordings can be read"):
        heard_windows(tmp_path, 16000)
