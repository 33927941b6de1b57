"""A comparison on the terminal: every set and figure of both, the change, and whether it is more than chance."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from truevoice.cli.evaluation_screen import STYLES
from truevoice.cli.screen import console, shown
from truevoice.comparison.comparison import Comparison
from truevoice.comparison.flips import GAINED, LOST
from truevoice.doctor.finding import Finding
from truevoice.report.comparison_page import finding_views, table_view, titles
from truevoice.report.text_safety import short

LONGEST = 36
MARKS = {"better": "bold green", "worse": "bold red", "unclear": "dim"}


def show_comparison(found: Comparison, further: Sequence[Finding] = ()) -> None:
    """All of it on standard output. further: findings besides those of the comparison."""
    out = console()
    views = finding_views(found, further)
    for view in views:
        if view["severity"] != "note":
            told = f"{view['message']} {view['remedy']}".rstrip()
            out.print(f"[{STYLES[view['severity']]}]{view['severity']}[/] {shown(told)}")
    names = titles(found)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("set", overflow="fold")
    table.add_column("figure", no_wrap=True)
    for name in (*names, "change", "p, corrected"):
        table.add_column(shown(short(name, LONGEST)), justify="right")
    table.add_column("")
    for part in table_view(found):
        for number, row in enumerate(part["rows"]):
            table.add_row(
                shown(short(part["name"], LONGEST)) if number == 0 else "",
                row["figure"],
                _with_interval(row["first"], row["first_ci"]),
                _with_interval(row["second"], row["second_ci"]),
                _with_interval(row["change"], row["ci"]),
                row["p"],
                f"[{MARKS[row['mark']]}]{row['word']}[/]",
            )
        table.add_section()
    out.print(table)
    for name, one in found.sets.items():
        count = {kind: sum(flip.kind == kind for flip in one.flips) for kind in (GAINED, LOST)}
        out.print(
            f"{shown(short(name, LONGEST))}: {one.n_bonafide:,} bona fide and {one.n_spoof:,} spoof trials; "
            f"{count[GAINED]:,} wrong with the first and right with the second, {count[LOST]:,} the other way round",
            style="dim",
        )
    for view in views:
        if view["severity"] == "note":
            out.print(shown(f"{view['message']} {view['remedy']}".rstrip()), style="dim")
    out.print(escape(found.method()), style="dim")
    for path in found.written:
        out.print(f"wrote {shown(str(path))}", style="dim")


def _with_interval(value: str, interval: str) -> str:
    return f"{value} [dim]({interval})[/]" if interval else value


def changes_csv(found: Comparison) -> str:
    """Rows of set, figure, both values with their intervals, change with its interval, p-values."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    sides = ("first", "first_low", "first_high", "second", "second_low", "second_high")
    writer.writerow(["set", "figure", *sides, "change", "low", "high", "p_value", "p_adjusted"])
    for name, one in found.sets.items():
        for figure in one.figures.values():
            row = [figure.first, *(figure.first_ci or ("", "")), figure.second, *(figure.second_ci or ("", ""))]
            row += [figure.change, *(figure.ci or ("", ""))]
            p_values = ["" if p is None else p for p in (figure.p_value, figure.p_adjusted)]
            writer.writerow([name, figure.name, *row, *p_values])
    return buffer.getvalue()
