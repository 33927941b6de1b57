"""What every encoder gives: its output, each layer's, or all its states, read from one pass through the layers."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn


class Streams(nn.Module):
    """(B, T) waves -> features. An encoder says how the residual stream runs, and which norm closes it."""

    def forward(self, waves: Tensor) -> Tensor:
        """The last layer's output, behind the final norm: (B, T', D)."""
        *_, last = self._streams(waves)
        return self._final(last)

    def layers(self, waves: Tensor) -> Tensor:
        """What each layer gives to the next, the last one's before the final norm: (L, B, T', D)."""
        return torch.stack(list(self._streams(waves))[1:])

    def states(self, waves: Tensor) -> Tensor:
        """What each layer takes, and at the end the encoder's output behind the final norm: (L + 1, B, T', D).

        These are the hidden states of s3prl, and of transformers too but that its version 5 leaves out that last norm.
        """
        *taken, last = self._streams(waves)
        return torch.stack([*taken, self._final(last)])

    def _streams(self, waves: Tensor) -> Iterator[Tensor]:
        """The residual stream before the first layer and after each: L + 1 times (B, T', D)."""
        raise NotImplementedError

    def _final(self, last: Tensor) -> Tensor:
        """The last residual stream behind the final norm."""
        raise NotImplementedError
