"""Decoding with PyAV (FFmpeg): m4a/aac, opus, webm, mp4, mkv, mov, amr, wma, adpcm and what else soundfile leaves.

Only container formats that hold sound themselves are allowed: play lists (hls, concat, …) make FFmpeg open other
files and addresses, which a recording from a stranger must never do.
Reference: https://pyav.basswood-io.com, https://ffmpeg.org/ffmpeg-formats.html (option format_whitelist)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truevoice.audio.source import ByteSource
from truevoice.errors import AudioError, one_line

ALLOWED_FORMATS = (
    "wav,w64,aiff,au,caf,voc,flac,ogg,mp3,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aac,ac3,eac3,adts,amr,amrnb,amrwb,"
    "asf,avi,flv,mpegts,mpeg,ape,wv,tta,dsf,gsm,g722,nut,rm,sox,spdif,truehd,dts,loas,latm,oga,aea,qcp,ircam,avr"
)
PCM_SCALE = {"u8": 128.0, "s16": 2.0**15, "s32": 2.0**31, "flt": 1.0, "dbl": 1.0}
BLOCK_SAMPLES = 2**18  # of all channels together; FFmpeg's frames of some 1,000 samples are gathered to this size
MAX_DAMAGED_IN_A_ROW = 200  # packets; a decoder that gets no further is not going to


class AvReader:
    """One open source: its first audio track. `rate` in Hz, `channels`, `duration` in seconds where the header says."""

    def __init__(self, source: ByteSource) -> None:
        import av
        import av.error

        av.logging.set_level(None)  # FFmpeg's own chatter does not belong on a user's terminal
        self.decoder = (
            f"PyAV {av.__version__} (FFmpeg libavcodec {'.'.join(map(str, av.library_versions['libavcodec']))})"
        )
        self._errors = (av.error.FFmpegError, ValueError, OSError, RuntimeError)
        self._container: Any = None
        try:
            self._container = av.open(source.file, mode="r", options={"format_whitelist": ALLOWED_FORMATS})
            tracks = self._container.streams.audio
            if not tracks:
                raise AudioError("has no audio track")
            self._track = tracks[0]
            context = self._track.codec_context
            if context is None:
                raise AudioError("has an audio track in a codec that is not known")
            self.rate = int(context.sample_rate or 0)
            self.channels = int(context.channels or 0)
        except AudioError:
            self.close()
            raise
        except self._errors as error:
            self.close()
            raise AudioError(one_line(getattr(error, "strerror", None) or error)) from None
        self.codec = f"{self._container.format.name.split(',')[0]}/{context.name}"
        length, unit = self._track.duration, self._track.time_base
        self.duration = float(length * unit) if length and unit else None
        if self.duration is None and len(self._container.streams) == 1 and self._container.duration:
            self.duration = self._container.duration / av.time_base  # of the file, so only where it is all
        self.damaged_packets = 0

    def blocks(self) -> Iterator[tuple[NDArray[np.float32], int]]:
        """Gives (samples, rate) with samples of shape (frames, channels), float32; integers are scaled to [-1, 1).

        Packets that cannot be decoded are stepped over and counted in `damaged_packets`, as players do.
        """
        import av

        # Frames of some 1,000 samples are gathered by FFmpeg's own queue: a turn in Python for each would hold back the
        # other threads more than decoding does.
        fifo = av.AudioFifo()
        kind = None
        for frame in self._frames():
            frame.pts = None  # the queue would refuse the gaps that damaged recordings have
            now = (frame.format.name, frame.sample_rate, frame.layout.nb_channels)
            if kind is not None and (now != kind or fifo.samples >= BLOCK_SAMPLES // max(1, kind[2])):
                yield frame_to_float(fifo.read(0, True)), kind[1]
                fifo = av.AudioFifo()
            kind = now
            fifo.write(frame)
        if kind is not None and fifo.samples:
            yield frame_to_float(fifo.read(0, True)), kind[1]

    def _frames(self) -> Iterator[Any]:
        import av.error

        in_a_row = 0
        packets = self._container.demux(self._track)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
            except av.error.EOFError:
                return
            except self._errors as error:
                reason = one_line(getattr(error, "strerror", None) or error)
                raise AudioError(f"stops decoding midway ({reason}): truncated or damaged") from None
            try:
                frames = packet.decode()
            except av.error.EOFError:
                return
            except self._errors:
                self.damaged_packets += 1
                in_a_row += 1
                if in_a_row >= MAX_DAMAGED_IN_A_ROW:
                    raise AudioError("stops decoding midway: truncated or damaged") from None
                continue
            in_a_row = 0 if frames else in_a_row
            yield from frames

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None


def frame_to_float(frame: Any) -> NDArray[np.float32]:
    """A PyAV audio frame as float32 of shape (samples, channels), whatever its sample format and layout."""
    kind = frame.format.name.removesuffix("p")
    if kind not in PCM_SCALE:
        raise AudioError(f"holds samples of a kind that cannot be read ({kind})")
    raw = frame.to_ndarray()
    samples = raw.T if frame.format.is_planar else raw.reshape(-1, frame.layout.nb_channels)
    scale = PCM_SCALE[kind]
    floats = samples.astype(np.float32)
    if kind == "u8":
        floats -= 128.0
    return floats if scale == 1.0 else floats / np.float32(scale)
