"""What an evaluation leaves on disk: report.html, metrics.json, scores.csv. Each appears whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import truevoice
from truevoice.detectors.result import Result
from truevoice.errors import TruevoiceError
from truevoice.evaluation.evaluation import Evaluation
from truevoice.files import replace_file
from truevoice.report.evaluation_page import render_evaluation
from truevoice.report.formats import csv_rows


def metrics_document(evaluation: Evaluation) -> dict[str, Any]:
    """metrics.json: figures at the top level, rates as fractions, and all that they hold for."""
    return {**evaluation.to_dict(), "truevoice": truevoice.__version__}


def write_evaluation(
    evaluation: Evaluation, results: Iterable[Result], folder: Path, *, players: bool = True
) -> list[Path]:
    """Writes the three files, gives their paths. `results`: the rows of scores.csv, those without a score too.

    Raises TruevoiceError where the disk refuses.
    """
    document = json.dumps(metrics_document(evaluation), indent=1, ensure_ascii=False) + "\n"
    pieces = {
        "scores.csv": csv_rows.render(results),
        "metrics.json": [document],
        "report.html": [render_evaluation(evaluation, players=players)],
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, texts in pieces.items():
            replace_file(folder / name, (text.encode(errors="backslashreplace") for text in texts))
    except OSError as error:
        raise TruevoiceError(f"{error.filename or folder}: cannot be written ({error.strerror})") from None
    return [folder / name for name in reversed(pieces)]
