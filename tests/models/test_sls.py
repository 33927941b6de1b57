"""SLS against the original implementation's recorded outputs."""

import pytest
import torch

from back_ends import (
    VECTORS,
    check_batch,
    check_graph,
    close,
    expected,
    heard,
    idle_after_training,
    parameters,
    with_seeded_weights,
)
from seeded import seeded_layers
from truevoice.detectors.card import cards
from truevoice.errors import UsageError
from truevoice.models.sls import SLS

pytestmark = pytest.mark.usefixtures("one_thread")

PARAMETERS = 23_399_429


def test_parity_with_the_original(shared):
    folder = shared(VECTORS)
    layers, recorded = seeded_layers(24), expected(folder, "sls")
    check = torch.load(folder / "sls_layers_check.pt", weights_only=True)
    assert torch.equal(layers[:, :, ::100, ::512], check["probe"])
    network = with_seeded_weights(SLS(), folder / "sls_keys.json")
    assert parameters(network) == PARAMETERS
    assert cards()["sls"].parameters == 317_390_592 + PARAMETERS
    given: dict = {}
    heard(network.fc1, given, "fc1_sub")
    with torch.inference_mode():
        assert close(network(layers), recorded["output"])
        assert close(network.gates(layers).T, recorded["layer_gates"])
        assert close(network.pool(layers)[:, ::97], recorded["pooled_flat_sub"])
    assert close(given["fc1_sub"][:, ::16], recorded["fc1_sub"])


def test_outputs_are_log_probabilities_of_bounded_logits():
    """SELU bounds the logits below, so no score comes without the other class's logit above it."""
    torch.manual_seed(1)
    network = SLS(dim=30, frames=12).eval()
    network.fc3.bias.data = torch.tensor([-1e6, -1e6])
    with torch.inference_mode():
        scores = network(torch.randn(4, 3, 12, 30))
        assert close(scores.exp().sum(1), torch.ones(3), 1e-6)
        assert close(scores, torch.full((3, 2), 0.5).log(), 1e-6)  # both logits at the bound


def test_another_length_is_refused_in_one_line():
    with pytest.raises(UsageError, match="201 frames") as caught:
        SLS(hidden=4)(torch.zeros(24, 1, 200, 1024))
    assert "\n" not in str(caught.value)
    assert cards()["sls"].fixed_window


def test_batch_training_and_graph(tmp_path):
    torch.manual_seed(2)
    network = SLS(dim=33, frames=20, hidden=16)
    layers = torch.randn(4, 3, 20, 33)
    check_batch(network, layers, axis=1)
    assert idle_after_training(network, layers) == set()
    check_graph(network, layers, tmp_path / "graph.onnx", axis=1)
