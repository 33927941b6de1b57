"""ResNet18 of speaker verification against the recorded embedding with seeded weights."""

import pytest
import torch

from published import assert_near, parameters, with_seeded_weights
from truevoice.models.resnet18 import ResNet18

pytestmark = pytest.mark.usefixtures("one_thread", "no_gradients")


def test_size_keys_and_embedding_are_the_published_ones(shared):
    folder = shared("reference/vectors_other")
    network = with_seeded_weights(ResNet18(), folder / "wedefense_resnet18_keys.json")
    assert len(network.state_dict()) == 122
    assert parameters(network) == 4_105_440
    expected = torch.load(folder / "wedefense_resnet18_expected.pt", weights_only=True)
    assert_near(network(expected["input"]), expected["embedding"])


def test_nine_frames_are_enough():
    assert ResNet18().eval()(torch.randn(2, 9, 80)).isfinite().all()
