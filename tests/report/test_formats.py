"""Every output format from results known by hand, with names that try to break out."""

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from truevoice.detectors.calibration import Calibration
from truevoice.detectors.result import Result, Segment
from truevoice.errors import MissingExtraError, UsageError
from truevoice.files import replace_file
from truevoice.report.formats import FORMATS
from truevoice.report.writing import encode, parse_formats, write
from truevoice.scoring.run import Run
from truevoice.windows import WindowPolicy

NASTY = '<script>alert("x")</script>, "a"\n\u202eü.wav'
SEGMENTS = (Segment(0.0, 2.0, 3.0), Segment(1.0, 3.0, -1.0), Segment(2.0, 4.0, -3.0))
RESULTS = [
    Result("a/clip.wav", "spoof", -1 / 3, 0.58, "spoof", segments=SEGMENTS, duration=4.0, model="level", checksum="0f"),
    Result("a/clip.mp3", "", 2.5, 0.1, "bonafide", segments=SEGMENTS[:1], duration=2.0, model="level", checksum="0f"),
    Result(NASTY, error="is <b>empty</b>", model="level", checksum="0f"),
    Result("../../escape.wav", "", 0.0, 0.5, "abstain", reason="silent", segments=SEGMENTS[:1], duration=2.0),
]


@pytest.fixture(params=[True, False], ids=["calibrated", "uncalibrated"])
def run(request):
    calibration = Calibration(1.0, 0.0, 0.0) if request.param else None
    made = Run("level", "0f" * 32, "onnx/cpu", WindowPolicy("overlap", 32000, 16000), calibration)
    made.count(RESULTS)
    return made


@pytest.fixture
def calibrated():
    made = Run("level", "0f" * 32, "onnx/cpu", WindowPolicy("overlap", 32000, 16000), Calibration(1.0, 0.0, 0.0))
    made.count(RESULTS)
    return made


def text(name, run, results=RESULTS):
    return b"".join(encode(results, run, FORMATS[name])).decode()


def test_csv_rows_come_back(run):
    rows = list(csv.DictReader(io.StringIO(text("csv", run))))
    assert [row["trial"] for row in rows] == [r.trial for r in RESULTS]
    assert list(rows[0])[:5] == ["trial", "label", "score", "p_spoof", "verdict"]
    assert float(rows[0]["score"]) == -1 / 3  # every digit
    assert rows[0]["label"] == "spoof"
    assert (rows[0]["worst_start"], rows[0]["worst_end"]) == ("2.0", "4.0")
    assert (rows[2]["score"], rows[2]["p_spoof"], rows[2]["error"]) == ("", "", "is <b>empty</b>")


def test_csv_survives_carriage_returns(calibrated):
    odd = [Result("cr\rx.wav", error="a\rb"), Result("plain.wav", score=1.0)]
    rows = list(csv.DictReader(io.StringIO(text("csv", calibrated, odd), newline="")))
    assert [row["trial"] for row in rows] == ["cr\rx.wav", "plain.wav"]


def test_json_and_json_lines_come_back(run):
    document = json.loads(text("json", run))
    lines = [json.loads(line) for line in text("jsonl", run).splitlines()]
    assert [Result.from_dict(raw) for raw in document["results"]] == RESULTS
    assert [Result.from_dict(raw) for raw in lines] == RESULTS
    assert document["run"]["total"] == 4
    assert document["run"]["failed"] == 1
    assert document["run"]["windows"]["window"] == 32000
    assert json.loads(text("json", run, [])) == {"run": document["run"], "results": []}


def test_parquet_comes_back(run):
    from pyarrow import parquet

    table = parquet.read_table(io.BytesIO(b"".join(encode(RESULTS, run, FORMATS["parquet"]))))
    rows = table.to_pylist()
    assert [row["trial"] for row in rows] == [r.trial for r in RESULTS]
    assert rows[0]["segments"][1] == {"start": 1.0, "end": 3.0, "score": -1.0}
    assert rows[2]["score"] is None


def test_parquet_without_its_extra_says_so_before_any_scoring(monkeypatch):
    monkeypatch.setattr("truevoice.report.writing.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'truevoice\[parquet\]'"):
        parse_formats("csv,parquet")


def test_names_that_are_no_utf8_leave_every_file_readable(calibrated):
    odd = [Result("bad\udcff.wav", score=1.0, p_spoof=0.5, verdict="spoof", segments=SEGMENTS, duration=4.0)]
    for form in FORMATS.values():
        if form.render:
            b"".join(encode(odd, calibrated, form)).decode("utf-8")
    assert Result.from_dict(json.loads(text("jsonl", calibrated, odd))) == odd[0]
    assert "bad\\udcff.wav" in text("csv", calibrated, odd)


def test_label_files_of_like_names_do_not_overwrite_each_other(calibrated, tmp_path):
    likes = [Result(name, score=0.0, segments=SEGMENTS) for name in ("/x/a.wav", "x/a.wav", "../x/a.wav", "x/a.mp3")]
    write(lambda: likes, calibrated, tmp_path, parse_formats("srt"))
    assert len(list((tmp_path / "srt").rglob("*.srt"))) == 4


def test_label_files_fit_any_name(calibrated, tmp_path):
    (tmp_path / "srt" / "b.srt").mkdir(parents=True)
    odd = [Result(name, score=0.0, segments=SEGMENTS) for name in ("a" * 251 + ".wav", "ü" * 125 + ".wav", "b.wav")]
    write(lambda: odd, calibrated, tmp_path, parse_formats("srt"))
    made = [path.name for path in (tmp_path / "srt").iterdir() if path.is_file()]
    assert len(made) == 3
    assert all(len(name.encode()) <= 255 for name in made)


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    def pieces():
        yield b"half"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        replace_file(tmp_path / "scores.csv", pieces())
    assert list(tmp_path.iterdir()) == []


def test_audacity_labels(calibrated):
    lines = text("audacity", calibrated, RESULTS[:1]).splitlines()
    # 0-1 s scores 3, 1-2 s (3 - 1) / 2 = 1: bona fide; 2-3 s (-1 - 3) / 2 = -2, 3-4 s -3: spoof
    assert lines == [
        "0.000000\t2.000000\tbonafide-like, score 2.00",
        "2.000000\t4.000000\tspoof-like, score -2.50",
    ]


def test_subtitles(calibrated):
    assert text("srt", calibrated, RESULTS[:1]).splitlines()[:3] == [
        "1",
        "00:00:00,000 --> 00:00:02,000",
        "bonafide-like, score 2.00",
    ]
    from truevoice.report.formats.srt import clock

    assert clock(3 * 3600 + 25 * 60 + 45.6789) == "03:25:45,679"


def test_rttm(calibrated):
    lines = text("rttm", calibrated).splitlines()
    assert lines[0] == "SPEAKER a/clip.wav 1 0.000 2.000 <NA> <NA> bonafide 0.1192 <NA>"
    assert all(len(line.split()) == 10 for line in lines)


def test_without_calibration_labels_carry_scores():
    run = Run("level", "0f", "onnx/cpu", WindowPolicy("overlap", 32000, 16000), None)
    assert text("audacity", run, RESULTS[:1]).splitlines()[0] == "0.000000\t1.000000\tscore 3.00"
    assert text("rttm", run).startswith(";; level has no calibration")


def test_the_page_is_self_contained_and_escapes_everything(run):
    page = text("html", run)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<b>empty" not in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)

    class Checker(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open, self.rects, self.rows = [], 0, 0

        def handle_starttag(self, tag, attrs):
            if tag not in {"meta", "br"}:
                self.open.append(tag)
            self.rects += tag == "rect"
            self.rows += tag == "tr"

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert checker.rows == 1 + len(RESULTS)
    assert checker.rects == 4 + 1 + 1


def test_the_page_spells_out_marks_that_turn_a_name_round(run):
    page = text("html", run, [replace(RESULTS[0], trial="voice\u202e3pm.exe")])
    assert "\u202e" not in page
    assert "voice\\u202e3pm.exe" in page


def test_a_long_recording_keeps_its_worst_moment_on_the_strip(calibrated):
    from truevoice.report.formats.html import colour, strip

    segments = tuple(Segment(i, i + 1, 5.0) for i in range(10_000))
    segments = (*segments[:7777], Segment(7777, 7778, -5.0), *segments[7778:])
    marks = strip(Result("x", segments=segments), calibrated)
    assert len(marks) <= 400
    assert sum(mark["fill"] == colour(calibrated.calibration.p_spoof(-5.0)) for mark in marks) == 1


def test_files_are_written_whole_and_inside_the_folder(calibrated, tmp_path):
    out = tmp_path / "deep" / "out"
    made = write(lambda: RESULTS, calibrated, out, parse_formats("csv,json,jsonl,parquet,audacity,srt,rttm,html"))
    assert all(path.exists() for path in made)
    files = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert {"scores.csv", "scores.json", "scores.jsonl", "scores.parquet", "scores.rttm", "scores.html"} <= files
    assert {"srt/a/clip.srt", "srt/a/clip.mp3.srt", "srt/escape.srt", "audacity/escape.txt"} <= files
    assert not list(tmp_path.rglob("*.part"))
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]


def test_unknown_formats():
    with pytest.raises(UsageError, match="'xml' is not known"):
        parse_formats("csv,xml")
    assert [form.name for form in parse_formats("CSV, json,csv")] == ["csv", "json"]
