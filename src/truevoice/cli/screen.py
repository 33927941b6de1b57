"""What the terminal shows: the progress bar on standard error, tables on standard output."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from truevoice.commands.score import Progress, Scores
from truevoice.detectors.detector import NO_CALIBRATION
from truevoice.detectors.result import Result
from truevoice.scoring.run import Run

ROWS_SHOWN = 60
STYLES = {"spoof": "bold dark_orange", "bonafide": "bold dodger_blue1", "abstain": "dim"}
PLAIN_WIDTH = 160  # columns where standard output is no terminal: wide enough that names are not folded


def console() -> Console:
    """Standard output; what is no terminal gets lines wide enough that names are not folded."""
    on_screen = sys.stdout is not None and sys.stdout.isatty()
    return Console(highlight=False, emoji=False, width=None if on_screen else PLAIN_WIDTH)


def shown(text: str) -> str:
    """A stranger's text fit for a terminal: no control characters, no markup."""
    return escape("".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text))


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Progress | None]:
    """A bar over recordings on standard error; none where that is not a terminal or quiet is asked."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("scoring"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failed]}"),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("scoring", total=None, failed="")
        errors = 0

        def update(done: int, total: int, newest: Result | None) -> None:
            nonlocal errors
            errors += bool(newest and newest.error)
            bar.update(task, completed=done, total=total, failed=f"{errors} failed" if errors else "")

        yield update


def score_table(scores: Scores) -> None:
    """The results as a table, and beneath it what scored them and how it went."""
    run, out = scores.run, console()
    calibrated, decided = run.calibration is not None, run.working_point is not None
    results = list(_shown(scores))
    rows = [_cells(result, calibrated, decided) for result in results]
    with_truth, with_notes = any(result.label for result in results), any(row[-1] for row in rows)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("recording", overflow="fold", ratio=3)
    if with_truth:
        table.add_column("truth")
    if decided:
        table.add_column("verdict", no_wrap=True, min_width=8)
    if calibrated:
        table.add_column("P(spoof)", justify="right", no_wrap=True, min_width=8)
    table.add_column("score", justify="right", no_wrap=True, min_width=5)
    table.add_column("suspicious", justify="right", no_wrap=True)
    table.add_column("length", justify="right", no_wrap=True)
    if with_notes:
        table.add_column("note", overflow="fold", ratio=2)
    for result, (name, *cells) in zip(results, rows):
        truth = [result.label] if with_truth else []
        table.add_row(name, *truth, *(cells if with_notes else cells[:-1]))
    out.print(table)
    if run.total > ROWS_SHOWN:
        kind = "the lowest scores" if run.failed < ROWS_SHOWN else "failures"
        out.print(f"… {run.total - ROWS_SHOWN:,} more (shown: {kind}); -o DIR writes all", style="dim")
    for line in summary(run):
        out.print(escape(line), style="dim")
    if scores.written and run.earlier:
        out.print(f"the files also hold {run.earlier:,} recordings scored into this folder before", style="dim")
    for path in scores.written:
        out.print(f"wrote {shown(str(path))}", style="dim")


def _shown(scores: Scores) -> Iterable[Result]:
    """All rows, in order, where they fit on a screen or two; else failures first, then the most suspicious."""
    if scores.run.total <= ROWS_SHOWN:
        return scores
    failures = list(islice((result for result in scores if result.error), ROWS_SHOWN))
    scored = (result for result in scores if result.score is not None)
    worst = heapq.nsmallest(ROWS_SHOWN - len(failures), scored, key=lambda result: result.score or 0.0)
    return failures + worst


def _cells(result: Result, calibrated: bool, decided: bool) -> Sequence[str]:
    name = shown(result.trial)
    if result.error:
        note = f"[red]{shown(result.error)}[/red]"
        return [name, *([""] * (3 + calibrated + decided)), note]
    worst = result.worst(1)
    verdict = [f"[{STYLES[result.verdict]}]{result.verdict}[/]"] if decided else []
    return [
        name,
        *verdict,
        *([f"{result.p_spoof:.2f}"] if calibrated else []),
        f"{result.score:.2f}",
        f"{worst[0].start:.1f}–{worst[0].end:.1f} s",
        f"{result.duration:.1f} s",
        shown("; ".join(filter(None, (result.reason if decided else "", result.warning)))),
    ]


def summary(run: Run) -> list[str]:
    """The lines under a table: counts, detector, windows, hints."""
    counts = [f"{run.total:,} recording{'' if run.total == 1 else 's'}"]
    if run.working_point is not None:
        counts += [f"{run.spoof:,} spoof", f"{run.bonafide:,} bona fide"]
        counts += [f"{run.abstained:,} without verdict"] if run.abstained else []
    counts += [f"{run.failed:,} not scored"] if run.failed else []
    counts += [f"{run.kept:,} already scored before"] if run.kept else []
    counts += [f"{run.passed_over:,} other files passed over"] if run.passed_over else []
    speed = run.audio_seconds / run.seconds if run.seconds > 0 and not run.kept else 0.0
    rate = f", {speed:,.0f}x real time" if speed >= 1 else ""
    lines = [
        f"{', '.join(counts)}; {run.audio_seconds:,.1f} s of sound in {run.seconds:.1f} s{rate}",
        f"detector {run.model} ({run.engine}, sha256 {run.checksum[:12]}), windows of {run.windows}",
    ]
    if run.working_point is None:
        lines.append(f"{run.model} has {NO_CALIBRATION}; `truevoice calibrate` makes one, the default detector has one")
    return lines
