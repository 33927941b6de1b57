"""Nes2Net and Nes2Net-X in their published variants against the original implementations' recorded outputs."""

import pytest
import torch

from back_ends import (
    VECTORS,
    check_batch,
    check_graph,
    close,
    expected,
    features,
    heard,
    idle_after_training,
    parameters,
    with_seeded_weights,
)
from seeded import published_shapes, seeded_layers, seeded_state
from truevoice.detectors.card import cards
from truevoice.errors import UsageError
from truevoice.models.blocks.layer_merge import GatedMerge, WeightedMerge
from truevoice.models.nes2net import Nes2Net
from truevoice.models.nes2net_x import Nes2NetX

pytestmark = pytest.mark.usefixtures("one_thread")

VARIANTS = {
    "nes2net_plain": (Nes2Net, {}, 510_769),
    "nes2net_x": (Nes2NetX, {}, 512_039),
    "nes2net_x_astp": (Nes2NetX, {"pooling": "astp"}, 777_383),
    "nes2net_x_asvspoof5": (Nes2NetX, {"dilation": 1}, 512_039),
    "nes2net_x_selu_ctrsvdd": (Nes2NetX, {"dilation": 1, "outputs": 1, "activation": "selu"}, 511_014),
}
STRIDES = {"block": (8, 10), "bn": (64, 10)}


@pytest.mark.parametrize("name", VARIANTS)
def test_parity_with_the_original(name, shared):
    made_by, options, count = VARIANTS[name]
    folder = shared(VECTORS)
    network = with_seeded_weights(made_by(**options), folder / f"{name}_keys.json")
    assert parameters(network) == count
    given, recorded = {}, expected(folder, name)
    heard(network.Nested_Res2Net_TDNN.Build_in_Res2Nets[0], given, "block0_sub")
    heard(network.Nested_Res2Net_TDNN.bn, given, "bn_sub")
    with torch.inference_mode():
        assert close(network(features(folder)), recorded["logits"])
    assert not given["block0_sub"].requires_grad
    for part, (channels, frames) in {"block0_sub": (8, 10), "bn_sub": (64, 10)}.items():
        if part in recorded:
            assert close(given[part][:, ::channels, ::frames], recorded[part])


def test_the_vectors_tell_dilation_and_activation_apart(shared):
    """Neither is in the state dict, so nothing but the numbers can tell them."""
    folder = shared(VECTORS)
    for name, wrong in (("nes2net_x", {"dilation": 1}), ("nes2net_x_selu_ctrsvdd", {"activation": "relu"})):
        made_by, options, _ = VARIANTS[name]
        network = with_seeded_weights(made_by(**{**options, **wrong}), folder / f"{name}_keys.json")
        with torch.inference_mode():
            assert not close(network(features(folder)), expected(folder, name)["logits"], 1e-3)


def test_parity_of_the_gated_merge(shared):
    folder = shared(VECTORS)
    shapes = published_shapes(folder / "nes2net_sea_keys.json")
    network = Nes2Net(merge="sea")
    assert network.takes == "states"
    mine = {key: list(value.shape) for key, value in network.state_dict().items() if key.startswith("ssl_model.")}
    assert mine == shapes
    network.load_state_dict(seeded_state(shapes), strict=False)
    with torch.inference_mode():
        merged = network.ssl_model(seeded_layers(25))
    assert close(merged[:, ::10, ::16], expected(folder, "nes2net_sea")["merged_sub"])


@pytest.mark.parametrize(
    ("merge", "made_by", "key"),
    [("sea", GatedMerge, "fc_att_merge.0.weight"), ("weighted", WeightedMerge, "weight_hidd")],
)
def test_merges_take_all_states(merge, made_by, key):
    torch.manual_seed(1)
    network = Nes2NetX(dim=128, merge=merge, states=5, outputs=1)
    assert isinstance(network.ssl_model, made_by)
    assert f"ssl_model.{key}" in network.state_dict()
    check_batch(network, torch.randn(5, 3, 12, 128), axis=1)
    assert idle_after_training(network, torch.randn(5, 3, 12, 128)) == set()


@pytest.mark.parametrize("made_by", [Nes2Net, Nes2NetX])
@pytest.mark.parametrize("dim", [128, 768])
def test_a_batch_scores_as_its_members_do_at_any_length(made_by, dim):
    torch.manual_seed(2)
    network = made_by(dim=dim)
    for frames in (1, 50, 201):
        check_batch(network, torch.randn(3, frames, dim))


@pytest.mark.parametrize("made_by", [Nes2Net, Nes2NetX])
@pytest.mark.parametrize("pooling", ["mean", "astp"])
def test_everything_is_trained(made_by, pooling):
    torch.manual_seed(3)
    idle = idle_after_training(made_by(dim=128, pooling=pooling), torch.randn(4, 20, 128))
    # A bias before a softmax over time changes nothing.
    assert {name for name in idle if not name.endswith("pooling.linear2.bias")} == set()


@pytest.mark.parametrize("made_by", [Nes2Net, Nes2NetX])
def test_the_graph_takes_any_batch_and_length(made_by, tmp_path):
    torch.manual_seed(4)
    network = made_by(dim=128, pooling="astp")
    check_graph(network, torch.randn(2, 30, 128), tmp_path / "graph.onnx", others=[torch.randn(3, 45, 128)])


def test_the_cards_build_the_published_networks():
    plain = Nes2Net(**cards()["nes2net"].arguments)
    assert parameters(plain) == 510_769 + 2 * 25 * 8
    assert cards()["nes2net"].parameters == 315_453_120 + parameters(plain)
    assert plain.takes == "states"
    assert cards()["nes2net"].bonafide_index == 0
    speech = Nes2NetX(**cards()["nes2net-x"].arguments)
    assert parameters(speech) == 512_039
    assert cards()["nes2net-x"].parameters == 317_390_592 + 512_039
    block = speech.Nested_Res2Net_TDNN.Build_in_Res2Nets[0]
    assert {conv.dilation for conv in block.convs} == {(2, 1)}


def test_a_width_that_cannot_be_divided():
    with pytest.raises(UsageError, match="a width of 100"):
        Nes2NetX(dim=100)
