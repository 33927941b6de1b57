"""SpecRNet against recorded outputs with seeded weights."""

import pytest
import torch

from published import (
    assert_near,
    parameters,
    scores_of_the_graph,
    scores_through_the_register,
    seeded_maps,
    with_seeded_weights,
)
from truevoice.detectors.card import cards
from truevoice.models.specrnet import SpecRNet

pytestmark = pytest.mark.usefixtures("one_thread", "no_gradients")

FEATURES = {"specrnet": ["lfcc"], "specrnet_whisperrepo_1ch": ["mfcc"], "specrnet_whisperrepo_2ch": ["whisper", "lfcc"]}
CASES = [
    ("specrnet", "80x404", "specrnet_80x404"),
    ("specrnet_whisperrepo_1ch", "384x600", "specrnet_384x600"),
    ("specrnet_whisperrepo_2ch", "384x600_2ch", "specrnet_384x600_2ch"),
]


@pytest.fixture(scope="module")
def folder(shared):
    return shared("reference/vectors_other")


def build(folder, keys):
    return with_seeded_weights(SpecRNet(features=FEATURES[keys]), folder / f"{keys}_keys.json", beside="whisper_model.")


def test_size_is_the_published_one():
    assert parameters(SpecRNet()) == 277_963 == cards()["specrnet"].parameters
    assert parameters(SpecRNet(features=["whisper"])) == 277_963 + 7_632_384 == cards()["specrnet-whisper"].parameters


@pytest.mark.parametrize(("keys", "maps", "output"), CASES)
def test_parity_with_the_original(keys, maps, output, folder):
    values = torch.load(folder / "specrnet_mesonet_lcnn_expected.pt", weights_only=True)
    assert_near(build(folder, keys).classify(seeded_maps()[maps]), values[output])


def test_bn1_changes_nothing(folder):
    network, maps = build(folder, "specrnet"), seeded_maps()["80x404"]
    before = network.classify(maps)
    for index in (2, 4):
        network.get_submodule(f"block{index}.0.bn1").weight.fill_(float("nan"))
    assert torch.equal(network.classify(maps), before)


def test_register_and_graph_score_as_the_network_does(folder, tmp_path):
    network = build(folder, "specrnet")
    waves = torch.load(folder / "wave.pt", weights_only=True)["wave"]
    expected = network(waves)[:, 0]
    assert_near(scores_through_the_register("specrnet", network, tmp_path, waves), expected)
    assert_near(scores_of_the_graph(network, tmp_path / "graph.onnx", waves, index=0), expected)


def test_the_shortest_window_is_the_shortest(folder):
    network, shortest = build(folder, "specrnet"), cards()["specrnet"].shortest_window
    assert network(torch.zeros(2, shortest)).shape == (2, 1)
    with pytest.raises(RuntimeError):
        network(torch.zeros(2, shortest - 1))
