"""Adapters: they change nothing at first, alone learn, and are one with the weights once merged."""

import copy

import pytest
import torch

from tiny_encoders import tiny_encoder
from truevoice.errors import UsageError
from truevoice.training.kept import plain_state
from truevoice.training.lora import adapters
from truevoice.training.settings import Network
from truevoice.training.start import begin

pytestmark = pytest.mark.usefixtures("one_thread")
WAVES = 0.1 * torch.randn(2, 8000, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_encoder(tmp_path_factory.mktemp("encoder"))


def started(encoder, **changes):
    wanted = {"model": "antideepfake", "encoder": encoder, "trainable": "lora,none", "lora_rank": 4, "lora_alpha": 8}
    return begin(Network(**wanted | changes), "ce", 8000)


def test_at_first_they_change_nothing(folder):
    plain = begin(Network(model="antideepfake", encoder=folder), "ce", 8000)
    with torch.no_grad():
        assert torch.equal(started(folder).network.eval()(WAVES), plain.network.eval()(WAVES))


def test_they_and_the_head_alone_learn(folder):
    start = started(folder)
    kinds = {name.split(".lora_")[0].rpartition(".")[2] for name in start.told.names if ".lora_" in name}
    assert kinds == {"q_proj", "v_proj"}
    assert {name for name in start.told.names if ".lora_" not in name} == {
        "back_end.proj_fc.weight",
        "back_end.proj_fc.bias",
    }
    # Three layers, two targets in each, two matrices of 64 x 4; and the head.
    assert start.told.n_trained == 3 * 2 * 2 * 64 * 4 + 130
    assert any(".lora_A" in line for line in start.told.lines())


def test_the_weights_beside_them_can_learn_too(folder):
    start = started(folder, trainable="lora,ssl.layers[0]")
    assert any(name.endswith("layers.0.feed_forward.output_dense.weight") for name in start.told.names)
    assert not any("layers.1.feed_forward" in name for name in start.told.names)


def learnt(start):
    optimiser = torch.optim.Adam([one for one in start.network.parameters() if one.requires_grad], lr=0.01)
    for _ in range(3):
        optimiser.zero_grad()
        start.network(WAVES).square().sum().backward()
        optimiser.step()
    return start.network.eval()


def test_merged_they_are_the_same_network(folder):
    start = started(folder)
    before = {name: tensor.clone() for name, tensor in start.network.state_dict().items()}
    network = learnt(start)
    merged = plain_state(network)
    assert not any("lora" in name or "base_layer" in name or "parametrizations" in name for name in merged)
    bare = begin(Network(model="antideepfake", encoder=folder), "ce", 8000).network
    bare.front_end.fold()
    assert set(merged) == set(bare.state_dict())
    bare.load_state_dict(merged)
    with torch.no_grad():
        assert torch.allclose(bare.eval()(WAVES), network(WAVES), atol=1e-5)
    # They have learnt, and what lies under them has not.
    after = network.state_dict()
    moved = {name for name, tensor in before.items() if not torch.equal(tensor, after[name])}
    assert moved == set(start.told.names)
    query = "front_end.model.encoder.layers.0.attention.q_proj"
    assert not torch.equal(merged[f"{query}.weight"], after[f"{query}.base_layer.weight"])


def test_a_merged_state_leaves_the_network_alone(folder):
    network = learnt(started(folder))
    before = copy.deepcopy(network.state_dict())
    plain_state(network)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert len(adapters(network)) == 6


def test_the_same_seed_draws_the_same_adapters(folder):
    states = [begin(Network(model="antideepfake", encoder=folder, trainable="lora"), "ce", 8000, seed=seed) for seed in
              (1, 1, 2)]  # fmt: skip
    first, same, other = ([one for name, one in start.network.named_parameters() if "lora_A" in name]
                          for start in states)  # fmt: skip
    assert all(torch.equal(*pair) for pair in zip(first, same))
    assert not any(torch.equal(*pair) for pair in zip(first, other))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lora_targets": ("q_prj",)}, "lora-targets q_prj: this encoder has no such linear layer; .*q_proj"),
        ({"lora_targets": ()}, "names no layer"),
        ({"lora_rank": 0}, "must be 1 or more"),
    ],
)
def test_adapters_that_cannot_be(folder, changes, words):
    with pytest.raises(UsageError, match=words):
        started(folder, **changes)


def test_adapters_without_an_encoder():
    with pytest.raises(UsageError, match="this network has none"):
        begin(Network(model="mel-cnn", trainable="lora"), "ce", None)


def test_layers_whose_weights_are_read_without_a_call_are_refused(tmp_path):
    """WavLM's attention: adapters there would never learn, and nobody would notice."""
    encoder = tiny_encoder(tmp_path, "wavlm")
    with pytest.raises(UsageError, match="without calling them"):
        started(encoder)
    start = started(encoder, lora_targets=("intermediate_dense", "output_dense"))
    start.network(WAVES).sum().backward()
    matrices = [one for name, one in start.network.named_parameters() if "lora_B" in name]
    assert matrices
    assert all(one.grad.any() for one in matrices)
