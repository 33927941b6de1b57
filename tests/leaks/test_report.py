"""The leak report of a set with planted leaks: each is found, between the right sets, and nothing else."""

import json

import numpy as np
import pytest
import soundfile

from formats import encode
from speech import speech
from truevoice.data.division import Division
from truevoice.data.trial import Trial
from truevoice.errors import MissingExtraError, TruevoiceError, UsageError
from truevoice.leaks import boosted
from truevoice.leaks.report import leak_report

PIECE = 12_000


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Thirty recordings a set of noise-like but distinct sounds; spoofed ones longer; four leaks into validation."""
    folder = tmp_path_factory.mktemp("planted")
    random = np.random.default_rng(4)
    sets = {"train": [], "validation": []}
    waves = {}
    for name, own in sets.items():
        for at in range(30):
            label = "spoof" if at % 2 else "bonafide"
            length = PIECE + (3_000 if label == "spoof" else 0) + int(random.integers(0, 800))
            wave = np.convolve(random.standard_normal(length), np.hanning(9), "same").astype(np.float32)
            wave *= 0.1 / np.abs(wave).max() * np.repeat(random.uniform(0.3, 9, length // 500 + 1), 500)[:length]
            path = folder / f"{name}-{at:02d}-{random.integers(1 << 40):x}x.wav"
            soundfile.write(path, wave, 16_000)
            waves[name, at] = wave
            own.append(Trial(path.name, str(path), label, {"speaker": f"{name} {at % 5}"}))

    def replace(at, name, data, speaker="validation 1", label=None):
        (folder / name).write_bytes(data)
        old = sets["validation"][at]
        sets["validation"][at] = Trial(name, str(folder / name), label or old.label, {"speaker": speaker})

    def source(at):
        return folder / sets["train"][at].name

    replace(0, "same-bytes-q.wav", source(0).read_bytes())
    replace(2, "same-sound-q.mp3", encode("mp3", 0.4 * waves["train", 2], 16_000))
    replace(3, "flipped-label-q.flac", encode("flac", waves["train", 3], 16_000), label="bonafide")
    replace(4, f"{source(4).stem}_fake.wav", (folder / sets["validation"][4].name).read_bytes(), speaker="train 4")
    replace(5, "broken-q.wav", b"RIFF nothing")
    return sets


@pytest.fixture(scope="module")
def report(planted):
    return leak_report(planted, jobs=2)


def codes(report):
    return [finding.code for finding in report.findings]


def test_planted_leaks_are_found(planted, report):
    (shared,) = report.shared
    names = [trial.name for trial in planted["train"]]
    same = {pair.second: (pair.first, pair.bytes) for pair in shared.same}
    assert same == {
        "same-bytes-q.wav": (names[0], True),
        "same-sound-q.mp3": (names[2], False),
        "flipped-label-q.flac": (names[3], False),
    }
    assert shared.speakers == {"train 4": 7}
    assert [(pair.first, pair.telling) for pair in shared.names] == [(names[4], True)]
    assert shared.remade == []
    assert [one.name for one in report.unreadable] == ["broken-q.wav"]
    expected = {"shared-speakers", "same-audio", "same-audio-both-labels", "near-names", "unreadable", "telling-cue"}
    assert expected <= set(codes(report))
    assert not report.clean
    assert all(finding.severity == "warning" for finding in report.findings if finding.code in expected)


def test_length_gives_the_class_away(report):
    strongest = report.strengths[0]
    assert (strongest.name, strongest.more) == ("duration", "less")
    assert strongest.auc["train"] == 1.0
    assert {"train", "validation"} <= set(strongest.telling)
    told = [finding.message for finding in report.findings if finding.code == "telling-cue"]
    assert any("duration" in message and "1.00 in train" in message for message in told)


def test_the_file(report, tmp_path):
    path = report.write(tmp_path / "run" / "leaks.json")
    read = json.loads(path.read_text())
    assert read == json.loads(json.dumps(report.to_dict()))
    assert read["sets"]["train"] == {"bonafide": 15, "spoof": 15}
    assert {"findings", "cues", "together", "shared", "unreadable"} <= set(read)
    (tmp_path / "file").write_text("")
    with pytest.raises(TruevoiceError, match="cannot be written"):
        report.write(tmp_path / "file" / "leaks.json")


def test_one_recording_in_two_sets(planted):
    own = planted["train"][:10]
    found = leak_report({"train": own, "test": own[:2]}, trees=False)
    assert {(pair.first, pair.second) for pair in found.shared[0].same} == {(t.name, t.name) for t in own[:2]}


def test_clean_sets_have_no_warning(planted):
    even = [trial for trial in planted["train"][5:] if trial.label == "bonafide"]
    trials = [Trial(t.name, t.source, "spoof" if at % 2 else "bonafide") for at, t in enumerate(even)]
    found = leak_report(Division(trials[:8], trials[8:]), trees=False)
    assert found.clean, codes(found)


def test_between_measured_sets_it_is_a_note(planted):
    found = leak_report(
        {"train": planted["validation"][6:12], "validation": planted["train"][:3], "test": planted["validation"][:3]},
        trees=False,
    )
    of_tests = next(pair for pair in found.shared if pair.first == "validation")
    assert of_tests.same
    assert all(finding.severity == "note" for finding in of_tests.findings())


def test_columns_of_the_manifest_are_cues(planted):
    trials = [
        Trial(t.name, t.source, t.label, {"language": "fi" if t.label == "spoof" else "de", "attack": t.label})
        for t in planted["train"]
    ]
    found = leak_report({"train": trials}, trees=False)
    languages = next(one for one in found.strengths if one.name == "language")
    assert languages.auc == {"train": 1.0}
    assert "attack" not in [one.name for one in found.strengths]


def test_without_scikit_learn(planted, monkeypatch):
    monkeypatch.setattr(boosted, "is_installed", lambda: False)
    found = leak_report({"train": planted["train"][:4]})
    assert found.together == []
    assert "together-left-out" in codes(found)
    with pytest.raises(MissingExtraError, match=r"truevoice\[train\]"):
        leak_report({"train": planted["train"][:4]}, trees=True)


def test_nothing_to_compare(tmp_path):
    with pytest.raises(UsageError, match="training set"):
        leak_report({"train": []})
    gone = [Trial("a.wav", str(tmp_path / "a.wav"), "spoof"), Trial("b.wav", str(tmp_path / "b.wav"), "bonafide")]
    found = leak_report({"train": gone, "validation": gone})
    assert len(found.unreadable) == 2
    assert found.strengths == []


def test_speech_of_one_clip_in_two_sets(tmp_path):
    """Real speech, another format and level: the same sound."""
    sets = {}
    for name, form in (("train", "wav"), ("test", "opus")):
        path = tmp_path / f"{name}.{form}"
        path.write_bytes(encode(form, speech() * (1.0 if name == "train" else 0.2), 16_000))
        sets[name] = [Trial(path.name, str(path), "spoof")]
    (pair,) = leak_report(sets, trees=False).shared[0].same
    assert not pair.bytes
