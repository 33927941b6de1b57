"""CSV: one row a trial, what spreadsheets and `truevoice evaluate --scores` read. Windows stand in JSON only."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from truevoice.detectors.result import Result
from truevoice.report.format import Format
from truevoice.scoring.run import Run


def row(result: Result) -> dict[str, Any]:
    """One result as flat columns; what is unknown is None."""
    worst = result.worst(1)
    return {
        "trial": result.trial,
        "label": result.label,
        "score": result.score,
        "p_spoof": result.p_spoof,
        "verdict": result.verdict,
        "reason": result.reason,
        "error": result.error,
        "warning": result.warning,
        "worst_start": worst[0].start if worst else None,
        "worst_end": worst[0].end if worst else None,
        "worst_score": worst[0].score if worst else None,
        "windows": len(result.segments),
        "duration": result.duration,
        "model": result.model,
        "checksum": result.checksum,
        "policy": policy_spec(result.windows),
        "prior_spoof": result.prior_spoof,
        "threshold": result.threshold,
    }


def policy_spec(windows: dict[str, Any]) -> str:
    """A recorded window policy in one word, as `WindowPolicy.spec` gives it; "" where none is recorded."""
    return "{kind}:{window}:{hop}:{pooling}".format(**windows) if windows else ""


def render(results: Iterable[Result], run: Run | None = None) -> Iterator[str]:
    """The table in pieces; nothing of the run stands in it but what every result carries."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    # Python leaves a lone carriage return unquoted, and then reads it as the end of a row.
    careful = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(row(Result("")).keys())
    for result in results:
        cells = row(result).values()
        written = buffer.tell()
        writer.writerow(cells)
        if "\r" in buffer.getvalue():
            buffer.seek(written)
            buffer.truncate()
            careful.writerow(cells)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


FORMAT = Format("csv", ".csv", render)
