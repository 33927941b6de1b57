"""RawGAT-ST in its three fusions against recorded outputs, with the published weights and with seeded ones."""

import hashlib

import pytest
import torch

from published import assert_near, parameters, recorded, scores_of_the_graph, with_seeded_weights
from truevoice.detectors.card import cards
from truevoice.detectors.torch_engine import open_torch
from truevoice.models.checkpoint import load_strictly, read_state_dict
from truevoice.models.rawgat_st import RawGATST

pytestmark = pytest.mark.usefixtures("one_thread", "no_gradients")

FUSIONS = {"rawgat-st": "mul", "rawgat-st-add": "add", "rawgat-st-cat": "cat"}
PARAMETERS = {"rawgat-st": 440_810, "rawgat-st-add": 440_810, "rawgat-st-cat": 445_546}


@pytest.fixture(scope="module")
def folder(shared):
    return shared("reference/vectors_other")


def expected(folder, name):
    waves = torch.load(folder / "wave.pt", weights_only=True)["wave"]
    return waves, torch.load(folder / f"rawgat_st_{FUSIONS[name]}_expected.pt", weights_only=True)


@pytest.mark.parametrize("name", FUSIONS)
def test_card_agrees_with_the_published_file(name, folder):
    card, path = cards()[name], folder / f"rawgat_st_{FUSIONS[name]}.pth"
    assert card.arguments == {"fusion": FUSIONS[name]}
    assert card.weights.bytes == path.stat().st_size
    assert card.weights.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert card.weights.url.endswith(f"RawGAT_ST_{FUSIONS[name]}/{card.weights.file}")
    assert card.parameters == PARAMETERS[name] == parameters(RawGATST(**card.arguments))


@pytest.mark.parametrize("name", FUSIONS)
def test_keys_and_scores_with_the_seeded_weights(name, folder):
    keys = folder / f"rawgat_st_{FUSIONS[name]}_keys.json"
    network = with_seeded_weights(RawGATST(fusion=FUSIONS[name]), keys)
    assert len(network.state_dict()) == 237
    waves, values = expected(folder, name)
    assert_near(network.for_cpu()(waves), values["seeded.logits"])


@pytest.mark.parametrize("name", FUSIONS)
def test_parity_with_the_published_weights(name, folder):
    path = folder / f"rawgat_st_{FUSIONS[name]}.pth"
    network = RawGATST(fusion=FUSIONS[name]).eval()
    load_strictly(network, read_state_dict(path), str(path))
    graphs = [f"GAT_layer{number}" for number in (1, 2, 3)]
    seen = recorded(network, *graphs)
    waves, values = expected(folder, name)
    assert_near(network.for_cpu()(waves), values["published.logits"])
    assert_near(network(waves[:1]), values["published.logits"][:1])
    for number, graph in enumerate(graphs, start=1):
        assert_near(seen[graph], values[f"published.gat{number}"][:1])


@pytest.mark.slow
def test_scores_of_the_exported_graph(folder, tmp_path):
    network = RawGATST().eval()
    load_strictly(network, read_state_dict(folder / "rawgat_st_mul.pth"), "rawgat_st_mul.pth")
    waves, values = expected(folder, "rawgat-st")
    scores = scores_of_the_graph(network, tmp_path / "graph.onnx", waves, index=1)
    assert_near(scores, values["published.logits"][:, 1])


@pytest.mark.parametrize("length", [63551, 65737])
def test_tiles_change_nothing_at_the_ends_of_what_it_takes(length):
    network = RawGATST(fusion="cat").eval()
    waves = 0.1 * torch.randn(1, length, generator=torch.Generator().manual_seed(length))
    assert_near(network.for_cpu()(waves), network(waves))


def test_scores_through_the_engine(folder):
    engine = open_torch(cards()["rawgat-st"], folder / "rawgat_st_mul.pth", "cpu")
    waves, values = expected(folder, "rawgat-st")
    expected_scores = values["published.logits"][:, 1]
    assert_near(torch.from_numpy(engine.run(waves.numpy())), expected_scores)
    assert_near(torch.from_numpy(engine.run(waves[:1].numpy())), expected_scores[:1])


def test_another_fusion_is_refused():
    with pytest.raises(ValueError, match="choose mul, add, cat"):
        RawGATST(fusion="max")


def test_the_dead_convolutions_change_nothing(folder):
    network = RawGATST().eval()
    waves = torch.load(folder / "wave.pt", weights_only=True)["wave"][:1]
    before = network.for_cpu()(waves)
    for encoder in (network.encoder1, network.encoder2):
        for stage in list(encoder)[1:]:
            stage[0].conv_1.weight.fill_(float("nan"))
            stage[0].bn1.weight.fill_(float("nan"))
    assert torch.equal(network.for_cpu()(waves), before)
