"""Measured cues: what was put into a recording is what is read from it."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st

from formats import encode
from speech import clips, speech
from truevoice.data.trial import Trial
from truevoice.leaks.measure import HEARD, bandwidth, level, measure, measure_all, silences


def written(tmp_path, wave, rate=16_000, name="a.wav", **how):
    soundfile.write(tmp_path / name, wave, rate, **how)
    return str(tmp_path / name)


def test_a_recording(tmp_path):
    wave = np.concatenate([np.zeros(4_800), speech()[:32_000], np.zeros(9_600)])
    found = measure(written(tmp_path, np.stack([wave, wave], axis=1), subtype="PCM_24"))
    assert found.duration == pytest.approx(2.9, abs=1e-6)
    assert found.level_db == pytest.approx(10 * np.log10(np.mean(wave**2)), abs=0.01)
    inner = silences(speech()[:32_000])
    assert (found.lead_s, found.trail_s) == pytest.approx((0.3 + inner[0], 0.6 + inner[1]), abs=0.011)
    assert (found.rate, found.channels, found.format, found.error) == (16_000, 2, "wav pcm_24", "")


def test_formats(tmp_path):
    path = tmp_path / "odd.wav"  # the name says wav, the content does not
    path.write_bytes(encode("mp3", speech()[:32_000], 16_000))
    assert measure(str(path)).format == "mp3"


def test_a_long_recording_is_heard_for_a_minute(tmp_path):
    wave = np.tile(speech()[:16_000], 90)
    found = measure(written(tmp_path, wave))
    assert found.duration == pytest.approx(90.0)
    assert math.isnan(found.trail_s)
    assert found.level_db == pytest.approx(level(wave[: round(HEARD * 16_000)]), abs=0.05)


@pytest.mark.parametrize("cut", [4_000, 8_000])
def test_bandwidth_is_where_the_sound_ends(cut):
    noise = np.random.default_rng(0).standard_normal(32_000).astype(np.float32)
    assert bandwidth(soxr.resample(noise, cut, 16_000)) == pytest.approx(cut / 2, rel=0.07)


@given(st.floats(-60, 0), st.integers(0, 40), st.integers(0, 40))
def test_gain_moves_the_level_alone(gain_db, lead, trail):
    wave = np.concatenate([np.zeros(160 * lead), speech()[3_200:11_200], np.zeros(160 * trail)]).astype(np.float32)
    quieter = (wave * 10 ** (gain_db / 20)).astype(np.float32)
    assert level(quieter) == pytest.approx(level(wave) + gain_db, abs=0.01)
    assert silences(quieter) == silences(wave)
    assert bandwidth(quieter) == bandwidth(wave)


def test_silence_is_all_silence():
    assert silences(np.zeros(8_000, np.float32)) == (0.5, 0.5)
    assert bandwidth(np.zeros(8_000, np.float32)) == 0.0
    assert level(np.zeros(8_000, np.float32)) == -120.0


def test_what_cannot_be_read_has_its_reason(tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF not really")
    (tmp_path / "empty.wav").write_bytes(b"")
    sources = [str(clips()[0]), str(tmp_path / "broken.wav"), str(tmp_path / "empty.wav"), str(tmp_path / "gone.wav")]
    told = []
    with ThreadPoolExecutor(2) as pool:
        trials = [Trial(source, source, "spoof") for source in sources]
        found = list(measure_all(trials, pool, lambda done, total: told.append((done, total))))
    assert [bool(one.error) for one in found] == [False, True, True, True]
    assert "empty" in found[2].error
    assert "no such file" in found[3].error
    assert told[-1] == (4, 4)


def test_the_corpus_columns_agree(shared):
    """The corpus states the same figures of its recordings, measured before they were stored as Opus."""
    import csv

    folder = shared("corpus/dev")
    with open(folder / "manifest.csv") as file:
        rows = list(csv.DictReader(file))[:120]
    found = [measure(str(folder / row["path"])) for row in rows]
    for name, closest in (("duration", 0.999), ("level_db", 0.98), ("bandwidth_hz", 0.8), ("trail_s", 0.7)):
        stated = [float(row[name]) for row in rows]
        assert np.corrcoef(stated, [getattr(one, name) for one in found])[0, 1] > closest, name
