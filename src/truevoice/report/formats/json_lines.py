"""JSON Lines: one result a line, windows included; what pipes and data tools read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from truevoice.detectors.result import Result
from truevoice.report.format import Format
from truevoice.scoring.run import Run


def render(results: Iterable[Result], run: Run) -> Iterator[str]:
    for result in results:
        yield json.dumps(result.to_dict(), ensure_ascii=False) + "\n"


FORMAT = Format("jsonl", ".jsonl", render)
