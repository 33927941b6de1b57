"""A scan on the terminal: what the set is, what it holds by class, what is wrong with it, what was left out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from truevoice.cli.screen import STYLES, console, shown
from truevoice.data.scan import Lengths, Progress, Scan, Tally
from truevoice.data.trial import BONAFIDE, SPOOF
from truevoice.report.text_safety import short

VALUES_SHOWN = 8
NAMES_SHOWN = 3
LONGEST_NAME = 120
SPLITS = ("train", "validation", "val", "dev", "test", "eval")  # in the order of their use
WARNING = "[bold yellow]![/]"


@contextmanager
def scan_progress(quiet: bool) -> Iterator[Progress | None]:
    """A bar over headers read, on standard error; none where that is no terminal or quiet is asked."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("reading headers"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading headers", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def scan_screen(scan: Scan) -> None:
    """Prints a scan."""
    out = console()
    manifest, by_label = scan.manifest, scan.by_label
    out.print(f"[bold]{shown(manifest.kind)}[/bold] in {shown(str(manifest.root))}")
    count = len(manifest.trials)
    out.print(f"{count:,} labelled recording{'' if count == 1 else 's'}: {_split(by_label)}\n")
    out.print(_table(scan))
    others = [name for name in manifest.columns if name not in scan.counts]
    if others:
        out.print(f"further columns: {shown(', '.join(others))}", style="dim")
    if manifest.default_subset:
        out.print(f"published figures are those of subset {manifest.default_subset}", style="dim")
    for text in manifest.notes:
        out.print(shown(text), style="dim")
    lines = list(_faults(scan))
    if lines or scan.warnings:
        out.print()
    for warning in scan.warnings:
        out.print(f"{WARNING} {shown(warning)}", soft_wrap=not out.is_terminal)
    for line in lines:
        out.print(line, soft_wrap=not out.is_terminal)
    out.print()
    if scan.quick:
        out.print("--quick: no header was read and no content compared", style="dim")
    if scan.written is not None:
        out.print(f"wrote {shown(str(scan.written))}: {count:,} recording{'' if count == 1 else 's'}", style="dim")
    elif not scan.unwritten:
        out.print("the set has its own table, so no manifest was written; -o writes one", style="dim")


def _split(by_label: dict[str, int]) -> str:
    bonafide, spoof = by_label[BONAFIDE], by_label[SPOOF]
    return f"[{STYLES[BONAFIDE]}]{bonafide:,} bona fide[/], [{STYLES[SPOOF]}]{spoof:,} spoof[/]"


def _table(scan: Scan) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", style="bold", no_wrap=True)
    table.add_column("", overflow="fold", min_width=16)
    table.add_column("bona fide", justify="right", no_wrap=True)
    table.add_column("spoof", justify="right", no_wrap=True)
    for name, tally in {**scan.counts, **scan.headers}.items():
        for row in _rows(name, tally):
            table.add_row(*row)
    if scan.lengths:
        for row in _length_rows(scan.lengths):
            table.add_row(*row)
    return table


def _rows(name: str, tally: Tally) -> Iterator[Sequence[str]]:
    """The commonest values of one column; the rest as one row."""
    named = [value for value in tally if value]
    if name in ("rate", "channels"):
        named.sort(key=int)
    if name == "split":
        named.sort(key=lambda value: SPLITS.index(value) if value in SPLITS else len(SPLITS))
    heading = f"{name} ({len(named):,})" if len(named) > VALUES_SHOWN else name
    rest = named[VALUES_SHOWN:] if len(named) > VALUES_SHOWN + 1 else []
    for value in named[: len(named) - len(rest)]:
        yield heading, _value(name, value), *_numbers(tally[value])
        heading = ""
    if rest:
        together = {label: sum(tally[value][label] for value in rest) for label in (BONAFIDE, SPOOF)}
        yield "", f"[dim]{len(rest):,} more[/]", *_numbers(together)
    if "" in tally:
        yield heading, "[dim]none stated[/]", *_numbers(tally[""])


def _value(name: str, value: str) -> str:
    return f"{int(value):,} Hz" if name == "rate" else shown(short(value, LONGEST_NAME))


def _numbers(counts: dict[str, int]) -> tuple[str, str]:
    cells = [f"{counts[label]:,}" if counts[label] else "[dim]–[/]" for label in (BONAFIDE, SPOOF)]
    return cells[0], cells[1]


def _length_rows(lengths: dict[str, Lengths]) -> Iterator[Sequence[str]]:
    heading = "length"
    for what, show in (
        ("in all", lambda one: _hours(one.hours)),
        ("shortest", lambda one: f"{one.shortest:,.2f} s"),
        ("median", lambda one: f"{one.median:,.2f} s"),
        ("longest", lambda one: f"{one.longest:,.2f} s"),
    ):
        yield heading, what, *(show(lengths[label]) if label in lengths else "–" for label in (BONAFIDE, SPOOF))
        heading = ""


def _hours(hours: float) -> str:
    if hours >= 1:
        return f"{hours:,.1f} h"
    return f"{hours * 60:,.1f} min" if hours >= 1 / 60 else f"{hours * 3600:,.2f} s"


def _faults(scan: Scan) -> Iterator[str]:
    """What was left out, and what is in the manifest but wrong."""
    for reason, names in scan.manifest.by_reason().items():
        yield f"[bold]left out[/] {len(names):,} {shown(reason)}: {_some(names)}"
    if scan.unreadable:
        named = [f"{one.name} ({one.reason.split(' (')[0]})" for one in scan.unreadable]
        yield f"[bold red]unreadable[/] {len(named):,}: {_some(named)}"
    if scan.empty:
        yield f"[bold red]empty[/] {len(scan.empty):,}: {_some(scan.empty)}"
    if scan.copies:
        extra = sum(len(group.names) - 1 for group in scan.copies)
        yield f"[bold]same content[/] {extra:,} further cop{'y' if extra == 1 else 'ies'}"
        for group in scan.copies[:NAMES_SHOWN]:
            more = f" = … {len(group.names) - NAMES_SHOWN:,} more" if len(group.names) > NAMES_SHOWN else ""
            yield f"  {shown(' = '.join(group.names[:NAMES_SHOWN]))}{more}"
        if len(scan.copies) > NAMES_SHOWN:
            yield f"  … {len(scan.copies) - NAMES_SHOWN:,} more"


def _some(names: Sequence[str]) -> str:
    more = f", … {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return shown(", ".join(short(name, LONGEST_NAME) for name in names[:NAMES_SHOWN])) + more
