"""The mean of several networks' weights."""

import pytest
import torch

from truevoice.errors import CheckpointError
from truevoice.training.average import mean_state


def test_the_mean_is_taken_tensor_by_tensor():
    states = [{"w": torch.full((2, 3), float(n)), "steps": torch.tensor(n)} for n in (1, 2, 6)]
    mean = mean_state(states)
    assert torch.equal(mean["w"], torch.full((2, 3), 3.0))
    assert mean["w"].dtype == torch.float32
    assert mean["steps"] == 1  # a counter has no mean


def test_equal_weights_stay_to_the_bit():
    state = {"w": torch.randn(50, generator=torch.Generator().manual_seed(0))}
    assert torch.equal(mean_state([state, state, state])["w"], state["w"])


@pytest.mark.parametrize(
    "other", [{"w": torch.zeros(3)}, {"v": torch.zeros(2)}, {"w": torch.zeros(2), "v": torch.zeros(1)}]
)
def test_weights_of_different_networks_have_none(other):
    with pytest.raises(CheckpointError, match="no mean"):
        mean_state([{"w": torch.zeros(2)}, other])
