"""What a scan counts and lists, on real files with every fault."""

import os
import shutil

import numpy as np
import pytest
import soundfile

from speech import speech
from trees import plant, write
from truevoice.data.readers import open_set
from truevoice.data.scan import scan


def sound(path, seconds=0.2, rate=16000, channels=1, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    start = 100 * seed
    wave = speech()[start : start + round(seconds * rate)]
    soundfile.write(path, np.repeat(wave[:, None], channels, axis=1), rate)


@pytest.fixture
def faulty(tmp_path):
    for n in range(4):
        sound(tmp_path / "train" / "real" / f"{n}.wav", seconds=0.2 + n / 10, seed=n)
        sound(tmp_path / "train" / "fake" / f"{n}.flac", rate=8000, channels=2, seed=10 + n)
    shutil.copy(tmp_path / "train/real/0.wav", tmp_path / "train/real/again.wav")
    (tmp_path / "test" / "fake").mkdir(parents=True)
    shutil.copy(tmp_path / "train/real/1.wav", tmp_path / "test/fake/clash.wav")
    (tmp_path / "train/fake/empty.wav").write_bytes(b"")
    soundfile.write(tmp_path / "train/fake/silent.wav", np.zeros(0), 16000)
    (tmp_path / "train/fake/broken.wav").write_bytes(b"RIFF----WAVE")
    sound(tmp_path / "stray.wav")
    return tmp_path


def test_counts_and_lists(faulty):
    told = []
    found = scan(open_set(faulty), progress=lambda done, total: told.append((done, total)))
    assert found.by_label == {"bonafide": 5, "spoof": 8}
    assert found.counts["split"] == {"train": {"bonafide": 5, "spoof": 7}, "test": {"bonafide": 0, "spoof": 1}}
    assert found.headers == {
        "format": {"wav pcm_16": {"bonafide": 5, "spoof": 1}, "flac pcm_16": {"bonafide": 0, "spoof": 4}},
        "rate": {"16000": {"bonafide": 5, "spoof": 1}, "8000": {"bonafide": 0, "spoof": 4}},
        "channels": {"1": {"bonafide": 5, "spoof": 1}, "2": {"bonafide": 0, "spoof": 4}},
    }
    lengths = found.lengths["bonafide"]
    assert (lengths.stated, lengths.shortest, lengths.median, lengths.longest) == (5, 0.2, 0.3, 0.5)
    assert lengths.hours == pytest.approx(1.6 / 3600)
    assert [one.name for one in found.unreadable] == ["train/fake/broken.wav"]
    assert "not audio" in found.unreadable[0].reason
    assert sorted(found.empty) == ["train/fake/empty.wav", "train/fake/silent.wav"]
    assert found.manifest.by_reason() == {"unlabelled": ["stray.wav"]}
    assert [group.names for group in found.copies] == [
        ["test/fake/clash.wav", "train/real/1.wav"],
        ["train/real/0.wav", "train/real/again.wav"],
    ]
    assert found.copies[0].labels == ["bonafide", "spoof"]
    assert found.copies[0].splits == ["test", "train"]
    assert any("has both labels once, such as test/fake/clash.wav = train/real/1.wav" in w for w in found.warnings)
    assert any("stands in several splits once" in w for w in found.warnings)
    assert told[-1] == (13, 13)


def test_files_of_one_size_are_compared_by_content(tmp_path):
    for n in range(6):
        sound(tmp_path / "real" / f"{n}.wav", seed=n)
        sound(tmp_path / "fake" / f"{n}.wav", seed=10 + n)
    assert scan(open_set(tmp_path)).copies == []
    one, other = tmp_path / "real" / "0.wav", tmp_path / "fake" / "0.wav"
    content = bytearray(one.read_bytes())
    content[50] ^= 1  # equal in the middle, not at the start
    other.write_bytes(content)
    assert scan(open_set(tmp_path)).copies == []
    shutil.copy(one, other)
    assert [group.names for group in scan(open_set(tmp_path)).copies] == [["fake/0.wav", "real/0.wav"]]


def test_what_gives_the_class_away(tmp_path):
    for n in range(12):
        sound(tmp_path / "real" / f"{n}.wav", seconds=0.5 + n / 100, seed=n)
        sound(tmp_path / "fake" / f"{n}.flac", seconds=0.1 + n / 100, rate=8000, seed=20 + n)
    warnings = scan(open_set(tmp_path)).warnings
    assert [warning.split(":")[0] for warning in warnings] == [
        "format gives the class away",
        "rate gives the class away",
        "length gives the class away",
    ]
    assert "flac pcm_16 is 0% of bona fide and 100% of spoof" in warnings[0]
    assert "the bona fide recordings are the longer ones" in warnings[2]
    for n in range(12):  # the same for both classes: nothing to say
        os.remove(tmp_path / "fake" / f"{n}.flac")
        sound(tmp_path / "fake" / f"{n}.wav", seconds=0.5 + n / 100, seed=20 + n)
    assert scan(open_set(tmp_path)).warnings == []


def test_speakers_in_several_splits_and_one_class(tmp_path):
    plant(tmp_path, "a.wav", "b.wav", "c.wav")
    write(
        tmp_path,
        "manifest.csv",
        "path,label,split,speaker",
        "a.wav,real,train,A",
        "b.wav,real,test,A",
        "c.wav,real,test,B",
    )
    found = scan(open_set(tmp_path), quick=True)
    assert found.warnings == [
        "every recording is bonafide: without the other class there is no error rate to measure",
        "1 of 2 speakers stand in several splits, which test no new voice",
    ]
    assert (found.headers, found.lengths, found.copies) == ({}, {}, [])


def test_plain_values(faulty):
    plain = scan(open_set(faulty)).to_dict()
    assert plain["kind"] == "real and fake folders"
    assert plain["left_out"] == {"unlabelled": ["stray.wav"]}
    assert list(plain["unreadable"]) == ["train/fake/broken.wav"]
    assert plain["recordings"] == 13
    assert plain["manifest"] is None


def test_a_dead_link_is_unreadable_not_lost(tmp_path):
    plant(tmp_path, "real/a.wav", "fake/b.wav")
    os.symlink("nowhere", tmp_path / "fake" / "dead.wav")
    found = scan(open_set(tmp_path))
    assert [(one.name, one.reason) for one in found.unreadable] == [
        ("fake/dead.wav", "cannot be opened (No such file or directory)")
    ]
