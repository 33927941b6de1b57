"""The Conformer block: attention and a convolution over time between two halves of a feed-forward layer.

Source: Gulati et al., "Conformer: Convolution-augmented transformer for speech recognition" (Interspeech 2020, arXiv
2005.08100); the nesting of the layers, and so their keys, is that of lucidrains/conformer (MIT), on which the
published Conformer detectors are built. Frames are rows: (B, N, width).
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

FEED_FORWARD_FACTOR = 4
CONVOLUTION_FACTOR = 2
KERNEL = 31  # frames


class ConformerBlock(nn.Module):
    """(B, N, width) -> (B, N, width). `attention` is a module of the same shapes; its input comes normalised."""

    def __init__(self, width: int, attention: nn.Module) -> None:
        super().__init__()
        self.ff1 = _Halved(_Normalised(_FeedForward(width), width))
        self.attn = _Normalised(attention, width)
        self.conv = _Convolution(width)
        self.ff2 = _Halved(_Normalised(_FeedForward(width), width))
        self.post_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        for part in (self.ff1, self.attn, self.conv, self.ff2):
            x = x + part(x)
        return self.post_norm(x)


class _Normalised(nn.Module):
    """`fn` after a layer norm."""

    def __init__(self, fn: nn.Module, width: int) -> None:
        super().__init__()
        self.fn = fn
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fn(self.norm(x))


class _Halved(nn.Module):
    """One half of what `fn` gives."""

    def __init__(self, fn: nn.Module) -> None:
        super().__init__()
        self.fn = fn

    def forward(self, x: Tensor) -> Tensor:
        return self.fn(x) * 0.5


class _FeedForward(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        inner = FEED_FORWARD_FACTOR * width
        # The published detectors train without dropout; the place it would take is in the published keys' numbers.
        self.net = nn.Sequential(nn.Linear(width, inner), nn.SiLU(), nn.Identity(), nn.Linear(inner, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class _Convolution(nn.Module):
    """Gated channels, then each of them alone over `KERNEL` frames."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = CONVOLUTION_FACTOR * width
        over_time = nn.Conv1d(inner, inner, KERNEL, padding=KERNEL // 2, groups=inner)
        self.net = nn.Sequential(
            nn.LayerNorm(width),
            _Turned(),
            nn.Conv1d(width, 2 * inner, 1),
            nn.GLU(dim=1),
            nn.Sequential(OrderedDict(conv=over_time)),
            nn.BatchNorm1d(inner),
            nn.SiLU(),
            nn.Conv1d(inner, width, 1),
            _Turned(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class _Turned(nn.Module):
    """(B, N, C) <-> (B, C, N)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2)
