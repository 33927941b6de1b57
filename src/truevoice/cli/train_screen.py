"""What `truevoice train` shows: lines and a bar while it learns, a table at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from truevoice.cli.screen import console, shown

if TYPE_CHECKING:
    from truevoice.commands.train import Training

SHOWN_SKIPPED = 5


@contextmanager
def training_bar(quiet: bool) -> Iterator[tuple[Callable[[str], None] | None, Callable[[int, int, str], None] | None]]:
    """(tell, progress): lines go to standard error, with a bar beneath them where that is a terminal."""
    if quiet or sys.stderr is None:
        yield None, None
        return
    err = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
    if not sys.stderr.isatty():
        yield lambda line: err.print(shown(line)), None
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
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None)

        def progress(done: int, total: int, words: str) -> None:
            bar.update(task, completed=done, total=total, description=shown(words))

        yield lambda line: bar.console.print(shown(line)), progress


def show_training(found: Training) -> None:
    """The best figures of every run and set; over several seeds, mean and spread."""
    out = console()
    table = Table(title=f"best epoch by validation {found.best_by}", title_justify="left")
    for name in ("run", "epoch", "set"):
        table.add_column(name)
    for name in ("EER", "AUC", "accuracy", "loss", "bona fide", "spoof"):
        table.add_column(name, justify="right")
    for run in found.runs:
        for number, (name, figures) in enumerate(run.trained.best.items()):
            label = [shown(run.name), str(run.trained.best_epoch)] if number == 0 else ["", ""]
            table.add_row(*label, shown(name), *_figures(figures))
    for name, figures in found.average.items():
        table.add_row("average of weights", "", shown(name), *_figures(figures))
    out.print(table)
    for name, spread in found.spread.items():
        parts = [
            f"{words} {_rate(spread[figure]['mean'], figure)} ± {_rate(spread[figure]['sd'], figure)}"
            for figure, words in (("eer", "EER"), ("auc", "AUC"), ("accuracy", "accuracy"))
            if figure in spread
        ]
        out.print(f"{shown(name)}, mean ± standard deviation of {len(found.runs)} seeds: {', '.join(parts)}")
    if len(found.runs) > 1:
        out.print(
            f"the best is {shown(found.best.name)}, chosen on validation, so its validation figures are optimistic"
        )
    for one in found.skipped[:SHOWN_SKIPPED]:
        out.print(f"not used: {shown(one.name)}: {shown(one.reason)}")
    if len(found.skipped) > SHOWN_SKIPPED:
        out.print(f"not used: {len(found.skipped) - SHOWN_SKIPPED} more, in skipped.csv")
    best = found.best.trained
    seconds = sum(run.trained.seconds for run in found.runs)
    out.print(f"{best.stopped}; in {seconds:.0f} s; use it with --checkpoint {shown(str(best.folder / 'best'))}")


def _figures(figures: dict[str, Any]) -> list[str]:
    cells = [_rate(figures.get(name), name) for name in ("eer", "auc", "accuracy", "loss")]
    return cells + [f"{int(figures[name]):,}" if name in figures else "" for name in ("n_bonafide", "n_spoof")]


def _rate(value: float | None, name: str) -> str:
    if value is None:
        return "-"
    return f"{value:.2%}" if name in ("eer", "accuracy") else f"{value:.4f}"
