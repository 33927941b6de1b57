"""What a header says, for every format that is read."""

import pytest

from formats import FORMATS, encode
from speech import speech
from truevoice.audio.probe import probe
from truevoice.errors import AudioError


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format(kind, tmp_path):
    path = tmp_path / "clip"
    path.write_bytes(encode(kind, speech(), 16000))
    found = probe(path)
    assert found.channels == 1
    assert found.rate in (8000, 11025, 16000, 22050, 24000, 44100, 48000)
    assert found.duration is None or found.duration == pytest.approx(3.0, abs=0.15)
    assert "/" not in found.format


def test_names_of_formats(tmp_path):
    names = {kind: probe(encode(kind, speech(), 16000)).format for kind in ("wav", "wav-float", "flac", "mp3", "opus")}
    assert names == {
        **{"wav": "wav pcm_16", "wav-float": "wav float", "flac": "flac pcm_16", "mp3": "mp3", "opus": "ogg opus"}
    }


@pytest.mark.parametrize(
    ("content", "says"), [(b"", "empty"), (b"RIFF----WAVE", "is not audio"), (b"x" * 99, "not audio")]
)
def test_what_does_not_open(tmp_path, content, says):
    path = tmp_path / "clip.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=says):
        probe(path)
    with pytest.raises(AudioError, match="no such file"):
        probe(tmp_path / "gone.wav")
