"""Which parameters learn, and that all others stand still: no gradient, no dropout, no moving statistics."""

import copy
import re

import pytest
import torch
from torch import nn

from tiny_encoders import tiny_encoder
from truevoice.detectors.card import cards
from truevoice.errors import UsageError
from truevoice.models.build import network_of
from truevoice.models.front_ends.hub import build_untrained
from truevoice.models.heads import output_layer
from truevoice.training.layers import encoder_layers, in_order
from truevoice.training.trainable import example_of, keep_frozen_in_eval, select, words_of

pytestmark = pytest.mark.usefixtures("one_thread")
EXAMPLE = example_of(8000)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """SSL-AASIST on a tiny encoder of three layers."""
    return build_untrained(cards()["ssl-aasist"], tiny_encoder(tmp_path_factory.mktemp("encoder")))


@pytest.fixture
def network(whole):
    return copy.deepcopy(whole)


def names(network, spec):
    told = select(network, spec, EXAMPLE)
    assert set(told.names) == {name for name, one in network.named_parameters() if one.requires_grad}
    return set(told.names)


def test_all_and_none(network):
    every = {name for name, _ in network.named_parameters()}
    assert names(copy.deepcopy(network), "all") == every
    assert names(network, "none") == {"back_end.out_layer.weight", "back_end.out_layer.bias"}


@pytest.mark.parametrize(
    "spec", ["ssl.layers[1-2]", "ssl.layers[1-]", "ssl.layers[1,2]", "ssl.layers[2],ssl.layers[1]"]
)
def test_layers_of_the_encoder(network, spec):
    found = names(network, spec)
    assert {re.match(r"front_end\.model\.encoder\.layers\.(\d+)\.", name)[1] for name in found} == {"1", "2"}
    stack = [f"front_end.model.encoder.layers.{index}." for index in (1, 2)]
    assert found == {name for name, _ in network.named_parameters() if name.startswith(tuple(stack))}


@pytest.mark.parametrize("kind", ["wavlm", "whisper"])
def test_the_alias_does_not_depend_on_the_encoder(kind, tmp_path):
    network = build_untrained(cards()["antideepfake"], tiny_encoder(tmp_path, kind))
    assert len(encoder_layers(network)) == 3
    found = names(network, "ssl.layers[2]")
    assert found
    assert all(".layers.2." in name for name in found)
    assert names(copy.deepcopy(network).requires_grad_(True), "ssl") >= found


def test_the_encoder_that_the_whisper_networks_hold():
    network = network_of(cards()["specrnet-whisper"])
    told = select(network, "ssl.layers[3]", EXAMPLE)  # its order is not asked for, so nothing is run
    assert {name.split(".blocks.")[1][0] for name in told.names} == {"3"}


def test_names_patterns_and_their_union(network):
    tops = names(copy.deepcopy(network), "GAT_layer_*")
    assert {name.split(".")[1] for name in tops} == {"GAT_layer_S", "GAT_layer_T"}
    assert names(copy.deepcopy(network), "back_end.GAT_layer_?") == tops
    head = {"back_end.out_layer.weight", "back_end.out_layer.bias"}
    assert names(copy.deepcopy(network), "none + GAT_layer_*") == tops | head
    assert names(copy.deepcopy(network), "GAT_layer_*,none") == tops | head
    both = names(copy.deepcopy(network), "ssl,back_end")
    assert both == {name for name, _ in network.named_parameters()}
    assert names(network, "ssl.feature_projection") == {
        name for name in both if name.startswith("front_end.model.feature_projection.")
    }


def test_first_and_last_count_layers_as_they_are_called(network):
    layers = [name for name, one in in_order(network, EXAMPLE) if not list(one.children()) and list(one.parameters())]
    assert layers[0] == "front_end.model.feature_extractor.conv_layers.0.conv"
    assert layers[-1] == "back_end.out_layer"
    owners = {name.rpartition(".")[0] for name in names(copy.deepcopy(network), "first:5+last:3")}
    assert owners == {*layers[:5], *layers[-3:]}
    assert len(layers) == len(set(layers))
    with pytest.raises(UsageError, match=rf"this network has {len(layers)} layers"):
        select(network, f"first:{len(layers) + 1}", EXAMPLE)


def test_a_position_that_is_given_never_learns(tmp_path):
    network = build_untrained(cards()["conformer-tcm"], tiny_encoder(tmp_path))
    assert not any("positional_emb" in name for name in names(network, "all"))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("GAT_layr_S", "did you mean GAT_layer_S"),
        ("ssl.layer", "did you mean ssl.layers"),
        ("zzzzzz", "its parts: GAT_layer_S, "),
        ("ssl.layers[3]", "this encoder has 3 layers, 0 to 2"),
        ("ssl.layers[2-1]", "this encoder has 3 layers"),
        ("ssl.layers[a]", "numbers and ranges"),
        ("ssl.layers[]", "numbers and ranges"),
        ("first:0", "this network has"),
        ("all,,none", "an empty word"),
        ("", "an empty word"),
        ("lora", "nothing would learn"),  # without adapters in it
    ],
)
def test_words_that_name_nothing(network, spec, words):
    with pytest.raises(UsageError, match=re.escape(words)) as caught:
        select(network, spec, EXAMPLE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("spec", ["ssl", "ssl.layers[0]"])
def test_a_network_without_an_encoder(spec):
    with pytest.raises(UsageError, match="this network has no"):
        select(network_of(cards()["aasist-l"]), spec, EXAMPLE)


def test_words():
    assert words_of("first:5+last:5, ssl.layers[0,2-3] ,lora") == ["first:5", "last:5", "ssl.layers[0,2-3]", "lora"]


def test_what_is_printed(network):
    told = select(copy.deepcopy(network), "none,ssl.layers[1-2]", EXAMPLE)
    first, *rest = told.lines()
    total = sum(parameter.numel() for parameter in network.parameters())
    learns = sum(one.numel() for name, one in network.named_parameters() if name in told.names)
    assert told.n_all == total
    assert told.n_trained == learns
    assert first == f"{learns:,} of {total:,} parameters learn ({100 * learns / total:.2f} %)"
    assert rest[0].startswith("  front_end.model.encoder.layers.[1-2]: ")
    assert rest[1] == "  back_end.out_layer: 322"
    assert sum(int(line.rpartition(": ")[2].replace(",", "")) for line in rest) == learns


def trained_a_step(network, waves):
    """The state before and after three steps with a large learning rate."""
    before = copy.deepcopy(network.state_dict())
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.SGD(learning, lr=0.1)
    for _ in range(3):
        keep_frozen_in_eval(network.train())
        optimiser.zero_grad()
        network(waves).square().sum().backward()
        optimiser.step()
    return before, network.state_dict()


def moved(before, after):
    return {name for name, tensor in before.items() if not torch.equal(tensor, after[name])}


@pytest.mark.parametrize("name", ["aasist-l", "lcnn", "rawnet2"])
def test_frozen_parts_do_not_move_by_a_bit(name):
    """Not their weights, nor the statistics of their batch norms, though all are asked to train at every step."""
    network = network_of(cards()[name])
    told = select(network, "none", EXAMPLE)
    waves = example_of(8000) * torch.tensor([[1.0], [3.0]])
    before, after = trained_a_step(network, waves)
    assert moved(before, after) == set(told.names)
    # All of it moves where nothing is frozen, so the test above can fail.
    network = network_of(cards()[name])
    select(network, "all", EXAMPLE)
    assert any("running_mean" in key for key in moved(*trained_a_step(network, waves)))


def test_what_learns_has_its_batch_norm_learn(network):
    select(network, "back_end.encoder.5", EXAMPLE)
    found = moved(*trained_a_step(network, example_of(8000) * torch.tensor([[1.0], [3.0]])))
    assert "back_end.encoder.5.0.bn2.running_mean" in found
    assert not any("running" in key for key in found if not key.startswith("back_end.encoder.5."))


def test_dropout_is_off_in_frozen_parts_and_on_before_what_learns(network):
    select(network, "none", EXAMPLE)
    back_end = network.back_end
    assert back_end.training
    assert back_end.drop.training  # right before the output layer
    assert not back_end.drop_way.training  # between frozen layers
    assert not back_end.pool_S.dropout.training
    assert back_end.out_layer.training
    assert not network.front_end.training
    select(network.requires_grad_(True), "all", EXAMPLE)
    assert all(module.training for module in network.modules())


def test_a_norm_without_weights_goes_with_the_layer_before_it():
    network = network_of(cards()["lcnn"])
    select(network, "m_transform.0.3", EXAMPLE)  # the second convolution; its norm is 5, the next convolution 6
    trunk = network.m_transform[0]
    assert trunk[5].training
    assert not any(one.training for one in trunk[6:] if isinstance(one, nn.BatchNorm2d))


def test_a_recurrent_layer_stays_in_the_mode_in_which_gradients_flow():
    network = network_of(cards()["rawnet2"])
    select(network, "first:3", EXAMPLE)
    assert network.gru.training
    assert not network.bn_before_gru.training


def test_the_modes_and_gradients_of_a_copy_are_the_same(network):
    select(network, "none", EXAMPLE)
    other = copy.deepcopy(network).train()
    keep_frozen_in_eval(other)
    assert [one.training for one in other.modules()] == [one.training for one in network.modules()]


def test_frozen_parts_build_no_graph(network):
    select(network, "none", EXAMPLE)
    features = network.features(EXAMPLE)
    assert not features.requires_grad
    assert network(EXAMPLE).requires_grad


def test_the_frozen_modules_are_told(network):
    told = select(network, "back_end", EXAMPLE)
    assert told.frozen == ("front_end",)
    told = select(network.requires_grad_(True), "all", EXAMPLE)
    assert told.frozen == ()
    assert output_layer(network) == "back_end.out_layer"
