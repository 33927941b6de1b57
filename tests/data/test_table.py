"""Tables as people keep them: any delimiter, any ends of line, JSON lines, Parquet; one line for what is none."""

import json
import time

import pytest

from truevoice.data.table import read_table
from truevoice.errors import UsageError

COLUMNS = ["path", "label", "note"]
ROWS = [["a/1.wav", "spoof", "one; two, three | four"], ["b 2.wav", "bonafide", ""], ["ü.wav", "spoof", 'say "so"']]


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def expected():
    return [dict(zip(COLUMNS, row)) for row in ROWS]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_every_dialect(tmp_path, delimiter, end, bom):
    lines = [delimiter.join(COLUMNS), "", *(delimiter.join(map(quoted, row)) for row in ROWS), ""]
    path = tmp_path / "t.dat"
    path.write_bytes((bom + end + end.join(lines) + end).encode())
    table = read_table(path)
    assert (table.columns, table.rows) == (COLUMNS, expected())


def test_blanks_around_cells_and_short_rows(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(' path , label,note\n a.wav , spoof\n , ,\n"b.wav", "bonafide" , x\n')
    assert read_table(path).rows == [
        {"path": "a.wav", "label": "spoof", "note": ""},
        {"path": "b.wav", "label": "bonafide", "note": "x"},
    ]


def test_columns_are_found_by_folded_name(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("File Name,Ground-Truth\nx,y\n")
    table = read_table(path)
    assert table.column("path", "filename") == "File Name"
    assert table.column("ground_truth") == "Ground-Truth"
    assert table.column("label") is None


@pytest.mark.parametrize("line", ["sep=;\n", '"sep=;"\r\n'])
def test_the_first_line_of_excel_names_no_column(tmp_path, line):
    path = tmp_path / "table.csv"
    path.write_bytes(f"\ufeff{line}path;label\na.wav;spoof\n".encode())
    assert read_table(path).rows == [{"path": "a.wav", "label": "spoof"}]


def test_trailing_delimiters_and_unnamed_columns(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("path,label,\na.wav,spoof,\nb.wav,bonafide,\n")
    assert read_table(path).columns == ["path", "label"]
    # As FakeAVCeleb's list: nine names and a trailing comma, ten cells a row.
    path.write_text("source,type,path,\nid1,RealVideo-RealAudio,1.mp4,FakeAVCeleb/x/id1\n")
    assert read_table(path).rows[0]["column_4"] == "FakeAVCeleb/x/id1"


def test_json_lines_and_arrays(tmp_path):
    records = [{"path": "a.wav", "label": "spoof", "rate": 16000}, {"path": "b.wav", "label": None, "more": {"x": [1]}}]
    rows = [
        {"path": "a.wav", "label": "spoof", "rate": "16000", "more": ""},
        {"path": "b.wav", "label": "", "rate": "", "more": '{"x": [1]}'},
    ]
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(map(json.dumps, records)) + "\n\n", encoding="utf-8-sig")
    assert read_table(path).rows == rows
    path.write_text(json.dumps(records, indent=1))
    assert read_table(path).rows == rows


def test_parquet(tmp_path):
    import pyarrow
    from pyarrow import parquet

    path = tmp_path / "t.parquet"
    columns = {"path": ["a.wav", "b.wav"], "label": [1, 0], "audio": [{"bytes": b"x"}, {"bytes": b"y"}]}
    parquet.write_table(pyarrow.table(columns), path)
    assert read_table(path).rows == [{"path": "a.wav", "label": "1"}, {"path": "b.wav", "label": "0"}]
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(UsageError, match=r"t\.parquet: is damaged Parquet"):
        read_table(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "is empty"),
        ("path,label\n".encode("utf-16"), "UTF-16; save it as UTF-8"),
        ("path,label\nü.wav,spoof\n".encode("latin-1"), "not in UTF-8"),
        (b"RIFF\0\0\0\0WAVE", "is not text"),
        (b"path,label\na.wav,spoof\na.wav,spoof,tts,x\n", "line 3 has 4 cells, but the first line names 2"),
        (b"path,label,label\na,b,c\n", "two columns are called 'label'"),
        (b'{"path": "a.wav"}\n{"path": \n', "line 2 is not a JSON object"),
        (b"[1, 2]", "JSON that is not an object"),
    ],
)
def test_what_is_no_table_is_one_line(tmp_path, content, says):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=says) as raised:
        read_table(path)
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)


def test_missing_files_and_folders(tmp_path):
    for path, says in ((tmp_path / "gone.csv", "no such file"), (tmp_path, "cannot be read")):
        with pytest.raises(UsageError, match=says):
            read_table(path)


def test_two_hundred_thousand_rows_in_seconds(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("path,label,speaker\n" + "".join(f"d/{n}.wav,spoof,s{n % 50}\n" for n in range(200_000)))
    start = time.perf_counter()
    assert len(read_table(path).rows) == 200_000
    assert time.perf_counter() - start < 10
