"""`truevoice models` on the command line."""

from __future__ import annotations

from typing import Any

from cyclopts import App

from truevoice.cli import texts
from truevoice.cli.options import FormatNames, Out, Quiet

FIGURES_SHOWN = 3

models_app = App(name="models", help_epilogue=texts.MODELS_EXAMPLES)


@models_app.default
def list_command(
    *,
    out: Out = None,
    format: FormatNames = None,
) -> int:
    """List the detectors: size, engine, training data, licence, error rates, speed.

    Parameters
    ----------
    out
        Folder for models.json and models.csv.
    format
        json or csv, in place of the table.
    """
    from rich.table import Table

    from truevoice.cli.listing import deliver
    from truevoice.cli.screen import console
    from truevoice.commands.models import models

    rows = models()
    if deliver(rows, "models", out, format):
        return 0
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 1, 0))
    for name in ("name", "parameters", "engine", "weights", "training data", "licence", "EER", "speed"):
        table.add_column(name, justify="right" if name == "parameters" else "left", overflow="fold")
    for row in rows:
        table.add_row(
            f"[bold]{row['name']}[/bold]",
            f"{row['parameters']:,}",
            row["engine"],
            row["weights_here"],
            row["training_data"],
            row["licence"],
            "\n".join(_figure(figure) for figure in row["figures"][:FIGURES_SHOWN]),
            row["speed"],
        )
    console().print(table)
    console().print("--format json tells more: who measured, papers, addresses and checksums", style="dim")
    return 0


@models_app.command(name="fetch", help=texts.FETCH, help_epilogue=texts.FETCH_EXAMPLES)
def fetch_command(
    name: str,
    *,
    out: Out = None,
    url: str = "",
    quiet: Quiet = False,
) -> int:
    """Get a model's published weights, check their size and sha256, and keep them in the cache.

    Parameters
    ----------
    name
        A name of `truevoice models`.
    out
        Folder to put the file in, instead of the cache.
    url
        Another address of the same file; its checksum must match all the same.
    quiet
        No progress.
    """
    from truevoice.commands.models import fetch

    with _download_bar(quiet) as progress:
        path = fetch(name, out=out, url=url, progress=progress)
    print(path)
    return 0


def _figure(figure: dict[str, Any]) -> str:
    return f"{100 * figure['eer']:.1f} % {figure['on']}"


def _download_bar(quiet: bool) -> Any:
    import sys
    from contextlib import contextmanager, nullcontext

    if quiet or not sys.stderr.isatty():
        return nullcontext(None)

    @contextmanager
    def shown() -> Any:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

        bar = Progress(BarColumn(), DownloadColumn(), TransferSpeedColumn(), console=Console(stderr=True))
        with bar:
            task = bar.add_task("fetch", total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    return shown()
