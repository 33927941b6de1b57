"""Real speech written in every format that `load_audio` promises, by the encoders inside soundfile and PyAV."""

import io
from fractions import Fraction

import av
import numpy as np
import soundfile


def encode_av(
    wave: np.ndarray, rate: int, container: str, codec: str, *, video: bool = False, **stream_options
) -> bytes:
    """Mono float32 `wave` at `rate` Hz through one FFmpeg encoder into one container, as bytes."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as out:
        if video:
            picture = out.add_stream("mpeg4", rate=10)
            picture.width, picture.height, picture.pix_fmt = 32, 32, "yuv420p"
        track = out.add_stream(codec, rate=rate, layout="mono", **stream_options)
        if codec.startswith("wma"):
            track.bit_rate = 64_000  # this encoder has no default
        if video:
            for i in range(3):
                frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 60 * i, np.uint8), format="rgb24")
                frame.pts = i
                out.mux(picture.encode(frame))
            out.mux(picture.encode(None))
        resampler = av.AudioResampler(format=track.codec_context.format, layout="mono", rate=rate)
        frame = av.AudioFrame.from_ndarray(wave[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        fifo = av.AudioFifo()
        for converted in resampler.resample(frame) + resampler.resample(None):
            fifo.write(converted)
        size = track.codec_context.frame_size or 1024
        while piece := fifo.read(size) or fifo.read(size, partial=True):
            out.mux(track.encode(piece))
        out.mux(track.encode(None))
    return buffer.getvalue()


def encode_sf(wave: np.ndarray, rate: int, container: str, subtype: str | None = None) -> bytes:
    """Mono float32 `wave` at `rate` Hz through libsndfile, as bytes."""
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, rate, format=container, subtype=subtype)
    return buffer.getvalue()


# name → (encoder, rate in Hz, arguments); the name's part before "-" is the extension that users know it by
FORMATS = {
    "wav": (encode_sf, 16000, ("WAV", "PCM_16")),
    "wav-24": (encode_sf, 44100, ("WAV", "PCM_24")),
    "wav-float": (encode_sf, 48000, ("WAV", "FLOAT")),
    "wav-u8": (encode_sf, 11025, ("WAV", "PCM_U8")),
    "wav-mulaw": (encode_sf, 8000, ("WAV", "ULAW")),
    "wav-alaw": (encode_sf, 8000, ("WAV", "ALAW")),
    "wav-ima-adpcm": (encode_sf, 16000, ("WAV", "IMA_ADPCM")),
    "wav-ms-adpcm": (encode_av, 16000, ("wav", "adpcm_ms")),
    "flac": (encode_sf, 16000, ("FLAC",)),
    "ogg": (encode_sf, 22050, ("OGG", "VORBIS")),
    "opus": (encode_av, 48000, ("ogg", "libopus")),
    "mp3": (encode_av, 44100, ("mp3", "libmp3lame")),
    "m4a": (encode_av, 44100, ("ipod", "aac")),
    "m4a-alac": (encode_av, 44100, ("ipod", "alac")),
    "aac": (encode_av, 44100, ("adts", "aac")),
    "webm": (encode_av, 48000, ("webm", "libopus")),
    "mp4": (encode_av, 44100, ("mp4", "aac")),
    "mkv": (encode_av, 44100, ("matroska", "aac")),
    "mov": (encode_av, 44100, ("mov", "pcm_s16le")),
    "amr": (encode_av, 8000, ("amr", "libopencore_amrnb")),
    "wma": (encode_av, 44100, ("asf", "wmav2")),
    "aiff": (encode_sf, 44100, ("AIFF", "PCM_16")),
    "caf": (encode_sf, 44100, ("CAF", "PCM_16")),
    "au": (encode_sf, 8000, ("AU", "ULAW")),
}
WITH_PICTURE = {"mp4", "mkv", "mov"}


def encode(name: str, wave: np.ndarray, rate: int) -> bytes:
    """`wave` (mono float32 at `rate` Hz) in the named format, resampled to the rate the format is made at."""
    import soxr

    encoder, target, arguments = FORMATS[name]
    wave = np.clip(soxr.resample(wave, rate, target), -1, 1).astype(np.float32)
    extra = {"video": True} if name in WITH_PICTURE else {}
    return encoder(wave, target, *arguments, **extra)
