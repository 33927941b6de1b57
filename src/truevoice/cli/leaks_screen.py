"""A leak report on the terminal: the sets, the strength of each cue in each of them, and what was found."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from truevoice.cli.screen import STYLES, console, shown
from truevoice.commands.leaks import Leaks
from truevoice.data.trial import BONAFIDE, SPOOF
from truevoice.leaks.cues import MANIFEST
from truevoice.leaks.measure import Progress
from truevoice.leaks.strength import Strength
from truevoice.report.text_safety import short

LONGEST_VALUE = 30
FINDING_STYLES = {"error": "bold red", "warning": "bold yellow", "note": "dim"}


@contextmanager
def leaks_progress(quiet: bool) -> Iterator[Progress | None]:
    """A bar over recordings decoded, on standard error; none where that is no terminal or quiet is asked."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("looking for leaks"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("looking for leaks", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def leaks_screen(found: Leaks) -> None:
    """Prints a leak report."""
    out, report = console(), found.report
    for name, counts in report.sets.items():
        told = f"[{STYLES[BONAFIDE]}]{counts[BONAFIDE]:,} bona fide[/], [{STYLES[SPOOF]}]{counts[SPOOF]:,} spoof[/]"
        out.print(f"[bold]{shown(name)}[/bold]: {told}")
    for note in found.notes:
        out.print(shown(note), style="dim", soft_wrap=not out.is_terminal)
    out.print()
    out.print(_table(list(report.sets), [*report.strengths, *report.together]))
    out.print()
    for finding in report.findings:
        style = FINDING_STYLES[finding.severity]
        out.print(f"[{style}]{finding.severity}:[/] {shown(finding.message)}", soft_wrap=not out.is_terminal)
        if finding.remedy:
            out.print(f"  [italic]{shown(finding.remedy)}[/italic]", soft_wrap=not out.is_terminal)
    if report.clean:
        out.print("no leak and no give-away was found")
    if found.written is not None:
        out.print(f"wrote {shown(str(found.written))}", style="dim")


def _table(sets: list[str], strengths: list[Strength]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("cue, by itself", no_wrap=True)
    table.add_column("bona fide is", no_wrap=True)
    for name in sets:
        table.add_column(f"AUC {shown(name)}", justify="right", no_wrap=True)
    for one in strengths:
        name = f"{one.name} [dim](manifest)[/]" if one.origin == MANIFEST else one.name
        table.add_row(name, shown(short(one.more, LONGEST_VALUE)), *(_auc(one, own) for own in sets))
    return table


def _auc(one: Strength, name: str) -> str:
    value = one.auc.get(name)
    if value is None:
        return "[dim]–[/]"
    return f"[bold yellow]{value:.2f}[/]" if name in one.telling else f"{value:.2f}"
