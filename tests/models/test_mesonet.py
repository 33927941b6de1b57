"""MesoInception-4 against recorded outputs with seeded weights."""

import pytest
import torch
from torch.nn import functional as F

from published import (
    assert_near,
    parameters,
    scores_of_the_graph,
    scores_through_the_register,
    seeded_maps,
    with_seeded_weights,
)
from truevoice.detectors.card import cards
from truevoice.models import mesonet
from truevoice.models.mesonet import MesoNet

pytestmark = pytest.mark.usefixtures("one_thread", "no_gradients")

CASES = {
    "mesonet_1ch": (["lfcc"], "384x600", "mesonet_384x600"),
    "mesonet_2ch": (["whisper", "mfcc"], "384x600_2ch", "mesonet_384x600_2ch"),
}
ENCODER = 7_632_384


@pytest.fixture(scope="module")
def folder(shared):
    return shared("reference/vectors_other")


def build(folder, keys):
    network = MesoNet(features=CASES[keys][0])
    return with_seeded_weights(network, folder / f"{keys}_keys.json", beside="whisper_model.")


def test_size_is_the_published_one():
    assert parameters(MesoNet(features=["mfcc"])) == 28_486
    assert parameters(MesoNet()) == 28_497 + ENCODER == cards()["mesonet"].parameters
    assert parameters(MesoNet(features=["whisper"])) == 28_486 + ENCODER == cards()["mesonet-whisper"].parameters


@pytest.mark.parametrize("keys", CASES)
def test_parity_with_the_original(keys, folder):
    _, maps, output = CASES[keys]
    values = torch.load(folder / "specrnet_mesonet_lcnn_expected.pt", weights_only=True)
    assert_near(build(folder, keys).classify(seeded_maps()[maps]), values[output])


def test_scores_of_the_exported_graph(folder, tmp_path):
    network = build(folder, "mesonet_1ch")
    waves = torch.load(folder / "wave.pt", weights_only=True)["wave"]
    ours = scores_of_the_graph(network, tmp_path / "graph.onnx", waves, index=0)
    assert_near(ours, network(waves)[:, 0])


@pytest.mark.parametrize("length", [5, 1023, 1024, 1025, 3000, 17856])
def test_averages_of_the_graph_are_those_of_adaptive_pooling(length, monkeypatch):
    values = torch.randn(2, length, generator=torch.Generator().manual_seed(length))
    expected = F.adaptive_avg_pool1d(values, 1024)
    monkeypatch.setattr(torch.onnx, "is_in_onnx_export", lambda: True)
    assert_near(mesonet.averaged_to(values, 1024), expected, 1e-6)


def test_register_hears_half_a_minute_with_whisper_and_mfcc(folder, tmp_path):
    torch.manual_seed(0)
    network = MesoNet().eval()
    wave = torch.load(folder / "wave.pt", weights_only=True)["wave"][:1]
    repeated = wave.repeat(1, 8)[:, :480000]
    assert_near(scores_through_the_register("mesonet", network, tmp_path, wave), network(repeated)[:, 0])


def test_other_lists_of_features_are_refused():
    with pytest.raises(ValueError, match=r"choose whisper, lfcc, mfcc, whisper\+lfcc, whisper\+mfcc"):
        MesoNet(features=["lfcc", "whisper"])
