"""The journal: torn lines, changed files, other settings, and each trial exactly once."""

import contextlib
import json
import os

import pytest

from truevoice.data.trial import Trial
from truevoice.detectors.result import Result, Segment
from truevoice.errors import TruevoiceError, UsageError
from truevoice.scoring.journal import Journal, fingerprint

SETTINGS = {"model": "level", "checksum": "0", "windows": "w", "calibration": None}


def result(name, score=1.0, error=""):
    return Result(name, score=None if error else score, error=error, segments=(Segment(0, 1, score),))


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(b"1234")
    return path


def test_results_come_back_as_they_went(tmp_path, clip):
    journal = Journal(tmp_path / "out", SETTINGS)
    journal.add(result("ü b\n.wav", 0.1 + 0.2), None)
    journal.add(result("a"), None)
    journal.add(result("a", 5.0), None)  # scored again: the newer one counts
    journal.close()
    again = Journal(tmp_path / "out", SETTINGS)
    assert list(again.earlier([])) == [result("ü b\n.wav", 0.1 + 0.2), result("a", 5.0)]
    asked = [Trial("a", "a"), Trial("not there", "x")]
    assert list(again.results(asked)) == [result("a", 5.0)]
    assert [r.trial for r in again.earlier(asked)] == ["ü b\n.wav"]


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_torn_line_is_cut_off(tmp_path, clip, cut):
    trial = Trial("clip", str(clip))
    journal = Journal(tmp_path / "out", SETTINGS)
    journal.add(result("first"), None)
    journal.add(result("clip"), fingerprint(Trial("clip", str(clip))))
    assert journal.is_done(trial)
    journal.close()
    data = journal.path.read_bytes()
    journal.path.write_bytes(data[:-cut])
    again = Journal(tmp_path / "out", SETTINGS)
    assert not again.is_done(trial)
    assert [r.trial for r in again.earlier([])] == ["first"]
    again.add(result("clip", 7.0), fingerprint(Trial("clip", str(clip))))
    assert [r.score for r in again.earlier([])] == [1.0, 7.0]


def test_changed_and_failed_recordings_are_scored_again(tmp_path, clip):
    trial = Trial("clip", str(clip))
    journal = Journal(tmp_path / "out", SETTINGS)
    journal.add(result("clip"), fingerprint(Trial("clip", str(clip))))
    assert journal.is_done(trial)
    clip.write_bytes(b"12345")
    assert not journal.is_done(trial)
    journal.add(result("clip", error="broken"), fingerprint(Trial("clip", str(clip))))
    assert not journal.is_done(trial)
    journal.close()
    again = Journal(tmp_path / "out", SETTINGS)
    assert not again.is_done(trial)
    again.add(result("clip"), fingerprint(Trial("clip", str(clip))))
    assert again.is_done(trial)
    clip.unlink()
    assert not again.is_done(trial)


def test_other_settings_do_not_mix(tmp_path):
    Journal(tmp_path, SETTINGS).close()
    with pytest.raises(UsageError, match=r"model level, now aasist.*--force"):
        Journal(tmp_path, {**SETTINGS, "model": "aasist"})
    Journal(tmp_path, {**SETTINGS, "model": "aasist"}, fresh=True).close()
    assert json.loads((tmp_path / "journal.jsonl").read_text())["settings"]["model"] == "aasist"


def test_names_that_are_no_utf8_come_back(tmp_path):
    journal = Journal(tmp_path, SETTINGS)
    journal.add(result("bad\udcff.wav"), None)
    journal.close()
    assert [r.trial for r in Journal(tmp_path, SETTINGS).earlier([])] == ["bad\udcff.wav"]
    assert b"\xff" not in journal.path.read_bytes()


def test_another_recording_of_the_same_name_size_and_time_is_not_the_same(tmp_path):
    trials = []
    for folder in ("one", "two"):
        path = tmp_path / folder / "x.wav"
        path.parent.mkdir()
        path.write_bytes(folder.encode())
        os.utime(path, ns=(1, 1))
        trials.append(Trial("x.wav", str(path)))
    journal = Journal(tmp_path / "out", SETTINGS)
    journal.add(result("x.wav"), fingerprint(trials[0]))
    assert journal.is_done(trials[0])
    assert not journal.is_done(trials[1])


def test_the_truth_is_the_one_stated_now(tmp_path, clip):
    journal = Journal(tmp_path / "out", SETTINGS)
    journal.add(Result("clip", label="spoof", score=1.0), None)
    assert [r.label for r in journal.results([Trial("clip", str(clip), "bonafide")])] == ["bonafide"]
    assert [r.label for r in journal.results([Trial("clip", str(clip))])] == ["spoof"]


def test_a_damaged_line_in_the_middle_costs_only_its_own_result(tmp_path):
    journal = Journal(tmp_path, SETTINGS)
    for name in "abcd":
        journal.add(result(name), None)
    journal.close()
    lines = journal.path.read_bytes().splitlines(keepends=True)
    lines[2] = b"X" + lines[2]
    journal.path.write_bytes(b"".join(lines))
    assert [r.trial for r in Journal(tmp_path, SETTINGS).earlier([])] == ["a", "c", "d"]


def test_somebody_elses_file_is_not_touched(tmp_path):
    path = tmp_path / "journal.jsonl"
    for content in ('{"my": "data"}', '{"my": "data"}\n', '{"settings": "x"}\n', "text"):
        path.write_text(content)
        with pytest.raises(UsageError, match="not a journal of ours"):
            Journal(tmp_path, SETTINGS)
        assert path.read_text() == content


def test_a_name_that_stands_for_another_recording_becomes_its_path(tmp_path):
    journal = Journal(tmp_path / "out", SETTINGS)
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.wav").write_bytes(b"1")
    first, second = (Trial("x.wav", str(tmp_path / folder / "x.wav")) for folder in ("one", "two"))
    journal.add(result("x.wav"), fingerprint(first))
    assert journal.rename([first]) == [first]
    assert [trial.name for trial in journal.rename([second])] == [second.source]


def test_one_run_at_a_time(tmp_path):
    first = Journal(tmp_path, SETTINGS)
    with pytest.raises(UsageError, match="another run is writing"):
        Journal(tmp_path, SETTINGS)
    first.close()
    Journal(tmp_path, SETTINGS).close()


def test_a_full_disk_is_one_line(tmp_path):
    """/dev/full takes no byte: neither a write nor a close may end in a traceback."""
    journal = Journal(tmp_path, SETTINGS)
    with open("/dev/full", "r+b") as full:
        journal._file.close()
        journal._file = full
        with pytest.raises(TruevoiceError, match=r"No space left.*is kept"):
            journal.add(result("a"), None)
        with pytest.raises(TruevoiceError, match="No space left"):
            journal.close()
        with contextlib.suppress(OSError):
            full.close()


def test_folders_that_cannot_be_used(tmp_path, clip):
    with pytest.raises(TruevoiceError, match="cannot be written"):
        Journal(clip / "out", SETTINGS)
    (tmp_path / "journal.jsonl").write_text("something else\n")
    with pytest.raises(UsageError, match="not a journal of ours"):
        Journal(tmp_path, SETTINGS)
