"""`truevoice data` on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from truevoice.cli import texts
from truevoice.cli.options import FormatNames, Out, Quiet
from truevoice.errors import TruevoiceError, UsageError

data_app = App(name="data", help_epilogue=texts.DATA_EXAMPLES)


@data_app.default
def list_command(
    *,
    out: Out = None,
    format: FormatNames = None,
) -> int:
    """List the published data sets that are known here.

    Parameters
    ----------
    out
        Folder for data.json and data.csv.
    format
        json or csv, in place of the table.
    """
    from rich.table import Table

    from truevoice.cli.listing import deliver
    from truevoice.cli.screen import console
    from truevoice.commands.data import data_sets

    rows = data_sets()
    if deliver(rows, "data", out, format):
        return 0
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("name", "what it is", "download", "licence"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(f"[bold]{row['name']}[/bold]", row["summary"], _size(row["size_bytes"]), row["licence"])
    console().print(table)
    return 0


@data_app.command(name="info", help=texts.INFO, help_epilogue=texts.INFO_EXAMPLES)
def info_command(
    name: str,
    *,
    out: Out = None,
    format: FormatNames = None,
) -> int:
    """Say where a published data set lies, its size and checksums, how its labels read, and its traps.

    Parameters
    ----------
    name
        A name of `truevoice data`.
    out
        Folder for NAME.json and NAME.csv.
    format
        json or csv, in place of the text.
    """
    from truevoice.cli.listing import deliver
    from truevoice.cli.screen import console
    from truevoice.commands.data import info

    card = info(name)
    if deliver([card], card["name"], out, format):
        return 0
    screen = console()
    for heading, text in _paragraphs(card):
        screen.print(heading, style="bold")
        screen.print(text, markup=False, soft_wrap=not screen.is_terminal)
    return 0


@data_app.command(name="scan", help=texts.SCAN, help_epilogue=texts.SCAN_EXAMPLES)
def scan_command(
    target: Path,
    *,
    out: Out = None,
    path_column: str | None = None,
    label_column: str | None = None,
    label_map: str | None = None,
    quick: Annotated[bool, Parameter(negative=())] = False,
    format: FormatNames = None,
    quiet: Quiet = False,
) -> int:
    """Parses, calls `truevoice.commands.data.scan`, prints.

    Parameters
    ----------
    target
        The set's folder, or a table of its recordings.
    out
        Where the manifest goes: a .csv file, or a folder.
    path_column
        Column with the recordings' paths, for a table.
    label_column
        Column with the labels, for a table.
    label_map
        What the labels mean: 1=spoof,0=bonafide.
    quick
        Count only: read no header, compare no content.
    format
        json, in place of the report: every name listed.
    quiet
        No report, no progress: the manifest and the exit status only.
    """
    from truevoice.cli.scan_screen import scan_progress, scan_screen
    from truevoice.commands.data import scan

    if format not in (None, "json"):
        raise UsageError(f"format {format!r} is not known here: choose json")
    with scan_progress(quiet) as progress:
        found = scan(
            target,
            out=out,
            path_column=path_column,
            label_column=label_column,
            label_map=label_map,
            quick=quick,
            progress=progress,
        )
    if format == "json":
        print(json.dumps(found.to_dict(), indent=1, ensure_ascii=False))
    elif not quiet:
        scan_screen(found)
    if found.unwritten:
        raise TruevoiceError(found.unwritten)
    return 2 if found.unreadable or found.empty else 0


@data_app.command(name="leaks", help=texts.LEAKS, help_epilogue=texts.LEAKS_EXAMPLES)
def leaks_command(
    target: Path,
    *,
    out: Out = None,
    train_splits: str = "",
    val_splits: str = "",
    val_data: Path | None = None,
    val_fraction: float = 0.2,
    group_by: str = "",
    hold_out: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    hold_out_by: str = "speaker",
    test: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    split_seed: int = 0,
    path_column: str | None = None,
    label_column: str | None = None,
    label_map: str | None = None,
    jobs: Annotated[int, Parameter(name=["--jobs", "-j"])] = 0,
    trees: bool | None = None,
    strict: Annotated[bool, Parameter(negative=())] = False,
    format: FormatNames = None,
    quiet: Quiet = False,
) -> int:
    """Parses, calls `truevoice.commands.leaks.leaks`, prints.

    Parameters
    ----------
    target
        The set's folder, or a table of its recordings.
    out
        Where the report goes: a .json file, or a folder for leaks.json.
    train_splits
        Splits to learn from, by commas (train,val); none: train where the set has it.
    val_splits
        Splits to validate on, by commas; none: the set's own validation split, where it has one.
    val_data
        Another labelled set to validate on.
    val_fraction
        Share of the training trials to validate on where nothing else is.
    group_by
        Column whose values are never divided between training and validation; none: no column.
    hold_out
        Values of --hold-out-by (speakers by name) that are wholly held out; may be repeated.
    hold_out_by
        The column of --hold-out.
    test
        A further labelled set by name: NAME=FOLDER_OR_TABLE; may be repeated.
    split_seed
        Of the division.
    path_column
        Column with the recordings' paths, for a table.
    label_column
        Column with the labels, for a table.
    label_map
        What the labels mean: 1=spoof,0=bonafide.
    jobs
        Decoding threads; 0 = as many as cores.
    trees
        All cues together; not said: where scikit-learn is installed.
    strict
        Exit with status 3 where there is a warning.
    format
        json, in place of the table.
    quiet
        No report, no progress: the file and the exit status only.
    """
    from truevoice.cli.leaks_screen import leaks_progress, leaks_screen
    from truevoice.commands.leaks import leaks
    from truevoice.training.settings import Data

    if format not in (None, "json"):
        raise UsageError(f"format {format!r} is not known here: choose json")
    data = Data(
        data=str(target),
        train_splits=train_splits,
        val_splits=val_splits,
        val_data=str(val_data or ""),
        val_fraction=val_fraction,
        group_by=group_by,
        hold_out=hold_out,
        hold_out_by=hold_out_by,
        test=dict(map(_named_set, test)),
        split_seed=split_seed,
        path_column=path_column or "",
        label_column=label_column or "",
        label_map=label_map or "",
    )
    with leaks_progress(quiet) as progress:
        found = leaks(data, jobs=jobs, trees=trees, out=out, progress=progress)
    if format == "json":
        print(json.dumps(found.report.to_dict(), indent=1, ensure_ascii=False))
    elif not quiet:
        leaks_screen(found)
    return 3 if strict and not found.report.clean else 0


def _named_set(word: str) -> tuple[str, str]:
    name, equals, path = word.partition("=")
    if not (name and equals and path):
        raise UsageError(f"--test takes NAME=FOLDER_OR_TABLE, not {word!r}")
    return name, path


def _paragraphs(card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield f"{card['title']} ({card['name']})", card["summary"]
    yield "where", "\n".join([card["homepage"], *map(_file, card["files"])])
    for key in ("licence", "audio", "layout", "labels", "splits"):
        if card[key]:
            yield key, str(card[key]).rstrip()
    if card["counts"]:
        yield "counts", "\n".join(f"{split}: {_count(count)}" for split, count in card["counts"].items())
    for key in ("cautions", "unverified"):
        if card[key]:
            yield key, "\n".join(f"- {line}" for line in card[key])
    yield "paper", card["paper"] + (f" arXiv:{card['arxiv']}" if card["arxiv"] else "")


def _file(file: dict[str, Any]) -> str:
    size = f"{file['bytes']:,} bytes" if file["bytes"] else "size not published"
    digests = [f"{kind} {file[kind]}" for kind in ("sha256", "md5") if file[kind]] or ["no checksum published"]
    return f"{file['file']}: {file['url']} ({size}, {', '.join(digests)})"


def _count(count: dict[str, Any]) -> str:
    parts = [f"{count[kind]:,} {kind}" for kind in ("bonafide", "spoof", "total") if count[kind] is not None]
    return ", ".join(parts) + (f" ({count['note']})" if count["note"] else "")


def _size(size: int | None) -> str:
    return f"{size / 1e9:,.1f} GB" if size else ""
