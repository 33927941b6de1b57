"""Tables of recordings → trials; what is repeated, missing or unlabelled is counted; a written manifest reads back."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trees import plant, write
from truevoice.data.manifest import Manifest, read_manifest, write_manifest
from truevoice.data.trial import Trial
from truevoice.errors import TruevoiceError, UsageError


@pytest.fixture
def folder(tmp_path):
    return plant(tmp_path, "a.wav", "sub/b.wav", "sub/c.flac")


def found(manifest):
    return [(trial.name, trial.label) for trial in manifest.trials]


def test_paths_labels_and_further_columns(folder):
    path = write(
        folder, "sub/list.tsv", "File\tKey\tsystem\tmood", "b.wav\tFake\ttts1\tgay", f"{folder}/a.wav\thuman\t\t"
    )
    manifest = read_manifest(path)
    assert found(manifest) == [("b.wav", "spoof"), (f"{folder}/a.wav", "bonafide")]
    assert os.path.samefile(manifest.trials[0].source, folder / "sub" / "b.wav")
    assert manifest.columns == ["attack", "system", "mood"]
    assert manifest.trials[0].meta == {"attack": "tts1", "system": "tts1", "mood": "gay"}


def test_attack_keeps_its_own_column(folder):
    manifest = read_manifest(write(folder, "m.csv", "path,label,attack,system", "a.wav,spoof,A1,tts"))
    assert manifest.trials[0].meta == {"attack": "A1", "system": "tts"}


def test_named_columns_and_maps(folder):
    path = write(folder, "m.csv", "path,where,truth", "x,a.wav,1", "y,sub/b.wav,0.0")
    manifest = read_manifest(path, path_column="where", label_column="Truth", label_map={"1": "spoof", "0": "bonafide"})
    assert found(manifest) == [("a.wav", "spoof"), ("sub/b.wav", "bonafide")]
    assert manifest.trials[0].meta == {"original_path": "x"}
    with pytest.raises(UsageError, match=r"m\.csv: label '0\.0'.*--label-map"):
        read_manifest(path, path_column="where", label_column="truth")


def test_nothing_is_lost_without_a_word(folder):
    path = write(
        folder,
        *("m.csv", "path,label"),
        *("a.wav,spoof", "./a.wav,spoof", "sub/b.wav,spoof", "sub/../sub/b.wav,real"),
        *("gone.wav,spoof", "sub/c.flac,unknown", "sub/c.flac,real"),
    )
    manifest = read_manifest(path)
    assert found(manifest) == [("a.wav", "spoof"), ("sub/c.flac", "bonafide")]
    assert manifest.by_reason() == {
        "stands twice with different labels": ["sub/../sub/b.wav", "sub/b.wav"],
        "duplicate": ["./a.wav"],
        "no such file": ["gone.wav"],
        "unlabelled": ["sub/c.flac"],
    }


def test_rows_without_path_and_paths_of_windows(folder):
    manifest = read_manifest(write(folder, "m.csv", "path,label", ",spoof", "sub\\b.wav,spoof"))
    assert found(manifest) == [("sub\\b.wav", "spoof")]
    assert os.path.samefile(manifest.trials[0].source, folder / "sub" / "b.wav")
    assert manifest.by_reason() == {"names no recording": ["row 1"]}


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["path,label"], "no recordings"),
        (["name,label", "a.wav,spoof"], "--path-column .*it has name, label"),
        (["path,verdict", "a.wav,spoof"], "--label-column"),
        (["path,label", "x.wav,spoof", "y.wav,real"], "none of its 2 recordings is there, such as x.wav"),
        (["path,label", "a.wav,", "sub/b.wav,unknown"], "not one of its 2 rows has a label"),
        (["path,label", "a.wav,1"], "--label-map 1=spoof,0=bonafide"),
        (["path,label", "a.wav,vocoded"], "'vocoded' is neither bonafide nor spoof"),
        (["path,label", "a.wav,real", "a.wav,fake"], "none of its 2 rows"),
    ],
)
def test_one_line_for_what_cannot_be_read(folder, lines, says):
    with pytest.raises(UsageError, match=says) as raised:
        read_manifest(write(folder, "m.csv", *lines))
    assert str(raised.value).startswith(str(folder / "m.csv"))
    assert "\n" not in str(raised.value)


def test_an_unknown_column_is_named(folder):
    path = write(folder, "m.csv", "path,label", "a.wav,spoof")
    with pytest.raises(UsageError, match=r"has no column 'wav' \(--path-column\)"):
        read_manifest(path, path_column="wav")


def test_the_official_subset_survives_writing(folder):
    path = write(folder, "m.csv", "path,label,subset", "a.wav,spoof,eval", "sub/b.wav,real,hidden")
    assert read_manifest(path).default_subset == "eval"
    path = write(folder, "m.csv", "path,label,subset", "a.wav,spoof,eval", "sub/b.wav,real,mine")
    assert read_manifest(path).default_subset == ""


def test_written_elsewhere_paths_are_absolute(folder, tmp_path_factory):
    manifest = read_manifest(write(folder, "m.csv", "path,label,x", "a.wav,spoof,1", "sub/b.wav,real,"))
    near, far = folder / "out.csv", tmp_path_factory.mktemp("far") / "new" / "m.csv"
    for path, first in ((near, "a.wav"), (far, str(folder / "a.wav"))):
        write_manifest(manifest, path)
        assert path.read_text().splitlines()[:2] == ["path,label,x", f"{first},spoof,1"]
        again = read_manifest(path)
        assert [os.path.abspath(t.source) for t in again.trials] == [os.path.abspath(t.source) for t in manifest.trials]
    below = folder / "sub" / "m.csv"
    write_manifest(manifest, below)
    assert below.read_text().splitlines()[1:] == [f"{folder}/a.wav,spoof,1", "b.wav,bonafide,"]
    assert not list(folder.rglob("*.part"))


def test_a_place_that_cannot_be_written_is_one_line(folder):
    manifest = read_manifest(write(folder, "m.csv", "path,label", "a.wav,spoof"))
    with pytest.raises(TruevoiceError, match=r"cannot be written .*-o names another place"):
        write_manifest(manifest, folder / "a.wav" / "m.csv")


# Any file name that a disk allows and that does not end in a blank (cells are stripped), and any stripped cell.
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20).filter(
    lambda name: name == name.rstrip() and name not in (".", "..") and len(name.encode()) < 200
)
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12).map(str.strip)


@given(st.dictionaries(NAMES, st.tuples(st.sampled_from(["bonafide", "spoof"]), CELLS, CELLS), min_size=1, max_size=6))
def test_what_is_written_reads_back(rows):
    with TemporaryDirectory() as place:
        folder = Path(place)
        for name in rows:
            (folder / name).write_bytes(b"x")
        trials = [
            Trial(name, str(folder / name), label, {"attack": attack, "mood": mood})
            for name, (label, attack, mood) in rows.items()
        ]
        columns = ["attack", "mood"]
        path = folder / "the manifest.csv"
        write_manifest(Manifest("any", folder, trials, columns=columns), path)
        again = read_manifest(path)
        assert [(t.source, t.label, dict(t.meta)) for t in again.trials] == [
            (t.source, t.label, dict(t.meta)) for t in trials
        ]
        assert (again.columns, again.left_out) == (columns, [])


def test_a_table_without_names_of_columns_is_told_so(folder):
    path = write(folder, "bare.csv", "a.wav,bonafide", "sub/b.wav,spoof")
    with pytest.raises(UsageError, match=r"first line \(a.wav, bonafide\) is a recording already.*path,label"):
        read_manifest(path)
