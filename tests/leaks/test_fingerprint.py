"""Fingerprints: a copy at another level, rate, beginning or in another format is found; another recording is not."""

from functools import cache

import numpy as np
import pytest
import soxr

from formats import FORMATS, encode
from speech import clips
from truevoice.audio import load_audio
from truevoice.leaks.fingerprint import ALIKE, SAME, fingerprint, matches


@cache
def waves():
    """Two and a half seconds of each clip."""
    return [load_audio(clip)[:40_000] for clip in clips()]


def changed(how):
    wave = {
        "quieter": lambda wave: 0.03 * wave,
        "turned round": lambda wave: -wave,
        "mp3": lambda wave: load_audio(encode("mp3", wave, 16_000)),
        "telephone": lambda wave: load_audio(encode("wav-mulaw", soxr.resample(wave, 16_000, 8_000), 8_000)),
        "44.1 kHz": lambda wave: load_audio(encode("flac", soxr.resample(wave, 16_000, 44_100), 44_100)),
        "cut": lambda wave: wave[3_210:],
        "silence before": lambda wave: np.pad(wave, (20_000, 0)),
        "noise": lambda wave: wave + 0.03 * wave.std() * np.random.default_rng(1).standard_normal(len(wave)),
    }[how]
    return [fingerprint(np.asarray(wave(one), np.float32)) for one in waves()]


@pytest.mark.parametrize(
    "how", ["quieter", "turned round", "mp3", "telephone", "44.1 kHz", "cut", "silence before", "noise"]
)
def test_copies_are_found_and_nothing_else(how):
    assert "mp3" in FORMATS
    n = len(waves())
    prints = [fingerprint(wave) for wave in waves()] + changed(how)
    found = matches(prints, [0] * n + [1] * n)
    assert {(match.first, match.second) for match in found} == {(at, at + n) for at in range(n)}
    assert all(match.differing <= SAME for match in found)


def test_within_one_set_nothing_is_sought():
    prints = [fingerprint(wave) for wave in waves()] * 2
    assert matches(prints, [0] * len(prints)) == []


def test_other_parts_of_one_voice_differ():
    whole = load_audio(clips()[0])
    parts = [fingerprint(whole[at : at + 16_000]) for at in range(0, len(whole) - 16_000, 16_000)]
    for at in range(1, len(parts)):
        assert matches([parts[0], parts[at]], [0, 1]) == []


def test_half_a_copy_is_found_less_is_not():
    wave = waves()[0]
    other = waves()[1]
    half = np.concatenate([wave[:30_000], other[:10_000]])
    assert matches([fingerprint(wave), fingerprint(half)], [0, 1])
    sixth = np.concatenate([wave[:6_000], other[:30_000]])
    assert matches([fingerprint(wave), fingerprint(sixth)], [0, 1]) == []


@pytest.mark.parametrize("wave", [np.zeros(0), np.zeros(16_000), np.full(16_000, 0.1), np.ones(3)])
def test_silence_and_scraps_match_nothing(wave):
    prints = [fingerprint(wave.astype(np.float32))] * 2
    assert all(match.differing <= ALIKE for match in matches(prints, [0, 1]))
    assert matches([prints[0], fingerprint(waves()[0])], [0, 1]) == []


def test_real_recordings(shared):
    """Of 40 real recordings and their mp3 copies each finds its own and only that."""
    folder = shared("corpus/dev")
    files = sorted((folder / "00").iterdir())[:40]
    sounds = [load_audio(file) for file in files]
    prints = [fingerprint(wave) for wave in sounds]
    copies = [fingerprint(load_audio(encode("mp3", 0.3 * wave, 16_000))) for wave in sounds]
    found = matches(prints + copies, [0] * len(prints) + [1] * len(prints))
    own = {(at, at + len(prints)) for at in range(len(prints))}
    assert {(match.first, match.second) for match in found} <= own
    assert len(found) >= 0.95 * len(prints)
