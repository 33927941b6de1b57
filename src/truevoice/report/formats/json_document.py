"""JSON: one document with the run and all results, windows included."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from truevoice.detectors.result import Result
from truevoice.report.format import Format
from truevoice.scoring.run import Run


def render(results: Iterable[Result], run: Run) -> Iterator[str]:
    yield '{"run": ' + json.dumps(run.to_dict(), ensure_ascii=False) + ',\n "results": ['
    separator = "\n  "
    for result in results:
        yield separator + json.dumps(result.to_dict(), ensure_ascii=False)
        separator = ",\n  "
    yield "\n ]}\n"


FORMAT = Format("json", ".json", render)
