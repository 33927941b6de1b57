"""What a recording's header says, without decoding it: format, rate, channels, length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from truevoice.audio.limits import DEFAULT_LIMITS, Limits
from truevoice.audio.reader import open_audio


@dataclass(frozen=True)
class Probe:
    """container and codec as the decoder calls them (`wav` and `pcm_16`, `ogg` and `opus`); rate in Hz; duration in
    seconds as the header states it, None where it does not."""

    container: str
    codec: str
    rate: int
    channels: int
    duration: float | None

    @property
    def format(self) -> str:
        """Both names as one, once where they are the same: `wav pcm_16`, `mp3`."""
        return self.container if self.codec == self.container else f"{self.container} {self.codec}"


def probe(source: Any, *, limits: Limits = DEFAULT_LIMITS) -> Probe:
    """Opens a path, "-", bytes or a binary file and reads its header. Raises AudioError, one line, where it is missing,
    empty, over a limit, or nothing that a decoder opens. Damage further on is not seen."""
    with open_audio(source, limits=limits) as stream:
        if not stream.stated:  # some headers say as little of a recording without a sample as of a stream
            next(stream.blocks(), None)
        container, _, codec = stream.codec.partition("/")
        codec = "mp3" if codec == "mp3float" else codec.removeprefix("lib")  # FFmpeg calls its decoders so
        return Probe(container, codec or container, stream.rate, stream.channels, stream.stated)
