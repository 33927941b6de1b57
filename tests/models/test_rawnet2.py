"""Both versions of RawNet2 against the recorded outputs of their authors' code with seeded weights."""

import pytest
import torch

from published import (
    assert_near,
    parameters,
    recorded,
    scores_of_the_graph,
    scores_through_the_register,
    with_seeded_weights,
)
from truevoice.detectors.card import cards
from truevoice.models.rawnet2 import RawNet2

pytestmark = pytest.mark.usefixtures("one_thread", "no_gradients")

VECTORS = {"rawnet2": "rawnet2_asvspoof2021", "rawnet2-eurecom": "rawnet2_eurecom"}
PARAMETERS = {"rawnet2": 17_621_410, "rawnet2-eurecom": 25_433_602}


def build(name):
    return RawNet2(**cards()[name].arguments).eval()


@pytest.fixture(scope="module")
def published(shared):
    """Network with the seeded weights, waves and recorded values, by name."""
    folder = shared("reference/vectors_other")
    waves = 30 * torch.load(folder / "wave.pt", weights_only=True)["wave"]
    return {
        name: (
            with_seeded_weights(build(name), folder / f"{vector}_keys.json"),
            waves,
            torch.load(folder / f"{vector}_expected.pt", weights_only=True),
        )
        for name, vector in VECTORS.items()
    }


@pytest.mark.parametrize("name", VECTORS)
def test_size_is_the_published_one(name, published):
    assert parameters(published[name][0]) == PARAMETERS[name] == cards()[name].parameters


@pytest.mark.parametrize("name", VECTORS)
def test_parity_with_the_original(name, published):
    network, waves, expected = published[name]
    seen = recorded(network, "> first_bn", "block0", "block2", "> bn_before_gru", "gru", "fc1_gru")
    assert_near(network(waves), expected["output"])
    assert_near(seen["> first_bn"][:, ::5, ::1000], expected["after_sinc_pool_sub"])
    assert_near(seen["block0"][:, ::5, ::400], expected["block0_sub"])
    assert_near(seen["block2"][:, ::16, ::100], expected["block2_sub"])
    assert_near(seen["> bn_before_gru"][:, ::16], expected["pre_gru_sub"])
    assert_near(seen["gru"][:, -1, ::32], expected["gru_last_sub"])
    assert_near(seen["fc1_gru"][:, ::32], expected["fc1_sub"])


@pytest.mark.parametrize("name", VECTORS)
def test_scores_through_the_register(name, published, tmp_path):
    network, waves, expected = published[name]
    spoof, bonafide = expected["output"].T
    wanted = bonafide - spoof if cards()[name].log_odds else bonafide
    assert_near(scores_through_the_register(name, network, tmp_path, waves), wanted)


def test_scores_of_the_exported_graph(published, tmp_path):
    network, waves, expected = published["rawnet2"]
    assert_near(scores_of_the_graph(network, tmp_path / "graph.onnx", waves, index=1), expected["output"][:, 1])


@pytest.mark.parametrize("name", VECTORS)
def test_the_shortest_window_is_the_shortest(name, published):
    network, waves, _ = published[name]
    shortest = cards()[name].shortest_window
    assert network(waves[:, :shortest]).shape == (2, 2)
    with pytest.raises(RuntimeError):
        network(waves[:, : shortest - 1])


@pytest.mark.parametrize(("name", "used"), [("rawnet2", False), ("rawnet2-eurecom", True)])
def test_bn1_counts_in_one_version_alone(name, used, published):
    network, waves, _ = published[name]
    short = waves[:, :16000]
    before = network(short)
    norm = network.get_submodule("block3.0.bn1")
    kept = norm.weight.clone()
    norm.weight.mul_(3)
    changed = not torch.equal(network(short), before)
    norm.weight.copy_(kept)
    assert changed == used


def test_bands_end_where_the_published_ones_do():
    eurecom = build("rawnet2-eurecom").sinc.filters
    assert eurecom.shape == (128, 1, 129)
    # The centre tap of a band-pass filter is twice its width over the sample rate.
    widths = eurecom[:, 0, 64] * 16000 / 2
    assert widths[:3].tolist() == pytest.approx([13.70, 27.67 - 13.70, 41.91 - 27.67], abs=0.01)
    assert float(widths.sum()) == pytest.approx(7669.16, abs=0.05)
    assert build("rawnet2").sinc.filters.shape == (20, 1, 1025)
