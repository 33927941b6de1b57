"""What users type → trials: each recording once, in order, nothing silently lost."""

import os

import pytest

from formats import encode
from speech import speech
from truevoice.errors import UsageError
from truevoice.scoring.inputs import expand


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = encode("wav", speech(), 16000)
    for name in ("b/2.wav", "b/1.flac", "a.mp3", ".hidden/x.wav", "b/.h.wav", "b/unnamed", "b/text.dat"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"words" if name.endswith("dat") else data)
    return tmp_path


def names(*sources):
    return [trial.name for trial in expand(sources).trials]


def test_folders_are_walked_in_order_and_hidden_files_left(tree):
    assert names(".") == ["./a.mp3", "./b/1.flac", "./b/2.wav", "./b/unnamed"]
    assert expand(["."]).passed_over == 1  # text.dat


def test_patterns(tree):
    assert names("b/*.wav") == ["b/2.wav"]
    assert names("**/*.wav") == ["b/2.wav"]
    (tree / "take[1].wav").write_bytes(b"x")
    assert names("take[1].wav") == ["take[1].wav"]  # a file of that very name comes first
    assert names("*.aiff", "a.mp3") == ["*.aiff", "a.mp3"]  # its row says that there is none


def test_each_recording_once(tree):
    assert names("a.mp3", "./a.mp3", str(tree / "a.mp3"), ".") == ["a.mp3", "./b/1.flac", "./b/2.wav", "./b/unnamed"]


def test_what_is_missing_stays_a_trial(tree):
    assert names("gone.wav", "a.mp3") == ["gone.wav", "a.mp3"]


def test_lists(tree):
    (tree / "b" / "list.txt").write_text("# two recordings\n2.wav\n\n../a.mp3\n", encoding="utf-8-sig")
    found = [(trial.name, os.path.relpath(trial.source)) for trial in expand(["b/list.txt"]).trials]
    assert found == [("2.wav", "b/2.wav"), ("../a.mp3", "a.mp3")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables(tree, delimiter):
    rows = [("path", "label"), ("b/2.wav", "spoof"), ("a.mp3", "bonafide"), ("b/1.flac", "")]
    (tree / "m.csv").write_text("\r\n".join(delimiter.join(row) for row in rows))
    assert [(trial.name, trial.label) for trial in expand(["m.csv"]).trials] == rows[1:]


def test_tables_keep_odd_names_and_headers(tree):
    (tree / "odd\nname.wav").write_bytes(b"x")
    (tree / "m.csv").write_text('Path, Label\n"odd\nname.wav", spoof\n"a.mp3"\n', encoding="utf-8-sig")
    found = [(trial.name, trial.label) for trial in expand(["m.csv"]).trials]
    assert found == [("odd\nname.wav", "spoof"), ("a.mp3", "")]
    (tree / "m.csv").write_text("path\n" + "x" * 200_000 + "\n")
    with pytest.raises(UsageError, match="not a table"):
        expand(["m.csv"])
    (tree / "l.txt").write_text("a\u2028b.wav\n#1.wav\n-\n")
    trials = expand(["l.txt"]).trials
    assert [trial.name for trial in trials] == ["a\u2028b.wav", "#1.wav", "-"]
    assert trials[2].source != "-"  # a list cannot mean standard input


def test_sources_that_are_no_paths(tree):
    for source in (b"a.mp3", 5, None):
        with pytest.raises(UsageError, match="by their paths"):
            expand([source])


def test_misnamed_recordings_are_found(tree):
    (tree / "b" / "voice.dat").write_bytes(encode("mp3", speech(), 16000))
    (tree / "b" / "voice2.dat").write_bytes(encode("aac", speech(), 16000))
    assert {"./b/voice.dat", "./b/voice2.dat"} <= set(names("."))


def test_tables_that_are_none(tree):
    (tree / "x.csv").write_text("name,label\na.mp3,spoof\n")
    with pytest.raises(UsageError, match=r"x\.csv.*no column 'path'"):
        expand(["x.csv"])
    (tree / "x.csv").write_text("path,label\na.mp3,1\n")
    with pytest.raises(UsageError, match="'1' is neither bonafide nor spoof"):
        expand(["x.csv"])
    (tree / "x.txt").write_bytes("ü".encode("latin-1"))
    with pytest.raises(UsageError, match="UTF-8"):
        expand(["x.txt"])


def test_a_recording_called_txt_is_a_recording(tree):
    os.rename("a.mp3", "a.txt")
    assert names("a.txt") == ["a.txt"]


def test_two_lists_that_call_different_files_alike(tree):
    for folder in ("one", "two"):
        (tree / folder).mkdir()
        (tree / folder / "list.txt").write_text("clip.wav\n")
    assert names("one/list.txt", "two/list.txt") == ["clip.wav", os.path.abspath("two/clip.wav")]
    assert len(set(names("one/list.txt", "two/list.txt", "two/clip.wav", "clip.wav"))) == 3


def test_transcripts_beside_recordings_are_no_lists(tree):
    (tree / "b" / "2.txt").write_text("please call stella\n")
    assert names("b/*") == ["b/1.flac", "b/2.wav", "b/unnamed"]
    assert names("*") == ["a.mp3", "b/1.flac", "b/2.wav", "b/unnamed"]


def test_links_pipes_and_closed_folders(tree):
    os.symlink(tree / "b", tree / "linked")
    os.symlink(tree, tree / "b" / "loop")
    os.symlink("nowhere", tree / "dead.wav")
    os.mkfifo(tree / "pipe.wav")
    found = names(".")
    assert "./dead.wav" in found
    assert "./pipe.wav" not in found  # to open it would wait for ever
    assert len({os.path.realpath(name) for name in found}) == 5
    assert sum("loop" in name for name in found) == 0


def test_nothing_to_score(tree):
    (tree / "empty").mkdir()
    with pytest.raises(UsageError, match="no recordings to score"):
        expand(["empty"])
    with pytest.raises(UsageError, match="nothing was named"):
        expand([])
    assert names("-") == ["-"]


def test_tables_of_every_kind(tree):
    (tree / "m.jsonl").write_text('{"path": "b/2.wav", "label": "Fake"}\n{"path": "a.mp3", "label": "bona-fide"}\n')
    (tree / "m.csv").write_text("file|label\nb/2.wav|deepfake\na.mp3|human\n")
    for name in ("m.jsonl", "m.csv"):
        found = [(trial.name, trial.label) for trial in expand([name]).trials]
        assert found == [("b/2.wav", "spoof"), ("a.mp3", "bonafide")]
    (tree / "m.csv").write_text("path,label\na.mp3,spoof,x\n")
    with pytest.raises(UsageError, match="line 2 has 3 cells"):
        expand(["m.csv"])


def test_a_parquet_table(tree):
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"path": ["b/2.wav", "a.mp3"], "label": ["spoof", None]}), tree / "m.parquet")
    assert [(trial.name, trial.label) for trial in expand(["m.parquet"]).trials] == [
        ("b/2.wav", "spoof"),
        ("a.mp3", ""),
    ]
