"""Writes a study's table into docs/study.md, between the marks.

    python scripts/study_table.py runs/study

Every number comes from the study's own study.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "study.md"
MARKS = "<!-- study: scripts/study_table.py -->", "<!-- end of study -->"
FIGURES = (("eer", "EER", 100, " %", 1), ("auc", "AUC", 1, "", 3), ("accuracy", "accuracy", 100, " %", 1))


def row(name: str, figure: dict[str, Any], words: str, scale: float, unit: str, places: int) -> str:
    """One figure of one set."""

    def written(value: float, *, sign: bool = False) -> str:
        return f"{value * scale:{'+' if sign else ''}.{places}f}".replace("-", "−")

    def side(value: float, interval: list[float]) -> str:
        return f"{written(value)}{unit} ({written(interval[0])} to {written(interval[1])})"

    change = figure["ci"]
    low, high = (written(end, sign=True) for end in change)
    p_value = figure["p_adjusted"]
    return (
        f"| {name} | {words} | {side(figure['first'], figure['first_ci'])} | "
        f"{side(figure['second'], figure['second_ci'])} | "
        f"{written(figure['change'], sign=True)} ({low} to {high}) | "
        f"{'not tested' if p_value is None else f'{p_value:.3f}'} |"
    )


def table(study: dict[str, Any]) -> str:
    lines = ["| set | figure | before | after | change | p, corrected |", "| --- | --- | --- | --- | --- | --- |"]
    for name, one in study["sets"].items():
        label = f"{name} ({one['n_bonafide']} bona fide, {one['n_spoof']} spoof)"
        for number, (key, words, scale, unit, places) in enumerate(FIGURES):
            lines.append(row(label if number == 0 else "", one["figures"][key], words, scale, unit, places))
    return "\n".join([*lines, "", f"{study['method']}.", "", f"> {study['summary']['headline']}"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path)
    study = json.loads((parser.parse_args().study / "study.json").read_text(encoding="utf-8"))
    before, rest = PAGE.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    PAGE.write_text(f"{before}{MARKS[0]}\n\n{table(study)}\n\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
