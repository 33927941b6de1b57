"""Each step does to the sound what its page says."""

from itertools import pairwise

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from speech import clips, speech
from truevoice.augment import Chain, recordings
from truevoice.augment.colours import COLOURS, make_noise
from truevoice.augment.draws import Draws
from truevoice.augment.responses import make_response
from truevoice.augment.telephone import band_pass
from truevoice.errors import AudioError, UsageError


def once(wave: np.ndarray, kind: str, *, index: int = 0, **parameters) -> np.ndarray:
    return Chain.from_list([{"kind": kind, **parameters}])(wave, seed=0, epoch=0, index=index)


def decibels(ratio: float) -> float:
    return 20 * np.log10(ratio)


@pytest.fixture
def folder(tmp_path):
    """Two recordings and a broken one, below the folder."""
    recordings._decoded.clear()
    (tmp_path / "inner").mkdir()
    tone = 0.5 * np.sin(2 * np.pi * 1003.7 * np.arange(20_000) / 16_000)
    soundfile.write(tmp_path / "inner" / "b.wav", tone, 16_000)
    (tmp_path / "a.flac").write_bytes(b"fLaC but no more")
    soundfile.write(tmp_path / "inner" / "c.wav", tone[:1500], 16_000)
    (tmp_path / "notes.txt").write_text("not sound")
    return tmp_path


@pytest.mark.parametrize("colour", COLOURS)
def test_noise_has_the_energy_asked_for(colour):
    wave = speech(1.0)
    noise = once(wave, "noise", colours=[colour], min_snr=10, max_snr=10) - wave
    assert decibels(np.linalg.norm(wave) / np.linalg.norm(noise)) == pytest.approx(10, abs=0.01)


@pytest.mark.parametrize(("colour", "slope"), [("white", 0), ("pink", -3), ("brown", -6)])
def test_colours_fall_as_they_should(colour, slope):
    noise = make_noise(colour, 2**18, Draws(np.random.default_rng(0)))
    power = np.square(np.abs(np.fft.rfft(noise)))
    octaves = 16_000 / 2**18 * 2 ** np.arange(9, 17)
    edges = (octaves / 16_000 * 2**18).astype(int)
    levels = [10 * np.log10(power[a:b].mean()) for a, b in pairwise(edges)]
    assert np.polyfit(range(len(levels)), levels, 1)[0] == pytest.approx(slope, abs=0.2)


def test_babble_swells_and_lies_where_speech_lies():
    babble = make_noise("babble", 16_000 * 20, Draws(np.random.default_rng(0)))
    white = make_noise("white", 16_000 * 20, Draws(np.random.default_rng(0)))

    def swelling(noise: np.ndarray) -> float:
        loudness = np.sqrt(np.square(noise).reshape(-1, 800).mean(axis=1))
        return loudness.std() / loudness.mean()

    assert swelling(babble) > 5 * swelling(white)
    power = np.square(np.abs(np.fft.rfft(babble)))
    assert power[: 2000 * 20].sum() > 0.9 * power.sum()


def test_noise_from_a_folder(folder):
    wave = speech(0.5)
    with pytest.warns(UserWarning, match=r"goes on without .*a\.flac"):
        made = [once(wave, "noise", folder=str(folder), min_snr=0, max_snr=0, index=i) - wave for i in range(12)]
    assert len({noise.tobytes() for noise in made}) == 12  # another stretch each time
    for noise in made:
        assert decibels(np.linalg.norm(wave) / np.linalg.norm(noise)) == pytest.approx(0, abs=0.05)
        power = np.square(np.abs(np.fft.rfft(noise)))
        assert power[490:510].sum() > 0.9 * power.sum()


def test_folders_that_cannot_be_used(folder, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UsageError, match="holds no recordings"):
        once(speech(0.1), "room", folder=str(empty))
    with pytest.raises(UsageError, match="not both"):
        once(speech(0.1), "noise", folder=str(folder), colours=["pink"])
    (empty / "x.wav").write_bytes(b"nothing")
    with pytest.warns(UserWarning, match=r"x\.wav"), pytest.raises(AudioError, match="none of its 1 recordings"):
        once(speech(0.1), "noise", folder=str(empty))


def test_what_is_kept_in_memory_is_bounded(folder, monkeypatch):
    monkeypatch.setattr(recordings, "KEPT_BYTES", 20_000 * 4)
    (folder / "a.flac").unlink()
    for index in range(12):
        once(speech(0.1), "noise", folder=str(folder), index=index)
        assert 0 < sum(wave.nbytes for wave in recordings._decoded.values() if wave is not None) <= 20_000 * 4


@pytest.mark.parametrize("rt60", [0.1, 0.4, 1.2])
def test_reverberation_time_and_direct_sound(rt60):
    """Schroeder's backward integration: the slope of the tail from −5 to −25 dB."""
    found = []
    for seed in range(5):
        response = make_response(rt60, 0.0, Draws(np.random.default_rng(seed)))
        assert np.abs(response).argmax() == 0
        assert decibels(response[0] / np.linalg.norm(response[1:])) == pytest.approx(0, abs=1e-6)
        left = np.cumsum(np.square(response[800:])[::-1])[::-1]  # after the early reflections
        level = 10 * np.log10(left / left[0])
        part = (level < -5) & (level > -25)
        found.append(-60 / np.polyfit(np.flatnonzero(part) / 16_000, level[part], 1)[0])
    if rt60 > 0.1:
        assert np.mean(found) == pytest.approx(rt60, rel=0.15)
    else:
        assert np.mean(found) < 0.15


def test_a_room_keeps_place_and_energy():
    wave = np.zeros(8000, np.float32)
    wave[3000] = 1
    heard = once(wave, "room", min_drr=10, max_drr=10)
    assert np.abs(heard).argmax() == 3000
    assert not np.abs(heard[:3000]).max() > 1e-6  # nothing before the direct sound
    assert np.linalg.norm(heard) == pytest.approx(1, rel=1e-5)
    echo = np.abs(heard[3001:])
    assert echo[:2000].max() > 10 * echo[4500:].max()


def test_a_response_from_a_folder_is_aligned_by_its_peak(tmp_path):
    response = np.zeros(501)
    response[[0, 200, 500]] = [0.1, 0.8, 0.4]
    soundfile.write(tmp_path / "r.wav", response, 16_000, subtype="FLOAT")
    wave = np.zeros(2000, np.float32)
    wave[1000] = 1
    heard = once(wave, "room", folder=str(tmp_path))
    np.testing.assert_allclose(heard[[800, 1000, 1300]], np.array([0.1, 0.8, 0.4]) / 0.9, atol=1e-5)
    assert np.flatnonzero(np.abs(heard) > 1e-5).tolist() == [800, 1000, 1300]


def test_gain():
    wave = speech(0.2)
    np.testing.assert_allclose(once(wave, "gain", min_db=-6, max_db=-6), wave * 10 ** (-6 / 20), rtol=1e-5)
    gains = [decibels(once(wave, "gain", index=i).max() / wave.max()) for i in range(300)]
    assert -12 <= min(gains) < -11
    assert 5 < max(gains) <= 6


def test_clipping():
    wave = speech(1.0)
    clipped = once(wave, "clip", min_percent=5, max_percent=5)
    limit = np.abs(clipped).max()
    assert np.mean(np.abs(wave) > limit) == pytest.approx(0.05, abs=0.005)
    np.testing.assert_array_equal(clipped, np.clip(wave, -limit, limit))
    np.testing.assert_array_equal(once(wave, "clip", max_percent=0), wave)


def spectrum_ratio(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """In dB, one value for each 100 Hz."""
    powers = (np.square(np.abs(np.fft.rfft(wave)))[:8000].reshape(80, 100).sum(axis=1) for wave in (after, before))
    after_power, before_power = powers
    return 10 * np.log10(after_power / before_power + 1e-12)


NOISE = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)


def test_a_lower_rate_takes_what_lies_above_half_of_it():
    change = spectrum_ratio(once(NOISE, "resample", min_rate=6000, max_rate=6000), NOISE)
    assert np.abs(change[:26]).max() < 0.5
    assert change[32:].max() < -40


def test_resampling_keeps_the_place():
    wave = speech(1.0)
    for rate in (5000, 8000, 11_025, 15_999):
        back = once(wave, "resample", min_rate=rate, max_rate=rate)
        correlation = np.correlate(back, wave, "same")
        assert correlation.argmax() == len(wave) // 2, rate


def test_the_band_of_a_telephone():
    change = spectrum_ratio(once(NOISE, "telephone"), NOISE)
    assert np.abs(change[5:32]).max() < 0.5
    assert change[0] < -20
    assert change[37:].max() < -40
    np.testing.assert_array_equal(band_pass(300.0, 3400.0), band_pass(300.0, 3400.0)[::-1])  # no delay


@given(length=st.integers(1, 2000), index=st.integers(0, 1000), fill=st.sampled_from(["wrap", "zeros"]))
def test_shifts_move_and_lose_nothing_but_the_ends(length, index, fill):
    wave = np.arange(1, length + 1, dtype=np.float32)
    shifted = once(wave, "shift", max_seconds=0.05, fill=fill, index=index)
    if fill == "wrap":
        assert sorted(shifted) == sorted(wave)
    kept = np.flatnonzero(shifted)
    moves = set((kept - (shifted[kept] - 1)).astype(int))
    assert len(moves) <= (2 if fill == "wrap" else 1)
    if fill == "zeros" and len(kept):
        assert len(kept) == length - abs(moves.pop())


def test_shifts_go_both_ways_and_no_further_than_asked():
    wave = np.zeros(16_000, np.float32)
    wave[8000] = 1
    moves = [int(once(wave, "shift", max_seconds=0.1, index=i).argmax()) - 8000 for i in range(200)]
    assert -1600 <= min(moves) < -1500
    assert 1500 < max(moves) <= 1600


def test_silence_at_the_ends_is_cut():
    sound = 0.3 * np.sin(np.arange(16_000) * 0.2).astype(np.float32)
    hiss = np.random.default_rng(0).normal(0, 1e-4, 48_000).astype(np.float32)
    wave = hiss.copy()
    wave[12_000:28_000] += sound
    trimmed = once(wave, "trim", keep_seconds=0.1)
    assert abs(len(trimmed) - (16_000 + 2 * 1600)) <= 320
    np.testing.assert_array_equal(trimmed, wave[12_000 - 1600 : 12_000 - 1600 + len(trimmed)])
    assert len(once(wave, "trim", below_db=120)) == len(wave)  # hiss is sound then
    np.testing.assert_array_equal(once(np.zeros(5000, np.float32), "trim"), np.zeros(5000, np.float32))


def test_trimming_real_speech_leaves_the_speech():
    wave = speech(3.0)
    silence = np.zeros(8000, np.float32)
    trimmed = once(np.concatenate([silence, wave, silence]), "trim")
    assert len(trimmed) <= len(wave) + 2 * 800 + 320
    assert np.square(trimmed).sum() > 0.999 * np.square(wave).sum()
    assert clips()
