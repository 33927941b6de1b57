"""AntiDeepfake's head against the original implementation's recorded output."""

import pytest
import torch

from back_ends import (
    VECTORS,
    check_batch,
    check_graph,
    close,
    expected,
    features,
    idle_after_training,
    parameters,
    with_seeded_weights,
)
from truevoice.detectors.card import cards
from truevoice.models.antideepfake import AntiDeepfake


def test_parity_with_the_original(shared):
    folder = shared(VECTORS)
    network = with_seeded_weights(AntiDeepfake(), folder / "antideepfake_300m_keys.json")
    assert parameters(network) == 2_050
    with torch.inference_mode():
        assert close(network(features(folder)), expected(folder, "antideepfake_300m")["logits"])


def test_the_card_scores_the_order_of_the_published_probability():
    card = cards()["antideepfake"]
    assert card.parameters == 317_390_592 + 2_050
    assert card.log_odds
    assert card.bonafide_index == 1
    assert card.front_end.normalise


@pytest.mark.parametrize("dim", [768, 1024, 1280, 1920])
def test_batch_length_and_training(dim, tmp_path):
    torch.manual_seed(dim)
    network = AntiDeepfake(dim=dim)
    for frames in (1, 90):
        check_batch(network, torch.randn(3, frames, dim))
    assert idle_after_training(network, torch.randn(2, 7, dim)) == set()
    check_graph(network, torch.randn(2, 7, dim), tmp_path / "graph.onnx", others=[torch.randn(1, 30, dim)])
