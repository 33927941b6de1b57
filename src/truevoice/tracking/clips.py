"""The beginning of a recording, small enough to be logged by the dozen."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from truevoice.audio import SAMPLE_RATE, load_audio
from truevoice.report.players import encoded_beginning

SECONDS = 6.0  # of a clip; more than any detector's window
_SUFFIX = {"audio/mpeg": ".mp3", "audio/wav": ".wav"}


@dataclass(frozen=True)
class Clip:
    """A sound file in memory, mono at 16 kHz. suffix: `.mp3`, or `.wav` where mp3 cannot be written here."""

    suffix: str
    data: bytes = field(repr=False)

    def as_wav(self) -> bytes:
        """The same as 16-bit WAV, for what plays nothing else."""
        if self.suffix == ".wav":
            return self.data
        import soundfile

        buffer = io.BytesIO()
        soundfile.write(buffer, load_audio(self.data), SAMPLE_RATE, "PCM_16", format="WAV")
        return buffer.getvalue()


def cut_clip(source: str) -> Clip | None:
    """The first seconds of a recording, None where it cannot be read. It is encoded as the players of reports are."""
    made = encoded_beginning(source, SECONDS)
    return None if made is None else Clip(_SUFFIX[made[0]], made[1])
