"""Writes the best trials of a search into docs/tuning.md, between the marks.

    python scripts/search_table.py runs/grid

Every number comes from the search's own trials.csv.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "tuning.md"
MARKS = "<!-- search: scripts/search_table.py -->", "<!-- end of search -->"
SHOWN = 6
AXES = {
    "network.arguments.channels": "filters",
    "optimiser.lr": "learning rate",
    "schedule.batch_size": "batch",
    "schedule.epochs": "epochs",
}

CHOICE = {
    "network.arguments.channels": 1.0,
    "optimiser.lr": 1e-4,
    "schedule.batch_size": 32.0,
    "schedule.epochs": 10.0,
}


def table(rows: list[dict[str, str]]) -> str:
    """The best by validation, the report's own choice, and the last; what was held out stands beside."""
    done = sorted((row for row in rows if row["state"] == "complete"), key=lambda row: float(row["eer"]))
    own = next((row for row in done if all(float(row[axis]) == value for axis, value in CHOICE.items())), None)
    shown = list(enumerate(done, 1))[:SHOWN]
    if own and done.index(own) >= SHOWN:
        shown.append((done.index(own) + 1, own))
    if len(done) > SHOWN and shown[-1][0] < len(done):
        shown.append((len(done), done[-1]))
    lines = [
        f"| place of {len(done)} | {' | '.join(AXES.values())} | validation EER | held-out EER | held-out AUC |",
        "| --- | " + "--- | " * (len(AXES) + 3),
    ]
    for place, row in shown:
        values = " | ".join(f"{float(row[axis]):g}" for axis in AXES)
        lines.append(
            f"| {place}{' (the choice of the report)' if row is own else ''} | {values} | {float(row['eer']):.1%} | "
            f"{float(row['held-out eer']):.1%} | {float(row['held-out auc']):.3f} |"
        )
    return "\n".join(line.rstrip() for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("search", type=Path)
    with (parser.parse_args().search / "trials.csv").open(newline="", encoding="utf-8") as file:
        found = table(list(csv.DictReader(file)))
    before, rest = PAGE.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    PAGE.write_text(f"{before}{MARKS[0]}\n\n{found}\n\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
