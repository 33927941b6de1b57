"""The outer nest of Nes2Net: the channels of an encoder in groups, each group's block hearing those before it.

Source: Liu et al., "Nes2Net: A lightweight nested architecture for foundation model driven speech anti-spoofing"
(IEEE T-IFS 2025, arXiv 2504.05657); Liu-Tianchi/Nes2Net_ASVspoof_ITW and Liu-Tianchi/Nes2Net. Channels come before
time: (B, C, T').
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from truevoice.errors import UsageError
from truevoice.models.blocks.layer_merge import MERGES

GROUPS = 8  # of the outer nest, and of each block inside it
POOL_BOTTLENECK = 128
SMALLEST_VARIANCE = 1e-10
STATES = 25  # of a 24-layer encoder: what enters the first layer, and what leaves each
ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "selu": nn.SELU}


class NestedNetwork(nn.Module):
    """(B, T', dim) -> (B, outputs), or with `merge` ("sea", "weighted") all states (`states`, B, T', dim) -> the same.

    `pooling` over time is "mean" or "astp" (attentive mean and deviation). With one output, it is the logit of bona
    fide. None = as in the checkpoints that the class is named after. Neither `dilation` nor `activation` shows in a
    state dict: a wrong one loads, and scores wrongly.
    """

    takes = "last"
    block: Callable[..., nn.Module]  # a group's block of its channels, keyword arguments `dilation` and `activation`
    published_outputs: int
    published_dilation: int

    def __init__(
        self,
        *,
        dim: int = 1024,
        outputs: int | None = None,
        dilation: int | None = None,
        pooling: str = "mean",
        activation: str = "relu",
        merge: str | None = None,
        states: int = STATES,
    ) -> None:
        super().__init__()
        if dim % GROUPS**2:
            raise UsageError(f"a Nes2Net divides its features twice by {GROUPS}: a width of {dim} does not go")
        if merge is not None:
            self.takes = "states"
            self.ssl_model = MERGES[merge](states)
        self.Nested_Res2Net_TDNN = _Nest(
            type(self).block,
            dim,
            self.published_outputs if outputs is None else outputs,
            dilation=self.published_dilation if dilation is None else dilation,
            activation=activation,
            pooling=pooling,
        )

    def forward(self, features: Tensor) -> Tensor:
        if self.takes == "states":
            features = self.ssl_model(features)
        return self.Nested_Res2Net_TDNN(features.transpose(1, 2))


class _Nest(nn.Module):
    """(B, dim, T') -> (B, outputs)."""

    def __init__(
        self,
        block: Callable[..., nn.Module],
        dim: int,
        outputs: int,
        *,
        dilation: int,
        activation: str,
        pooling: str,
    ) -> None:
        super().__init__()
        channels = dim // GROUPS
        self.channels = channels
        self.Build_in_Res2Nets = nn.ModuleList(
            block(channels, dilation=dilation, activation=ACTIVATIONS[activation]()) for _ in range(GROUPS - 1)
        )
        self.bns = nn.ModuleList(nn.BatchNorm1d(channels) for _ in range(GROUPS - 1))
        self.bn = nn.BatchNorm1d(dim)
        self.activation = ACTIVATIONS[activation]()
        self.pooling = AttentiveStatistics(dim) if pooling == "astp" else None
        self.fc = nn.Linear(dim if self.pooling is None else 2 * dim, outputs)

    def forward(self, x: Tensor) -> Tensor:
        *groups, last = x.split(self.channels, dim=1)
        carried: Tensor | None = None
        done = []
        for group, block, batch_norm in zip(groups, self.Build_in_Res2Nets, self.bns, strict=True):
            carried = batch_norm(self.activation(block(group if carried is None else carried + group)))
            done.append(carried)
        x = self.activation(self.bn(torch.cat([*done, last], dim=1)))
        return self.fc(x.mean(-1) if self.pooling is None else self.pooling(x))


class SplitBlock(nn.Module):
    """(B, C, T') -> (B, C, T'): what the blocks of both Nes2Nets share; they differ in `mixed`.

    A layer over the channels, the mixing of their `GROUPS` parts over time, a second layer, a gate for each channel,
    and the input added. The activation comes before each batch norm.
    """

    def __init__(self, channels: int, activation: nn.Module) -> None:
        super().__init__()
        self.part = channels // GROUPS
        self.activation = activation
        self.conv1 = nn.Conv1d(channels, channels, 1)
        self.bn1 = nn.BatchNorm1d(channels)
        self.conv3 = nn.Conv1d(channels, channels, 1)
        self.bn3 = nn.BatchNorm1d(channels)
        self.se = _ChannelGate(channels)

    def forward(self, x: Tensor) -> Tensor:
        *parts, last = self.bn1(self.activation(self.conv1(x))).split(self.part, dim=1)
        mixed = torch.cat([*self.mixed(parts, last), last], dim=1)
        return x + self.se(self.bn3(self.activation(self.conv3(mixed))))

    def mixed(self, parts: list[Tensor], last: Tensor) -> list[Tensor]:
        """All parts but the last (B, part, T'), and the last -> as many parts, mixed."""
        raise NotImplementedError


class _ChannelGate(nn.Module):
    """Squeeze and excitation, whose bottleneck is as wide as its input in every published checkpoint."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.se = nn.Sequential(
            nn.AdaptiveAvgPool1d(1),
            nn.Conv1d(channels, channels, 1),
            nn.ReLU(),  # whatever the activation elsewhere
            nn.Conv1d(channels, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.se(x)


class AttentiveStatistics(nn.Module):
    """(B, C, T') -> (B, 2C): mean and deviation over time, each frame weighed by an attention for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear1 = nn.Conv1d(channels, POOL_BOTTLENECK, 1)
        self.linear2 = nn.Conv1d(POOL_BOTTLENECK, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        weights = self.linear2(torch.tanh(self.linear1(x))).softmax(-1)
        mean = (weights * x).sum(-1)
        variance = (weights * x.square()).sum(-1) - mean.square()
        return torch.cat([mean, variance.clamp(min=SMALLEST_VARIANCE).sqrt()], dim=1)
