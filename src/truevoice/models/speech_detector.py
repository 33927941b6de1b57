"""A detector in two parts: a front-end that hears, a back-end that decides."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from truevoice.models.front_ends.encoder import SpeechEncoder
from truevoice.models.front_ends.encoder_cpu import EncoderForCPU


class SpeechDetector(nn.Module):
    """(B, T) waveforms at 16 kHz -> the logits of `back_end`.

    The back-end's `takes` names what it is given of an encoder: "last" (its output, (B, T', D)), "layers" (what each
    layer gives, (L, B, T', D)) or "states" (that with what the first layer takes, (L + 1, B, T', D)). Of any other
    front-end it takes the output, whatever that is.
    """

    def __init__(self, front_end: nn.Module, back_end: nn.Module) -> None:
        super().__init__()
        self.front_end = front_end
        self.back_end = back_end
        self.takes: str = getattr(back_end, "takes", "last")
        self.halved = False  # on an accelerator: the front-end under autocast to bfloat16

    def forward(self, waves: Tensor) -> Tensor:
        """(B, T) -> (B, 2) logits [spoof, bona fide], or (B, 1) of bona fide."""
        return self.back_end(self.features(waves))

    def features(self, waves: Tensor) -> Tensor:
        """What the back-end is given."""
        hear = self.front_end if self.takes == "last" else getattr(self.front_end, self.takes)
        if not self.halved:
            return hear(waves)
        with torch.autocast(waves.device.type, torch.bfloat16):
            return hear(waves).float()

    def fold(self) -> None:
        """Makes the front-end ready for inference alone, where it has such a form; nothing changes in the output."""
        if fold := getattr(self.front_end, "fold", None):
            fold()

    def quicken(self, device: str, precision: str) -> bool:
        """Puts an encoder into its fastest form for inference; False where it has none in this precision.

        `device` is a kind ("cpu", "cuda"); the network lies there already. In float32 the output stays what it was, to
        rounding.
        """
        if not isinstance(self.front_end, SpeechEncoder):
            return False
        if device != "cpu":
            self.halved = precision == "bfloat16"
            return precision in ("float32", "bfloat16")
        if not EncoderForCPU.can_take(self.front_end):
            return False
        self.front_end = EncoderForCPU(self.front_end, precision)
        return True
