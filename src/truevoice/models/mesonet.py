"""MesoInception-4 on maps of spectral features: two inception layers, two convolutions, two linear layers.

Source: Afchar et al., "MesoNet: a compact facial video forgery detection network" (WIFS 2018, arXiv 1809.00888); on
speech in Kawa et al., "Improved DeepFake detection using Whisper features" (Interspeech 2023, arXiv 2306.01428),
piotrkawa/deepfake-whisper-features (MIT), whose misspelt keys are kept. One logit: the higher, the more bona fide.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.models.front_ends.spectral_maps import add_front_ends, spectral_maps

FLAT = 1024  # values that the last maps are averaged to, in order
WIDE_BRANCHES = {2: (4, 1), 3: (4, 2), 4: (2, 3)}  # channels and dilation by the number of the branch
SINGLE = {1: 1, 2: 2}  # channels of the branch that is one convolution, by the number of the layer
CHANNELS = 16
DROPOUT = 0.5
SLOPE = 0.1


class MesoNet(nn.Module):
    """(B, T) waveforms at 16 kHz in [-1, 1] -> (B, 1) logits of bona fide speech, before the sigmoid.

    `features` are those of `add_front_ends`. With cepstra alone any T of at least 4960 samples runs, with Whisper's
    encoder 480000 alone; the published weights know 480000.
    """

    def __init__(self, *, features: Sequence[str] = ("whisper", "mfcc")) -> None:
        super().__init__()
        add_front_ends(self, features)
        channels = len(features)
        for layer in SINGLE:
            channels = self._add_inception(layer, channels)
        self.conv1 = nn.Conv2d(channels, CHANNELS, 5, padding=2, bias=False)
        self.bn1 = nn.BatchNorm2d(CHANNELS)
        self.conv2 = nn.Conv2d(CHANNELS, CHANNELS, 5, padding=2, bias=False)
        self.dropout = nn.Dropout(DROPOUT)
        self.fc1 = nn.Linear(FLAT, CHANNELS)
        self.fc2 = nn.Linear(CHANNELS, 1)

    def forward(self, waves: Tensor) -> Tensor:
        """(B, T) -> (B, 1) logits."""
        return self.classify(spectral_maps(self, waves))

    def classify(self, maps: Tensor) -> Tensor:
        """(B, channels, bands, frames), at least 32 of either -> (B, 1) logits."""
        x = self._inception(2, self._inception(1, maps))
        x = F.max_pool2d(self.bn1(F.relu(self.conv1(x))), 2)
        x = F.max_pool2d(self.bn1(F.relu(self.conv2(x))), 4)  # the same batch norm: there is no second
        flat = averaged_to(self.dropout(x.flatten(1)), FLAT)
        return self.fc2(self.dropout(F.leaky_relu(self.fc1(flat), SLOPE)))

    def _add_inception(self, layer: int, cin: int) -> int:
        """Adds the convolutions of an inception layer under their published names; returns its channels."""
        self.add_module(f"Incption{layer}_conv1", nn.Conv2d(cin, SINGLE[layer], 1, bias=False))
        for branch, (cout, dilation) in WIDE_BRANCHES.items():
            name = f"Incption{layer}_conv{branch}"
            self.add_module(f"{name}_1", nn.Conv2d(cin, cout, 1, bias=False))
            wide = nn.Conv2d(cout, cout, 3, padding=dilation, dilation=dilation, bias=False)
            self.add_module(f"{name}_2", wide)
        total = SINGLE[layer] + sum(cout for cout, _ in WIDE_BRANCHES.values())
        self.add_module(f"Incption{layer}_bn", nn.BatchNorm2d(total))
        return total

    def _inception(self, layer: int, x: Tensor) -> Tensor:
        """(B, cin, F, T) -> (B, 11 or 12, F // 2, T // 2). No activation anywhere."""

        def step(name: str, maps: Tensor) -> Tensor:
            return self.get_submodule(f"Incption{layer}_{name}")(maps)

        branches = [step("conv1", x), *(step(f"conv{b}_2", step(f"conv{b}_1", x)) for b in WIDE_BRANCHES)]
        return F.max_pool2d(step("bn", torch.cat(branches, dim=1)), 2)


def averaged_to(values: Tensor, count: int) -> Tensor:
    """(B, n) -> (B, count): means of `count` stretches that cover the row and may overlap by one (adaptive pooling)."""
    if not torch.onnx.is_in_onnx_export():
        return F.adaptive_avg_pool1d(values, count)
    n = int(values.shape[1])
    places = torch.arange(count)
    first, after = places * n // count, -((places + 1) * n // -count)
    longest = int((after - first).max())
    taken = first[:, None] + torch.arange(longest)
    inside = taken < after[:, None]
    weights = inside.to(values) / (after - first)[:, None]
    picked = values.index_select(1, taken.clamp(max=n - 1).flatten()).reshape(-1, count, longest)
    return (picked * weights).sum(2)
