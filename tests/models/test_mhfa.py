"""MHFA against the original implementation's recorded embedding."""

import pytest
import torch

from back_ends import (
    VECTORS,
    check_batch,
    check_graph,
    close,
    expected,
    idle_after_training,
    parameters,
    with_seeded_weights,
)
from seeded import seeded_layers
from truevoice.detectors.card import cards
from truevoice.models.mhfa import MHFA

pytestmark = pytest.mark.usefixtures("one_thread")

POOLING = 1_315_410
CLASSIFIER = 2 * 256 + 2 * 256 + 2


def test_parity_with_the_original(shared):
    folder = shared(VECTORS)
    network = with_seeded_weights(MHFA(), folder / "mhfa_32x25_keys.json", besides=("projection.",))
    assert parameters(network) - parameters(network.projection) == POOLING
    assert parameters(network.projection) == CLASSIFIER
    assert cards()["mhfa"].parameters == 315_453_120 + POOLING + CLASSIFIER
    with torch.inference_mode():
        assert close(network.embed(seeded_layers(25)), expected(folder, "mhfa_32x25")["embedding"])


def test_the_classifier_is_the_recipes():
    keys = {key for key in MHFA(dim=8).state_dict() if key.startswith("projection.")}
    batch_norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    assert keys == {f"projection.trans.0.{leaf}" for leaf in batch_norm} | {
        f"projection.trans.2.{leaf}" for leaf in ("weight", "bias")
    }


def test_a_constant_added_to_all_features_of_a_frame_is_not_heard():
    torch.manual_seed(1)
    states = torch.randn(5, 2, 9, 16)
    network = MHFA(dim=16, states=5, heads=4).eval()
    moved = states + torch.randn(5, 2, 9, 1)
    with torch.inference_mode():
        assert close(network(moved), network(states), 1e-5)
        network.centred = False
        assert not close(network(moved), network(states), 1e-3)


def test_batch_length_and_graph(tmp_path):
    torch.manual_seed(2)
    network = MHFA(dim=16, states=5, heads=4)
    for frames in (1, 40):
        check_batch(network, torch.randn(5, 3, frames, 16), axis=1)
    other = torch.randn(5, 3, 20, 16)
    check_graph(network, torch.randn(5, 2, 9, 16), tmp_path / "graph.onnx", axis=1, others=[other])


def test_training_and_the_scale_of_what_flows_into_the_encoder():
    torch.manual_seed(3)
    states = torch.randn(5, 4, 9, 16, requires_grad=True)
    gradients = []
    for scale in (1.0, 0.1):
        torch.manual_seed(4)
        network = MHFA(dim=16, states=5, heads=4, gradient=scale)
        idle = idle_after_training(network, states)
        # A bias before a softmax over time, or before a batch norm, changes nothing.
        assert idle <= {"att_head.bias", "pooling_fc.bias"}
        gradients.append(states.grad.clone())
        states.grad = None
    assert close(gradients[1], 0.1 * gradients[0], 1e-6)
