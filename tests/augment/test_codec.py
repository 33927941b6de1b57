"""Codes in memory: as long as before, in the same place, degraded as such codes do."""

import av
import numpy as np
import pytest

from speech import speech
from truevoice.augment import Chain
from truevoice.augment.coding import CODES, through_code
from truevoice.errors import UsageError

FINER = 8


def lag(a: np.ndarray, b: np.ndarray) -> float:
    """Samples by which b comes after a: the peak of the correlation, interpolated to an eighth of a sample."""
    size = 1 << (len(a) + len(b)).bit_length()
    cross = np.fft.rfft(b, size) * np.fft.rfft(a, size).conj()
    fine = np.fft.irfft(np.concatenate([cross, np.zeros(size // 2 * (FINER - 1))]))
    peak = int(fine.argmax())
    return (peak if peak < len(fine) // 2 else peak - len(fine)) / FINER


def band_share(wave: np.ndarray, low: float, high: float) -> float:
    power = np.square(np.abs(np.fft.rfft(wave)))
    frequency = np.fft.rfftfreq(len(wave), 1 / 16_000)
    return power[(frequency >= low) & (frequency < high)].sum() / power.sum()


@pytest.mark.parametrize("name", CODES)
def test_length_and_alignment_at_every_bit_rate(name):
    wave = speech(2.0)
    for kbps in CODES[name].kbps:
        coded = through_code(wave, name, kbps)
        assert coded.shape == wave.shape
        assert coded.dtype == np.float32
        assert abs(lag(wave, coded)) <= 1, kbps
        assert np.corrcoef(wave, coded)[0, 1] > 0.6, kbps
        assert (coded != wave).any()


def test_the_place_holds_for_any_length():
    """Frames of the code end elsewhere; the beginning and the end stay where they are."""
    wave = speech(2.0)
    for name in CODES:
        for length in (4000, 7777, 20_001):
            sent = wave[:length]
            heard = through_code(sent, name, CODES[name].kbps[-1])
            assert len(heard) == length
            for part in (slice(0, 2000), slice(length - 2000, length)):
                assert abs(lag(sent[part], heard[part])) <= 2, (name, length, part)


@pytest.mark.parametrize("name", [name for name in CODES if len(CODES[name].kbps) > 1])
def test_more_bits_are_nearer(name):
    wave = speech(2.0)
    rates = CODES[name].kbps
    errors = [np.linalg.norm(through_code(wave, name, kbps) - wave) for kbps in (rates[0], rates[-1])]
    assert errors[1] < 0.9 * errors[0]


def test_narrow_band_codes_leave_nothing_above_their_band():
    noise = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    for name in ("amr-nb", "mu-law", "a-law"):
        assert band_share(through_code(noise, name, CODES[name].kbps[-1]), 4200, 8000) < 1e-3
    assert band_share(through_code(noise, "g722", 64), 4200, 6500) > 0.2


@pytest.mark.parametrize("name", CODES)
def test_one_sample_silence_and_overload(name):
    kbps = CODES[name].kbps[0]
    assert through_code(np.ones(1, np.float32), name, kbps).shape == (1,)
    assert np.abs(through_code(np.zeros(5000, np.float32), name, kbps)).max() < 1e-3
    loud = through_code(4 * speech(0.5), name, kbps)
    assert np.isfinite(loud).all()
    assert np.abs(loud).max() < 2


def test_the_bounds_choose_among_the_bit_rates():
    (step,) = (step for _, step in Chain.from_list([{"kind": "codec", "min_kbps": 12, "max_kbps": 64}]).steps)
    assert step._rates("amr-nb") == (12.2,)
    assert step._rates("mp3") == (16, 24, 32, 40, 48, 56, 64)


def test_an_absent_encoder_is_one_line_at_building(monkeypatch):
    usual = av.Codec

    def without_lame(name: str, mode: str = "r") -> av.Codec:
        if name == "libmp3lame":
            return usual("no-such-encoder", mode)
        return usual(name, mode)

    monkeypatch.setattr(av, "Codec", without_lame)
    Chain.from_list([{"kind": "codec", "codecs": ["opus", "g722"]}])
    with pytest.raises(UsageError, match=r"^augment step 1 \(codec\): .*no encoder libmp3lame, which mp3 needs: leave"):
        Chain.from_list([{"kind": "codec", "codecs": ["opus", "mp3"]}])
