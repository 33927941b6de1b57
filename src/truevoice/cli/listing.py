"""Listings on the command line: a table on screen, or the same facts as JSON or CSV, on screen or in a folder."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from truevoice.errors import TruevoiceError, UsageError
from truevoice.files import replace_file

LISTING_FORMATS = ("json", "csv")


def render(rows: Sequence[dict[str, Any]], form: str) -> str:
    """Rows of plain values as "json" or "csv"; in CSV what is nested becomes JSON in its cell. Raises UsageError."""
    if form == "json":
        return json.dumps(list(rows), indent=1, ensure_ascii=False) + "\n"
    if form != "csv":
        raise UsageError(f"format {form!r} is not known here: choose {' or '.join(LISTING_FORMATS)}")
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _flat(value) for key, value in row.items()})
    return buffer.getvalue()


def deliver(rows: Sequence[dict[str, Any]], name: str, out: Path | None, formats: str | None) -> bool:
    """Writes `out/NAME.json` and so on, or one format to standard output. False where neither was asked."""
    chosen = [form.strip() for form in (formats or ("json,csv" if out else "")).split(",") if form.strip()]
    if not chosen:
        return False
    if out is None:
        if len(chosen) > 1:
            raise UsageError("several formats need a folder to go to: add -o DIR")
        sys.stdout.write(render(rows, chosen[0]))
        return True
    for form in chosen:
        text = render(rows, form).encode()
        try:
            out.mkdir(parents=True, exist_ok=True)
            replace_file(out / f"{name}.{form}", [text])
        except OSError as error:
            raise TruevoiceError(f"{out}: cannot be written ({error.strerror})") from None
        print(f"wrote {out / name}.{form}")
    return True


def _flat(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | tuple) else value
