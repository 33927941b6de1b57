"""Every promised format, as real speech: read whole, in time, from each kind of source."""

import io
import subprocess
import sys

import numpy as np
import pytest

from formats import FORMATS, encode, encode_sf
from speech import speech
from truevoice.audio import load_audio, open_audio

RATE = 16_000
# samples that the encoder itself puts in front and a raw stream cannot announce
UNANNOUNCED_DELAY = {"aac": 400, "amr": 200, "wma": 800}
LOSSY_ENOUGH = {"amr": 0.6}  # least correlation with the original; 4.75 kbit/s does not keep the waveform


@pytest.fixture(scope="module")
def original() -> np.ndarray:
    return speech()


@pytest.fixture(scope="module")
def encoded(original) -> dict[str, bytes]:
    return {name: encode(name, original, RATE) for name in FORMATS}


def best_correlation(decoded: np.ndarray, original: np.ndarray, reach: int) -> tuple[float, int]:
    """Highest correlation over lags up to `reach` samples, on one second in the middle, and its lag."""
    at, size = len(original) // 3, RATE
    target = original[at : at + size]
    scores = {}
    for lag in range(-reach, reach + 1):
        piece = decoded[at + lag : at + lag + size]
        scores[lag] = float(np.corrcoef(piece, target)[0, 1])
    lag = max(scores, key=scores.__getitem__)
    return scores[lag], lag


@pytest.mark.parametrize("name", FORMATS)
def test_format_is_read_whole_and_in_time(name, encoded, original):
    wave = load_audio(encoded[name])
    assert wave.dtype == np.float32
    assert wave.ndim == 1
    delay = UNANNOUNCED_DELAY.get(name, 0)
    # ADPCM pads its last block: up to 2,048 samples here
    assert -850 <= len(wave) - len(original) <= (2048 if "adpcm" in name else delay + 400)
    likeness, lag = best_correlation(wave, original, max(delay, 5))
    assert likeness > LOSSY_ENOUGH.get(name, 0.97), f"lag {lag}"


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "m4a", "webm", "amr"])
def test_extension_is_not_asked(name, encoded, tmp_path):
    for extension in ("txt", "raw", "mp3" if name != "mp3" else "wav", "m3u8"):
        path = tmp_path / f"misnamed.{extension}"
        path.write_bytes(encoded[name])
        np.testing.assert_array_equal(load_audio(path), load_audio(encoded[name]))


@pytest.mark.parametrize("name", ["wav", "ogg", "m4a", "webm"])
def test_all_kinds_of_source_agree(name, encoded, tmp_path):
    data = encoded[name]
    expected = load_audio(data)
    path = tmp_path / "clip.bin"
    path.write_bytes(data)
    np.testing.assert_array_equal(load_audio(str(path)), expected)
    np.testing.assert_array_equal(load_audio(bytearray(data)), expected)
    np.testing.assert_array_equal(load_audio(memoryview(data)), expected)
    with path.open("rb") as file:
        np.testing.assert_array_equal(load_audio(file), expected)
    with io.BytesIO(b"header of something else" + data) as file:
        file.seek(24)  # a caller may hand over a file that is partly read
        np.testing.assert_array_equal(load_audio(file), expected)


@pytest.mark.parametrize("name", ["wav", "mp3", "m4a"])
def test_standard_input(name, encoded):
    code = "import sys, truevoice; sys.stdout.buffer.write(truevoice.load_audio('-').tobytes())"
    done = subprocess.run([sys.executable, "-c", code], input=encoded[name], capture_output=True, check=True)
    np.testing.assert_array_equal(np.frombuffer(done.stdout, np.float32), load_audio(encoded[name]))


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "opus", "webm"])
def test_pipe_too_long_for_memory_is_streamed(name, encoded, monkeypatch):
    """A pipe that cannot seek and does not fit: PyAV reads it as it comes, the sound is the same."""
    from truevoice.audio import source

    class Pipe(io.RawIOBase):
        def __init__(self, data):
            self.rest = io.BytesIO(data)

        def readable(self):
            return True

        def seekable(self):
            return False

        def read(self, size=-1):
            return self.rest.read(size)

    monkeypatch.setattr(source, "PIPE_BYTES_IN_MEMORY", 4096)
    wave, expected = load_audio(Pipe(encoded[name])), load_audio(encoded[name])
    assert abs(len(wave) - len(expected)) <= 1200  # without seeking, mp3's padding at the ends is not known
    likeness, _ = best_correlation(wave, expected, 1200)
    assert likeness > 0.999


def test_the_stream_tells_what_it_found(encoded):
    with open_audio(encoded["m4a"]) as stream:
        assert (stream.rate, stream.channels) == (44100, 1)
        assert "aac" in stream.codec
        assert "PyAV" in stream.decoder
        total = sum(len(block) for block in stream.blocks())
    assert stream.duration == pytest.approx(total / RATE, abs=0.01)


@pytest.mark.parametrize("name", ["ogg", "opus"])
def test_chained_streams_are_read_to_the_end(name, encoded, original):
    """Radio recorders write one Ogg stream after another into a file."""
    wave = load_audio(encoded[name] + encoded[name])
    assert len(wave) == pytest.approx(2 * len(original), abs=1000)


def test_one_opus_stream_sounds_alike_in_every_container(original):
    """The same packets in Ogg, whose header remembers 16 kHz, and in Matroska: the header's remark changes nothing."""
    import av

    ogg = encode_sf(original, RATE, "OGG", "OPUS")
    at = ogg.index(b"OpusHead") + 12
    assert int.from_bytes(ogg[at : at + 4], "little") == RATE
    matroska = io.BytesIO()
    with av.open(io.BytesIO(ogg)) as source, av.open(matroska, "w", format="matroska") as target:
        track = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = track
                target.mux(packet)
    first, second = load_audio(ogg), load_audio(matroska.getvalue())
    size = min(len(first), len(second))
    assert abs(len(first) - len(second)) < 1000  # the ends are trimmed by each container's own rules
    np.testing.assert_allclose(first[:size], second[:size], atol=2e-4)
