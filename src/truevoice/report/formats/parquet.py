"""Parquet: the columns of CSV plus the windows as a list column. Needs the extra `parquet` (pyarrow)."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from truevoice.detectors.result import Result
from truevoice.report.format import Format
from truevoice.report.formats.csv_rows import row
from truevoice.scoring.run import Run


def binary(results: Iterable[Result], run: Run) -> bytes:
    """The whole table as the bytes of one file."""
    import pyarrow
    from pyarrow import parquet

    text, number = pyarrow.string(), pyarrow.float64()
    segment = pyarrow.struct([("start", number), ("end", number), ("score", number)])
    kinds = dict.fromkeys(
        ("score", "p_spoof", "worst_start", "worst_end", "worst_score", "duration", "prior_spoof", "threshold"), number
    )
    kinds["windows"] = pyarrow.int64()
    rows = []
    for result in results:
        segments = [{"start": s.start, "end": s.end, "score": s.score} for s in result.segments]
        flat = {key: _readable(value) for key, value in row(result).items()}
        rows.append({**flat, "segments": segments})
    columns = [*rows[0]] if rows else []
    schema = pyarrow.schema(
        [(name, pyarrow.list_(segment) if name == "segments" else kinds.get(name, text)) for name in columns]
    )
    sink = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), sink)
    return sink.getvalue()


def _readable(value: Any) -> Any:
    """Parquet holds UTF-8 only: what is none is escaped."""
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


FORMAT = Format("parquet", ".parquet", binary=binary, needs="pyarrow")
