"""`truevoice convert` on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from truevoice.cli.options import Model, Quiet
from truevoice.errors import UsageError


def convert_command(
    checkpoint: Path,
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    model: Model = None,
    half: Annotated[bool, Parameter(negative=())] = False,
    onnx: Annotated[bool, Parameter(negative=())] = False,
    int8: Annotated[bool, Parameter(negative=())] = False,
    clips: Path | None = None,
    quiet: Quiet = False,
) -> int:
    """Parses, calls `truevoice.commands.convert.convert`, prints.

    Parameters
    ----------
    checkpoint
        The weight file, or a folder of an earlier conversion.
    out
        Folder to write.
    model
        Detector: a name of `truevoice models`, where the file's keys do not tell.
    half
        Weights in half precision, half the size.
    onnx
        A graph as well, that scores without torch.
    int8
        And a graph with 8-bit weights, a quarter of the size.
    clips
        Recordings to measure the drift of scores on: a folder, a file, a list. Without them sounds are made up.
    quiet
        Nothing but errors.
    """
    import sys

    from rich.table import Table

    from truevoice.cli.screen import console, shown
    from truevoice.commands.convert import convert

    if out is None:
        raise UsageError("name the folder to write: -o DIR")

    def tell(line: str) -> None:
        if not quiet and sys.stderr is not None and sys.stderr.isatty():
            print(line, file=sys.stderr)

    done = convert(checkpoint, out, model=model, half=half, onnx=onnx, int8=int8, clips=clips, tell=tell)
    if quiet:
        return 0
    screen = console()
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("file")
    for name in ("bytes", "largest drift", "of the scores' spread"):
        table.add_column(name, justify="right")
    for name, size in done.files.items():
        drift = done.drift.get(name)
        relative = "" if drift is None or drift.relative is None else f"{100 * drift.relative:.2g} %"
        table.add_row(name, f"{size:,}", f"{drift.largest:.2g}" if drift else "", relative)
    screen.print(f"[bold]{shown(done.model)}[/bold] in {shown(str(done.folder))}", soft_wrap=True)
    screen.print(table)
    if done.drift:
        one = next(iter(done.drift.values()))
        spread = f"spread (standard deviation) {one.spread:.3g}"
        screen.print(
            f"drift: of {one.windows} scores from float32 in torch, {shown(one.heard)}; {spread}",
            style="dim",
            soft_wrap=True,
        )
    if done.any_length is not None:
        length = "any length" if done.any_length else "its own length only"
        screen.print(f"the graph takes any number of windows, of {length}", style="dim", soft_wrap=True)
    what = f"-m {done.folder}" if done.any_length is None else f"-m {done.folder}/model.onnx"
    screen.print(shown(f"to use it: truevoice score RECORDING {what}"), style="dim", soft_wrap=True)
    return 0
