"""What cannot be read says so in one line that names it; nothing else escapes."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from formats import encode, encode_sf
from speech import speech
from truevoice.audio import Limits, load_audio, open_audio
from truevoice.errors import AudioError, UsageError


def says(*words: str):
    return pytest.raises(AudioError, match=".*".join(words))


def test_files_that_are_no_recordings(tmp_path):
    empty = tmp_path / "empty.wav"
    empty.write_bytes(b"")
    with says("empty.wav", "is empty"):
        load_audio(empty)
    with says("is a folder"):
        load_audio(tmp_path)
    with says("absent.wav", "no such file"):
        load_audio(tmp_path / "absent.wav")
    link = tmp_path / "link.wav"
    link.symlink_to(tmp_path / "gone.wav")
    with says("link.wav", "dead link"):
        load_audio(link)
    with says("device"):
        load_audio("/dev/null")
    with says("cannot be opened"):
        load_audio("a\0b.wav")
    with says("cannot be opened"):
        load_audio("x" * 5000)


def test_no_permission(tmp_path, monkeypatch):
    path = tmp_path / "secret.wav"
    path.write_bytes(encode("wav", speech(), 16000))
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read everything, so the refusal is made
        monkeypatch.setattr(Path, "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    with says("secret.wav", "no permission"):
        load_audio(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "HTML page"),
        (b"just a text\n" * 50, "not audio"),
        (np.random.default_rng(0).bytes(20_000), "not audio"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "not audio"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not audio"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "not audio"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "not audio"),
    ],
)
def test_content_that_is_no_audio(content, words):
    with says(words):
        load_audio(content)


def test_no_byte_repeated_is_audio():
    """Some bytes look like the sync word of mp3, AAC or MPEG-TS; none of them is a recording."""
    for byte in range(256):
        with says("not audio"):
            load_audio(bytes([byte]) * 5000)


def test_play_lists_open_nothing(tmp_path):
    """A play list of a stranger must not make the decoder open other files."""
    clip = tmp_path / "clip.wav"
    clip.write_bytes(encode("wav", speech(), 16000))
    for text in (f"#EXTM3U\n#EXTINF:3,\n{clip}\n#EXT-X-ENDLIST\n", f"ffconcat version 1.0\nfile {clip}\n"):
        listing = tmp_path / "list.m3u8"
        listing.write_text(text)
        with says("not audio"):
            load_audio(listing)


def test_a_picture_has_no_audio_track():
    import io

    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        track = out.add_stream("mpeg4", rate=10)
        track.width, track.height, track.pix_fmt = 32, 32, "yuv420p"
        out.mux(track.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        out.mux(track.encode(None))
    with says("no audio track"):
        load_audio(buffer.getvalue())


@pytest.mark.parametrize("name", ["flac", "m4a", "wav"])
def test_truncated_at_the_head_is_refused(name):
    data = encode(name, speech(), 16000)
    with pytest.raises(AudioError):
        load_audio(data[:30])


def test_recordings_that_stop_midway():
    """What a format lets one notice is told; what it does not is scored as far as it goes."""
    whole = len(speech())
    with says("truncated or damaged"):
        load_audio(encode("flac", speech(), 16000)[:40_000])
    long = encode("flac", np.tile(speech(), 10), 16000)
    with says("truncated or damaged", "after 16"):
        load_audio(long[: len(long) // 3 * 2])
    for name in ("wav", "mp3", "ogg", "opus"):
        data = encode(name, speech(), 16000)
        assert 0.15 < len(load_audio(data[: len(data) // 2])) / whole < 0.7


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(bad):
    wave = np.zeros(16000, np.float32)
    wave[8000] = bad
    with says("NaN or infinite", "0.500 s"):
        load_audio(wave, sr=16000)
    with says("NaN or infinite", "0.500 s"):
        load_audio(encode_sf(wave, 16000, "WAV", "FLOAT"))
    with says("NaN or infinite"):
        load_audio(np.full(100, 1e300), sr=16000)  # beyond float32


def test_no_samples():
    with says("no samples"):
        load_audio(np.zeros(0, np.float32), sr=16000)
    with says("no samples"):
        load_audio(encode_sf(np.zeros(0, np.float32), 16000, "WAV", "PCM_16"))


def test_one_sample():
    assert len(load_audio(np.ones(1), sr=16000)) == 1
    with says("too short", "ms"):
        load_audio(np.ones(1), sr=96_000)


@pytest.mark.parametrize("rate", [1, 999, 1_000_001, 2**31 - 1])
def test_rates_out_of_reach(rate):
    with says("sample rate"):
        load_audio(np.zeros(1000, np.float32), sr=rate)
    header = bytearray(encode_sf(np.zeros(1000, np.float32), 8000, "WAV", "PCM_16"))
    header[24:28] = struct.pack("<I", rate)
    with pytest.raises(AudioError):
        load_audio(bytes(header))


@pytest.mark.parametrize("rate", [1000, 8000, 11025, 22050, 44100, 96000, 192000, 400_000])
def test_rates_within_reach(rate):
    seconds = 0.5
    tone = np.sin(2 * np.pi * 300 * np.arange(int(rate * seconds)) / rate).astype(np.float32)
    wave = load_audio(tone, sr=rate)
    assert len(wave) == pytest.approx(16000 * seconds, abs=2)
    middle = wave[2000:6000]
    expected = np.sin(2 * np.pi * 300 * np.arange(2000, 6000) / 16000)
    assert np.abs(middle - expected).max() < 0.01


def test_limits():
    wave = np.zeros(16000 * 3, np.float32)
    with says("longer than the limit", "--max-duration"):
        load_audio(wave, sr=16000, limits=Limits(max_duration=2))
    with says("longer than the limit"):
        load_audio(encode_sf(wave, 16000, "FLAC"), limits=Limits(max_duration=2))
    with says("unpacks to more", "--max-decoded"):
        load_audio(encode_sf(wave, 16000, "FLAC"), limits=Limits(max_decoded_bytes=100_000))
    with says("channels"):
        load_audio(np.zeros((1000, 300), np.float32), sr=16000)


def test_a_header_that_lies_does_not_escape_the_limit():
    """The limit holds for what is decoded: raw AAC states no length, and an mp3 may state any."""
    wave = np.tile(speech(), 3)
    data = encode("aac", wave, 16000)
    with open_audio(data) as stream:
        assert stream.stated is None or stream.stated < 100
    with says("longer than the limit", "--max-duration"):
        load_audio(data, limits=Limits(max_duration=3, max_decoded_bytes=2**40))
    flac = bytearray(encode("flac", wave, 16000))
    flac[21] &= 0xF0
    flac[22:26] = bytes(4)  # total samples: 0 = not known
    with says("longer than the limit"):
        load_audio(bytes(flac), limits=Limits(max_duration=3))


def test_a_flac_from_a_pipe_does_not_know_its_length():
    flac = bytearray(encode("flac", speech(), 16000))
    flac[21] &= 0xF0
    flac[22:26] = bytes(4)  # total samples: 0 = not known
    np.testing.assert_allclose(load_audio(bytes(flac)), load_audio(encode("flac", speech(), 16000)), atol=1e-6)


@pytest.mark.parametrize("name", ["wav", "aiff", "mp3", "webm"])
def test_a_truncated_recording_falls_short_of_its_header(name):
    """Half of the file is there: what it stated and what was decoded differ, for the detector to tell."""
    data = encode(name, np.tile(speech(), 2), 16000)
    for part, short in ((data, False), (data[: len(data) // 2], True)):
        with open_audio(part) as stream:
            for _ in stream.blocks():
                pass
        assert (stream.duration < 0.9 * (stream.stated or 0)) == short


def test_arrays_without_or_with_a_wrong_rate():
    with pytest.raises(UsageError, match="pass sr"):
        load_audio(np.zeros(100))
    with pytest.raises(UsageError, match="whole number"):
        load_audio(np.zeros(100), sr=16000.5)
    with pytest.raises(UsageError, match="sr is for arrays only"):
        load_audio(encode("wav", speech(), 16000), sr=16000)
    with pytest.raises(UsageError, match="square"):
        load_audio(np.zeros((4, 4)), sr=16000)
    with pytest.raises(UsageError, match="axes"):
        load_audio(np.zeros((2, 3, 4)), sr=16000)
    with pytest.raises(UsageError, match="not audio"):
        load_audio(np.zeros(100, complex), sr=16000)
    with pytest.raises(UsageError, match="list"):
        load_audio([0.0, 0.1])
    with pytest.raises(UsageError, match="NoneType"):
        load_audio(None)
    with pytest.raises(UsageError, match="text mode"), open(__file__) as file:
        load_audio(file)
    for rate in ("abc", np.nan, np.inf, [16000], True):
        with pytest.raises(UsageError, match="whole number"):
            load_audio(np.zeros(100), sr=rate)
    with pytest.raises(UsageError, match="masked"):
        load_audio(np.ma.masked_greater(np.ones(100), 0), sr=16000)
    with pytest.raises(UsageError, match="above 0"):
        Limits(max_duration=np.nan)
    with open(__file__, "rb") as closed:
        pass
    with says("cannot be read"):
        load_audio(closed)
