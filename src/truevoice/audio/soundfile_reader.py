"""Decoding with soundfile (libsndfile): wav, flac, aiff, ogg vorbis, mp3, au, w64, caf and the PCM family.

The first choice, as it is small, fast and sample-exact; whatever it does not know goes to `av_reader`.
Reference: https://python-soundfile.readthedocs.io, https://libsndfile.github.io/libsndfile
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truevoice.audio.source import ByteSource
from truevoice.errors import AudioError, one_line

UNKNOWN_FRAMES = 2**62
BLOCK_SAMPLES = 2**18  # of all channels together: 1 MB of float32


class SoundfileReader:
    """One open source. `rate` in Hz, `channels`, `duration` in seconds from the header, `codec` in words."""

    def __init__(self, source: ByteSource) -> None:
        import soundfile

        self.decoder = f"soundfile {soundfile.__version__} ({soundfile.__libsndfile_version__})"
        # A descriptor lets libsndfile read by itself; a Python file costs a call back for every read.
        target: Any = source.file if source.descriptor is None else source.descriptor
        try:
            self._file = soundfile.SoundFile(target, closefd=False)
        except (soundfile.LibsndfileError, TypeError, OSError, RuntimeError) as error:
            raise AudioError(one_line(getattr(error, "error_string", error))) from None
        if self._file.frames <= 0:
            self.close()
            raise AudioError("holds no samples")
        if self._file.frames >= UNKNOWN_FRAMES:  # a flac written to a pipe; libsndfile then fails to read it
            self.close()
            raise AudioError("does not know its length")
        self._errors = (soundfile.LibsndfileError, OSError, RuntimeError)
        self.rate = int(self._file.samplerate)
        self.channels = int(self._file.channels)
        self.codec = f"{self._file.format}/{self._file.subtype}".lower()
        self.duration: float | None = self._file.frames / self.rate
        self.damaged_packets = 0

    def blocks(self) -> Iterator[tuple[NDArray[np.float32], int]]:
        """Gives (samples, rate) with samples of shape (frames, channels), float32; integers are scaled to [-1, 1)."""
        frames = max(1, BLOCK_SAMPLES // self.channels)
        while True:
            try:
                block = self._file.read(frames, dtype="float32", always_2d=True)
            except self._errors as error:
                reason = one_line(getattr(error, "error_string", error))
                raise AudioError(f"stops decoding midway ({reason}): truncated or damaged") from None
            if not len(block):
                return
            yield block, self.rate

    def close(self) -> None:
        self._file.close()
