"""Near-identical names: versions of one recording are told from mere numbering."""

import pytest

from truevoice.data.trial import Trial
from truevoice.leaks.names import alike_names


def trials(*names):
    return [Trial(name, f"/set/{at}/{name}", "spoof") for at, name in enumerate(names)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("clip_001.wav", "clip_001_fake.wav"),
        ("train/real/LJ001-0003.wav", "val/fake/LJ001-0003_gen.wav"),
        ("train/LJ001-0003.wav", "val/LJ001-0003.wav"),
        ("Obama speech (1).mp3", "obama_speech_1_16k.wav"),
        ("a/p225_003.flac", "b/p225_003_mic2_vocoded_mic2.flac".replace("_mic2", "")),
        ("train/p225/0001.wav", "val/p225/0001.wav"),
        ("interview-07.wav", "Interview 007 (norm).wav"),
        ("file12.wav.wav", "file12_trimmed.wav"),
    ],
)
def test_versions(first, second):
    (found,) = alike_names(trials(first), trials(second))
    assert found.telling
    assert (found.first, found.second) == (first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [("train/file12.wav", "val/file12.wav"), ("real/0001.wav", "fake/0001.wav"), ("real_7.wav", "fake_7.wav")],
)
def test_numbers_alone_are_counted_apart(first, second):
    (found,) = alike_names(trials(first), trials(second))
    assert not found.telling


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("LJ001-0003.wav", "LJ001-0004.wav"),
        ("clip_001.wav", "clip_011.wav"),
        ("train/p225/0001.wav", "val/p226/0001.wav"),
        ("fake.wav", "real.wav"),
        ("a.wav", "a_fake.wav"),
        ("00144bb94cf3.opus", "00145bb94cf3.opus"),
    ],
)
def test_other_names(first, second):
    assert alike_names(trials(first), trials(second)) == []


def test_those_known_otherwise_are_passed_over():
    ours, theirs = trials("talk_1.wav"), trials("talk_1_fake.wav")
    assert alike_names(ours, theirs, but=frozenset({(ours[0].key, theirs[0].key)})) == []


def test_many_names_are_looked_at_once():
    found = alike_names(
        trials(*(f"talk{n}.wav" for n in range(3000))), trials(*(f"talk{n}_gen.wav" for n in range(3000)))
    )
    assert len(found) == 3000
