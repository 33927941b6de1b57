"""The running mean of the weights (EMA): what is measured and kept where it is asked for.

Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992); the exponential form as PyTorch's
`torch.optim.swa_utils` keeps it. Running means of batch normalisation are averaged too.
"""

from __future__ import annotations

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from truevoice.training.settings import Optimiser

AVERAGE = "average.pt"


def average_of(network: nn.Module, settings: Optimiser) -> AveragedModel | None:
    """Beginning with the network's weights as they are; None where no mean is asked for."""
    if settings.average == "none":
        return None
    return AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(settings.average_decay), use_buffers=True)
