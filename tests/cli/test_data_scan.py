"""`truevoice data scan` as a user runs it."""

import csv
import json
import os

import pytest

from trees import plant, write
from truevoice.cli.__main__ import main
from truevoice.data.readers import open_set


@pytest.fixture
def cli(capsys, monkeypatch):
    """Runs the command line; gives its status, standard output and standard error."""
    monkeypatch.setenv("COLUMNS", "120")

    def run(*words):
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        shown = capsys.readouterr()
        return left.value.code or 0, shown.out, shown.err

    return run


@pytest.fixture
def wild(tmp_path, monkeypatch):
    root = plant(tmp_path / "itw", "0.wav", "4.wav", "7.wav")
    write(
        root, "meta.csv", "file,speaker,label", "0.wav,Alec Guinness,spoof", "4.wav,Ayn Rand,bona-fide", "9.wav,X,spoof"
    )
    monkeypatch.chdir(tmp_path)
    return root


GOLDEN = """\
In-the-Wild in itw
2 labelled recordings: 1 bona fide, 1 spoof

                        bona fide  spoof
speaker   Alec Guinness         –      1
          Ayn Rand              1      –
format    wav pcm_16            1      1
rate      16,000 Hz             1      1
channels  1                     1      1
length    in all           0.10 s  0.10 s
          shortest         0.10 s  0.10 s
          median           0.10 s  0.10 s
          longest          0.10 s  0.10 s
other files, by extension: 1 .csv

left out 1 unlabelled: 7.wav
left out 1 no such file: 9

wrote itw/manifest.csv: 2 recordings
"""


def test_what_it_prints(cli, wild):
    status, out, err = cli("data", "scan", "itw")
    assert (status, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [line.split() for line in GOLDEN.splitlines()]
    assert all(line == line.rstrip() for line in out.splitlines() if not line.startswith(" "))


def test_the_manifest_is_written_once_and_then_read(cli, wild):
    cli("data", "scan", "itw")
    with open("itw/manifest.csv") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"path": "0.wav", "label": "spoof", "speaker": "Alec Guinness"},
        {"path": "4.wav", "label": "bonafide", "speaker": "Ayn Rand"},
    ]
    before = os.stat("itw/manifest.csv").st_mtime_ns
    status, out, _ = cli("data", "scan", "itw")
    assert status == 0
    assert "the folder's manifest.csv in itw" in out
    assert "no manifest was written" in out
    assert os.stat("itw/manifest.csv").st_mtime_ns == before


def test_out_is_a_file_or_a_folder(cli, wild):
    for out, place in (("new/set.csv", "new/set.csv"), ("folder", "folder/manifest.csv")):
        status, _, err = cli("data", "scan", "itw", "-o", out)
        assert (status, err) == (0, "")
        assert open_set(place).trials[0].source == str(wild / "0.wav")
    assert not os.path.exists("itw/manifest.csv")
    cli("data", "scan", "itw")
    assert "is what is read" in cli("data", "scan", "itw", "-o", "itw")[2]
    assert "is what is read" in cli("data", "scan", "folder/manifest.csv", "-o", "folder")[2]


def test_a_table_with_its_own_columns(cli, wild):
    write(wild, "t.tsv", "wav\ttarget\tmood", "0.wav\t1\tgay", "4.wav\t0\t")
    assert "--label-map 1=spoof,0=bonafide" in cli("data", "scan", "itw/t.tsv", "--label-column", "target")[2]
    words = ("itw/t.tsv", "--path-column", "wav", "--label-column", "target", "--label-map", "1=spoof,0=bonafide")
    status, out, _ = cli("data", "scan", *words, "-o", "m.csv")
    assert status == 0
    assert "further columns: mood" in out
    assert (wild.parent / "m.csv").read_text().splitlines() == [
        "path,label,mood",
        "itw/0.wav,spoof,gay",
        "itw/4.wav,bonafide,",
    ]
    cli("data", "scan", *words)
    assert not os.path.exists("itw/manifest.csv")  # a table's folder gets none


def test_json_lists_everything(cli, wild):
    (wild / "0.wav").write_bytes(b"")
    status, out, _ = cli("data", "scan", "itw", "--format", "json")
    assert status == 2
    found = json.loads(out)
    assert (found["kind"], found["empty"]) == ("In-the-Wild", ["0.wav"])
    assert found["left_out"] == {"unlabelled": ["7.wav"], "no such file": ["9"]}
    assert found["manifest"] == "itw/manifest.csv"


def test_quick_and_quiet(cli, wild):
    (wild / "0.wav").write_bytes(b"RIFF----WAVE")
    status, out, _ = cli("data", "scan", "itw", "--quick")
    assert status == 0
    assert "no header was read" in out
    status, out, err = cli("data", "scan", "itw", "-q")
    assert (status, out, err) == (2, "", "")
    status, out, _ = cli("data", "scan", "itw")
    assert "unreadable 1: 0.wav (is not audio" in out


def test_a_place_that_cannot_be_written(cli, wild):
    write(wild.parent, "file", "x")
    status, out, err = cli("data", "scan", "itw", "-o", "file/below")
    assert status == 1
    assert out.startswith("In-the-Wild in itw")
    assert err.count("\n") == 1
    assert "-o names another place" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["gone"], "no such file or folder"),
        (["itw", "--format", "csv"], "choose json"),
        (["itw", "--label-map", "1=spoof"], "mean nothing here"),
        (["itw/meta.csv", "--label-map", "spoof"], "is not WORD=CLASS"),
        (["itw/0.wav"], "is not text"),
    ],
)
def test_one_line_for_every_mistake(cli, wild, words, says):
    status, out, err = cli("data", "scan", *words)
    assert (status, out) == (1, "")
    assert says in err
    assert err.count("\n") == 1


def test_help(cli):
    out = cli("data", "scan", "--help")[1]
    for words in ("--label-map", "truevoice data scan for-norm/", "Exit status"):
        assert words in out
    assert "scan" in cli("data", "--help")[1]


def test_recordings_that_the_folders_manifest_does_not_name_are_told(cli, tmp_path):
    root = plant(tmp_path / "set", "real/a.wav", "fake/b.wav")
    cli("data", "scan", root)
    assert "not in its manifest" not in cli("data", "scan", root)[1]
    plant(root, "fake/new.wav")
    status, shown, _ = cli("data", "scan", root)
    assert status == 0
    assert "1 recording in the folder is not in its manifest" in shown
    assert "fake/new.wav" in shown


def test_long_names_do_not_fill_the_screen(cli, tmp_path):
    root = plant(tmp_path / "set", "real/a.wav", "fake/b.wav")
    write(root, "manifest.csv", "path,label,speaker", f"real/a.wav,real,{'s' * 5000}", f"{'x' * 5000}.wav,fake,s")
    assert len(cli("data", "scan", root)[1]) < 3000
