"""From a source to blocks of mono float32 at 16 kHz: choose the decoder, mix down, resample, watch the limits.

Decoder order: soundfile first, PyAV for the rest; the extension is never asked. Two formats go to PyAV at once.
mp3, because libsndfile's decoder writes its complaints about damage straight to the terminal (samples are the same).
Ogg, because libsndfile stops after the first of several chained streams, as radio recorders write them, and decodes
Opus at the rate that the header remembers of the original, through a coarser filter, so that one Opus stream would
sound otherwise in Ogg than in WebM (RFC 7845: the rate is a remark).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from truevoice.audio.av_reader import AvReader
from truevoice.audio.limits import DEFAULT_LIMITS, SAMPLE_RATE, Limits
from truevoice.audio.samples import Channel, array_to_float, to_mono
from truevoice.audio.soundfile_reader import SoundfileReader
from truevoice.audio.source import ByteSource, open_bytes, source_name
from truevoice.errors import AudioError, UsageError

ARRAY_BLOCK_FRAMES = 2**18
RESAMPLE_QUALITY = "HQ"  # soxr's 20-bit setting; VHQ costs more and changes nothing that a 16-bit recording holds


@dataclass
class AudioStream:
    """An open source. `rate` in Hz, `channels`, `codec` and `decoder` tell what was found; read `blocks()` once.

    `duration`: seconds decoded so far, on the source's own clock; `stated`: the length that the header states, in
    seconds, None where it does not; `damaged_packets`: pieces that were stepped over.
    """

    name: str
    decoder: str
    codec: str
    rate: int
    channels: int
    stated: float | None = None
    duration: float = 0.0
    damaged_packets: int = 0
    _blocks: Iterator[NDArray[np.float32]] = field(default_factory=lambda: iter(()), repr=False)

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Gives 1-D float32 blocks at 16 kHz, in order, of any length above 0. Raises AudioError."""
        return self._blocks


@contextmanager
def open_audio(
    source: Any, sr: int | None = None, *, channel: Channel = "mean", limits: Limits = DEFAULT_LIMITS
) -> Iterator[AudioStream]:
    """Opens a path, "-", bytes, a binary file, or an array (which needs its rate `sr` in Hz) for reading in blocks.

    Memory stays at a few megabytes however long the source is. Raises AudioError and UsageError, one line each.
    """
    if not isinstance(source, str | bytes | bytearray | memoryview) and hasattr(source, "__array__"):
        with _array_stream(source, sr, channel, limits) as stream:
            yield stream
        return
    if isinstance(source, list | tuple):
        raise UsageError("a list is not a recording: turn samples into a numpy array and pass their rate as sr")
    if sr is not None:
        raise UsageError(f"{source_name(source)}: the rate stands in the recording; sr is for arrays only")
    with open_bytes(source) as raw:
        reader = _open_reader(raw)
        try:
            _check_header(raw.name, reader.rate, reader.channels, reader.duration, limits)
            stated = _stated_duration(raw, reader.duration)
            stream = AudioStream(raw.name, reader.decoder, reader.codec, reader.rate, reader.channels, stated)
            stream._blocks = _convert(_named(reader, stream), stream, channel, limits)
            yield stream
        finally:
            reader.close()


def load_audio(
    source: Any, sr: int | None = None, *, channel: Channel = "mean", limits: Limits = DEFAULT_LIMITS
) -> NDArray[np.float32]:
    """Any recording as mono float32 at 16 kHz, shape (samples,), full scale = ±1.

    source: path, "-" (standard input), bytes, binary file object, or an array of samples with its rate `sr` in Hz
    (mono, or two axes of which the shorter is the channels). channel: "mean" of all, or the number of one.
    Raises AudioError (missing, damaged, empty, over a limit, NaN or infinite samples) or UsageError, one line each.

    >>> wave = load_audio("interview.m4a")          # doctest: +SKIP
    >>> wave = load_audio(samples, sr=44100)        # doctest: +SKIP
    """
    with open_audio(source, sr, channel=channel, limits=limits) as stream:
        parts = list(stream.blocks())
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _open_reader(raw: ByteSource) -> SoundfileReader | AvReader:
    if hint := _what_it_is_instead(raw.head):
        raise AudioError(f"{raw.name}: {hint}")
    order: tuple[type[SoundfileReader] | type[AvReader], ...] = (SoundfileReader, AvReader)
    if not raw.seekable or _is_mp3(raw.head) or raw.head.startswith(b"OggS"):  # libsndfile must seek; else see above
        order = (AvReader,)
    reasons: list[str] = []
    for reader in order:
        if reasons:
            raw.rewind()
        try:
            return reader(raw)
        except AudioError as error:
            reasons.append(f"{reader.__name__.removesuffix('Reader').replace('Av', 'PyAV').lower()}: {error}")
    for known in ("has no audio track", "holds no samples"):
        if any(known in reason for reason in reasons):
            raise AudioError(f"{raw.name}: {known}")
    raise AudioError(f"{raw.name}: is not audio, or too damaged to open ({'; '.join(reasons)})")


def _is_mp3(head: bytes) -> bool:
    return head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)


def _what_it_is_instead(head: bytes) -> str | None:
    start = head[:64].lstrip().lower()
    if start.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, not the recording: run 'git lfs pull'"
    if start.startswith((b"<!doctype html", b"<html")):
        return "is an HTML page, not a recording: the download failed"
    return None


def _named(reader: SoundfileReader | AvReader, stream: AudioStream) -> Iterator[tuple[NDArray[np.float32], int]]:
    """The reader's blocks; its errors get the source's name and the second they came at."""
    try:
        for block in reader.blocks():
            stream.damaged_packets = reader.damaged_packets
            yield block
    except AudioError as error:
        if not stream.duration:
            raise AudioError(f"{stream.name}: cannot be decoded: not audio, or truncated or damaged") from None
        raise AudioError(f"{stream.name}: {error} (after {stream.duration:.2f} s)") from None


def _stated_duration(raw: ByteSource, found: float | None) -> float | None:
    """The length in seconds that the header states. libsndfile tells what is there of a RIFF or AIFF file, not what was
    meant to be, so the size in the header is compared with the size of the file."""
    head, size = raw.head, raw.size
    order: Literal["little", "big"] = "little" if head.startswith(b"RIFF") else "big"
    if found is None or size is None or not head.startswith((b"RIFF", b"FORM")):
        return found
    meant = int.from_bytes(head[4:8], order) + 8
    streamed = meant <= 64 or meant >= 0x7FFF_0000  # a writer that could not go back and fill it in
    return found if streamed or meant <= size else found * meant / size


def _check_header(name: str, rate: int, channels: int, duration: float | None, limits: Limits) -> None:
    if not limits.min_rate <= rate <= limits.max_rate:
        raise AudioError(f"{name}: sample rate {rate:,} Hz is outside {limits.min_rate:,} to {limits.max_rate:,} Hz")
    if not 1 <= channels <= limits.max_channels:
        raise AudioError(f"{name}: {channels} channels; between 1 and {limits.max_channels} can be read")
    if duration is not None:
        _check_length(name, duration, duration * rate * channels * 4, limits)


def _check_length(name: str, seconds: float, decoded_bytes: float, limits: Limits) -> None:
    if seconds > limits.max_duration:
        raise AudioError(f"{name}: is longer than the limit of {limits.max_duration:g} s; raise it with --max-duration")
    if decoded_bytes > limits.max_decoded_bytes:
        raise AudioError(
            f"{name}: unpacks to more than the limit of {limits.max_decoded_bytes / 2**20:,.0f} MB; "
            "raise it with --max-decoded"
        )


def _convert(
    blocks: Iterator[tuple[NDArray[np.float32], int]], stream: AudioStream, channel: Channel, limits: Limits
) -> Iterator[NDArray[np.float32]]:
    """(frames, channels) blocks of any rate → non-empty mono blocks at 16 kHz."""
    resampler: _Resampler | None = None
    decoded_bytes = 0
    given = 0
    for block, rate in blocks:
        decoded_bytes += block.size * 4
        seconds = len(block) / rate
        _check_finite(block, stream, rate)
        stream.duration += seconds
        _check_length(stream.name, stream.duration, decoded_bytes, limits)
        if resampler is None or resampler.rate != rate:  # a chained or adaptive stream may change its rate midway
            if resampler is not None:
                given += len(tail := resampler.finish())
                if len(tail):
                    yield tail
            _check_header(stream.name, rate, block.shape[1], None, limits)
            resampler = _Resampler(rate)
        with np.errstate(over="ignore"):  # sums of samples near the end of float32's range: refused just below
            mono = resampler.push(to_mono(block, channel, stream.name))
        _check_finite(mono, stream, SAMPLE_RATE)
        given += len(mono)
        if len(mono):
            yield mono
    if resampler is not None:
        given += len(tail := resampler.finish())
        if len(tail):
            yield tail
    if not given:
        what = "holds no samples" if not decoded_bytes else f"is too short: {stream.duration * 1000:.3f} ms"
        raise AudioError(f"{stream.name}: {what}")


def _check_finite(samples: NDArray[np.float32], stream: AudioStream, rate: int) -> None:
    if not np.isfinite(samples).all():
        good = np.isfinite(samples) if samples.ndim == 1 else np.isfinite(samples).all(axis=1)
        at = stream.duration + int(np.flatnonzero(~good)[0]) / rate
        raise AudioError(f"{stream.name}: holds NaN or infinite samples, the first at {at:.3f} s")


class _Resampler:
    """soxr in blocks; passes 16 kHz through untouched."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._stream: Any = None
        if rate != SAMPLE_RATE:
            import soxr

            self._stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality=RESAMPLE_QUALITY)

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        block = np.ascontiguousarray(block, dtype=np.float32)
        return block if self._stream is None else self._stream.resample_chunk(block)

    def finish(self) -> NDArray[np.float32]:
        empty = np.zeros(0, np.float32)
        return empty if self._stream is None else self._stream.resample_chunk(empty, last=True)


@contextmanager
def _array_stream(source: Any, sr: int | None, channel: Channel, limits: Limits) -> Iterator[AudioStream]:
    name = source_name(source)
    if sr is None:
        raise UsageError(f"{name}: an array does not tell its sample rate: pass sr, in Hz")
    if isinstance(sr, bool) or not isinstance(sr, Real) or not math.isfinite(sr) or sr != int(sr):
        raise UsageError(f"{name}: a sample rate is a whole number of Hz, not {sr!r}")
    samples = array_to_float(source, name)
    rate, channels = int(sr), samples.shape[1]
    _check_header(name, rate, channels, len(samples) / max(rate, 1), limits)
    stream = AudioStream(name, "array", str(np.asarray(source).dtype), rate, channels, len(samples) / rate)
    pieces = ((samples[i : i + ARRAY_BLOCK_FRAMES], rate) for i in range(0, len(samples), ARRAY_BLOCK_FRAMES))
    stream._blocks = _convert(pieces, stream, channel, limits)
    yield stream
