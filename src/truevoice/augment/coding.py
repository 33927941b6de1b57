"""Lossy codes of sound, there and back in memory, aligned with the original.

Encoders and decoders are FFmpeg's, through PyAV (https://pyav.basswood-io.com), packet by packet and without a file
format around them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truevoice.audio import SAMPLE_RATE
from truevoice.audio.av_reader import frame_to_float
from truevoice.augment.resampling import at_rate, of_length
from truevoice.augment.step import Wave
from truevoice.errors import UsageError

FLUSH_SECONDS = 0.3  # of zeros after the signal, more than any of these codes holds back
PROBE_SECONDS = 2.0


@dataclass(frozen=True)
class Code:
    """A code as FFmpeg knows it. `rate`: Hz that the encoder is given; `kbps`: bit rates in kbit/s, rising."""

    encoder: str
    decoder: str
    rate: int
    sample_format: str
    kbps: tuple[float, ...]


# Bit rates: ISO 13818-3 (mp3 at 16 kHz), what is in use (AAC, Opus), 3GPP TS 26.071 (AMR), ITU-T G.711 and G.722.
CODES = {
    "mp3": Code("libmp3lame", "mp3float", 16_000, "fltp", (16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)),
    "aac": Code("aac", "aac", 16_000, "fltp", (16, 24, 32, 48, 64, 96)),
    "opus": Code("libopus", "libopus", 48_000, "flt", (6, 8, 12, 16, 24, 32, 48, 64)),
    "amr-nb": Code("libopencore_amrnb", "amrnb", 8_000, "s16", (4.75, 5.15, 5.9, 6.7, 7.4, 7.95, 10.2, 12.2)),
    "mu-law": Code("pcm_mulaw", "pcm_mulaw", 8_000, "s16", (64,)),
    "a-law": Code("pcm_alaw", "pcm_alaw", 8_000, "s16", (64,)),
    "g722": Code("g722", "g722", 16_000, "s16", (64,)),
}


def through_code(wave: Wave, name: str, kbps: float) -> NDArray[np.float32]:
    """(n,) at 16 kHz → the same signal after one of CODES, as long and aligned. Peaks above full scale are clipped.

    n ≥ 1; kbps: one of the code's bit rates. Raises UsageError where FFmpeg has no such encoder.
    """
    code = CODES[name]
    padded = np.concatenate([wave, np.zeros(round(FLUSH_SECONDS * SAMPLE_RATE), wave.dtype)])
    sent = np.clip(at_rate(padded, SAMPLE_RATE, code.rate), -1, 1)
    heard, rate = _there_and_back(sent, code, kbps)
    heard = heard[_delay(name) :]
    return of_length(at_rate(heard, rate, SAMPLE_RATE), len(wave)).astype(np.float32)


def check_codes(names: Sequence[str]) -> None:
    """Raises UsageError that names the codes that this machine's FFmpeg cannot write or read."""
    import av

    for name in names:
        for what, part, mode in (("encoder", CODES[name].encoder, "w"), ("decoder", CODES[name].decoder, "r")):
            try:
                av.Codec(part, mode)  # type: ignore[arg-type]
            except ValueError:  # UnknownCodecError
                raise UsageError(
                    f"the FFmpeg in PyAV {av.__version__} has no {what} {part}, which {name} needs: leave {name} out "
                    "of codecs, or install a PyAV that has it"
                ) from None


def _there_and_back(sent: NDArray[np.float32], code: Code, kbps: float) -> tuple[NDArray[np.float32], int]:
    """(n,) at the code's rate → what the decoder gives, and its rate."""
    import av

    encoder: Any = av.CodecContext.create(code.encoder, "w")
    encoder.sample_rate, encoder.layout, encoder.format = code.rate, "mono", code.sample_format
    encoder.time_base = Fraction(1, code.rate)
    if len(code.kbps) > 1:
        encoder.bit_rate = round(kbps * 1000)
    encoder.open()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sent[None]), format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = code.rate, 0, Fraction(1, code.rate)
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    decoder: Any = av.CodecContext.create(code.decoder, "r")
    decoder.sample_rate, decoder.layout = code.rate, "mono"
    if encoder.extradata:
        decoder.extradata = encoder.extradata
    frames = [frame for packet in (*packets, None) for frame in decoder.decode(packet)]
    return np.concatenate([frame_to_float(frame)[:, 0] for frame in frames]), frames[0].sample_rate


@cache
def _delay(name: str) -> int:
    """Samples by which the code's output comes late, at the decoder's rate.

    Measured, since it depends on the versions of encoder and decoder and on who of them takes it off: the peak of the
    correlation with two seconds of noise that swells and fades, at the highest bit rate.
    """
    code = CODES[name]
    noise = np.random.Generator(np.random.SFC64(0)).normal(0, 0.1, round(PROBE_SECONDS * SAMPLE_RATE))
    swell = 1 + np.sin(2 * np.pi * 3 * np.arange(len(noise)) / SAMPLE_RATE)
    probe = at_rate(np.convolve(noise * swell, np.ones(4) / 4, "same").astype(np.float32), SAMPLE_RATE, code.rate)
    heard, rate = _there_and_back(np.clip(probe, -1, 1), code, code.kbps[-1])
    sent = at_rate(probe, code.rate, rate)
    size = 1 << (len(sent) + len(heard)).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(heard, size) * np.fft.rfft(sent, size).conj(), size)
    return int(correlation[: rate // 4].argmax())
