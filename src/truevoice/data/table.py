"""Tables of text as people keep them: CSV with any common delimiter, JSON lines, Parquet. One reader for all.

Cells are text: what a number or a label means is for the caller to say.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import Any

from truevoice.errors import MissingExtraError, UsageError, one_line

TABLE_EXTENSIONS = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet"})
DELIMITERS = "\t;|,"  # where two are equally frequent in the header, the rarer kind of delimiter is meant
QUOTED = re.compile(r'"[^"]*"')
_SEPARATOR_LINE = re.compile(r'\A"?sep=[\t;|,]"?\r?\n')  # Excel's own first line; the delimiter is found without it


@dataclass(frozen=True)
class Table:
    """`columns`: names as in the file, in its order. `rows`: one dictionary a row with a cell for every column, ""
    where it is empty. Blank rows are left out."""

    path: Path
    columns: list[str]
    rows: list[dict[str, str]]

    def column(self, *names: str) -> str | None:
        """The first column that is called by one of these names, earlier names first; case, blanks, - and _ are
        alike."""
        known = {_folded(column): column for column in reversed(self.columns)}
        return next((known[name] for name in map(_folded, names) if name in known), None)


def read_table(path: Path) -> Table:
    """Reads a whole table: delimited by comma, semicolon, tab or pipe (found in its first line), JSON lines, a JSON
    array of objects, or Parquet. The content decides, not the extension.

    Raises UsageError, one line, where it is none, and MissingExtraError for Parquet without pyarrow.
    """
    path = Path(path)
    content = content_of(path)
    if content.startswith(b"PAR1"):
        return _from_records(path, _parquet_records(path, content))
    text = decode(path, content)
    if text.startswith(("{", "[")):
        return _from_records(path, _json_records(path, text))
    return _from_delimited(path, text)


def decode(path: Path, content: bytes | None = None) -> str:
    """The text of a file in UTF-8, without a byte order mark and blank lines at its start.

    Raises UsageError where it is in UTF-16, in another encoding, no text at all, or empty.
    """
    content = content_of(path) if content is None else content
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"{path}: is in UTF-16; save it as UTF-8")
    if b"\0" in content[:65536]:
        raise UsageError(f"{path}: is not text, so not a table that can be read")
    try:
        text = _SEPARATOR_LINE.sub("", content.decode("utf-8-sig")).lstrip("\r\n")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not in UTF-8; save it as UTF-8") from None
    if not text.strip():
        raise UsageError(f"{path}: is empty")
    return text


def delimiter_of(line: str) -> str:
    """The delimiter of a table whose first line this is; "" where it holds none of those known."""
    bare = QUOTED.sub("", line)
    best = max(DELIMITERS, key=bare.count)
    return best if best in bare else ""


def split_rows(path: Path, text: str, delimiter: str) -> Iterable[tuple[int, list[str]]]:
    """(line number, stripped cells) of every row that is not blank. Raises UsageError where quotes do not match."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            if any(cells := [cell.strip() for cell in row]):
                yield reader.line_num, cells
    except csv.Error as error:
        reason = one_line(error)
        raise UsageError(f"{path}: is not a table that can be read (line {reader.line_num}: {reason})") from None


def content_of(path: Path) -> bytes:
    """The bytes of a file. Raises UsageError, one line, where it is missing or cannot be read."""
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None


def _from_delimited(path: Path, text: str) -> Table:
    delimiter = delimiter_of(re.split(r"[\r\n]", text, maxsplit=1)[0]) or ","
    rows = iter(split_rows(path, text, delimiter))
    columns = _named(path, next(rows)[1])
    width = len(columns)
    padding = [""] * width
    found: list[dict[str, str]] = []
    for line, cells in rows:
        if len(cells) > width:
            if any(cells[width:]):
                raise UsageError(f"{path}: line {line} has {len(cells)} cells, but the first line names {width}")
        elif len(cells) < width:
            cells += padding[len(cells) :]
        found.append(dict(zip(columns, map(intern, cells))))  # most cells repeat: one copy of each is kept
    return _without_empty_unnamed(Table(path, columns, found))


def _named(path: Path, header: Sequence[str]) -> list[str]:
    """Column names; those without one are called by their number, as the last of FakeAVCeleb's list."""
    columns = [name or f"column_{number}" for number, name in enumerate(header, 1)]
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{path}: two columns are called {twice!r}; rename one")
    return columns


def _without_empty_unnamed(table: Table) -> Table:
    """A delimiter at the end of every line makes a column without name and content: it is none."""
    last = table.columns[-1]
    if last != f"column_{len(table.columns)}" or any(row[last] for row in table.rows):
        return table
    for row in table.rows:
        del row[last]
    return Table(table.path, table.columns[:-1], table.rows)


def _json_records(path: Path, text: str) -> list[dict[str, Any]]:
    if text.startswith("["):
        try:
            records = json.loads(text)
        except ValueError as error:
            raise UsageError(f"{path}: is not JSON ({one_line(error)})") from None
    else:
        records = []
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                try:
                    records.append(json.loads(line))
                except ValueError:
                    raise UsageError(f"{path}: line {number} is not a JSON object; one object a line is read") from None
    if any(not isinstance(record, dict) for record in records):
        raise UsageError(f"{path}: holds JSON that is not an object; one object a line is read")
    return records


def _parquet_records(path: Path, content: bytes) -> list[dict[str, Any]]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError(f"{path}: reading Parquet", "parquet") from None
    try:
        file = parquet.ParquetFile(pyarrow.BufferReader(content))
        schema = file.schema_arrow
        plain = [field.name for field in schema if "binary" not in str(field.type)]  # sound inside a table is no cell
        return file.read(columns=plain).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise UsageError(f"{path}: is damaged Parquet ({one_line(error, 120)})") from None


def _from_records(path: Path, records: list[dict[str, Any]]) -> Table:
    columns: dict[str, str] = {}
    for record in records:
        for key in record:
            if key not in columns:
                columns[key] = str(key).strip()
    _named(path, list(columns.values()))
    if not columns:
        raise UsageError(f"{path}: is empty")
    rows = [{name: intern(_cell(record.get(key))) for key, name in columns.items()} for record in records]
    return Table(path, list(columns.values()), [row for row in rows if any(row.values())])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False, default=str)


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]", "", name.lower())
