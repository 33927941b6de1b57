"""`truevoice inspect` on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truevoice.cli.options import FormatNames
from truevoice.errors import UsageError

if TYPE_CHECKING:
    from truevoice.commands.inspect import Inspection, Near

SHOWN = 8  # keys of a list on the screen; JSON has all
PLAIN = ("torch.", "collections.", "builtins.", "_codecs.")  # names that every weight file may have
TOLD = ("library_name", "format", "model_type", "weights", "encoder", "chunk")  # facts that stand in other rows


def inspect_command(checkpoint: Path, *, format: FormatNames = None) -> int:
    """Parses, calls `truevoice.commands.inspect.inspect`, prints.

    Parameters
    ----------
    checkpoint
        A weight file, a folder of 'truevoice convert', an ONNX graph.
    format
        json, in place of the table.
    """
    from truevoice.commands.inspect import inspect, to_dict

    if format not in (None, "json"):
        raise UsageError(f"format {format!r} is not known here: choose json")
    found = inspect(checkpoint)
    if format:
        sys.stdout.write(json.dumps(to_dict(found), indent=1, ensure_ascii=False) + "\n")
        return 0
    _show(found)
    return 0


def _show(found: Inspection) -> None:
    from rich.table import Table

    from truevoice.cli.screen import console, shown

    screen = console()
    screen.print(f"[bold]{shown(found.path)}[/bold]: {shown(found.what)}", soft_wrap=True)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _rows(found):
        if value:
            table.add_row(name, shown(value))
    screen.print(table)
    for near in found.nearest:
        screen.print(f"[bold]{near.name}[/bold]: {100 * near.share:.0f} % of the keys and shapes in common")
        for line in _differences(near):
            screen.print(f"  {shown(line)}", soft_wrap=True)
    if found.model and found.kind not in ("ONNX", "truevoice folder"):
        command = f"truevoice score RECORDING -m {found.model} --checkpoint {found.path}"
        screen.print(f"to use it: {shown(command)}", style="dim", soft_wrap=True)


def _rows(found: Inspection) -> list[tuple[str, str]]:
    numbers = f"{found.tensors:,} tensors, {found.parameters:,} parameters" if found.tensors else ""
    dtypes = ", ".join(f"{count} {name}" for name, count in (found.dtypes or {}).items())
    at = f", under {found.encoder_prefix}" if found.encoder_prefix else ""
    taken_off = ", ".join(filter(None, (found.wrapper and f"inside {found.wrapper}",
                                        found.prefix and f"keys begin with {found.prefix}")))  # fmt: skip
    training = "optimizer state; " if found.optimizer_state else ""
    others = tuple(name for name in found.pickled if not name.startswith(PLAIN))
    safe = f"yes; read as inert stand-ins: {_some(others)}" if others else "yes, nothing in it can run"
    return [
        ("format", found.kind),
        ("size", f"{found.bytes:,} bytes"),
        ("sha256", found.sha256),
        ("safe to open", safe),
        ("holds", numbers),
        ("numbers", dtypes),
        ("encoder", f"{found.encoder}{at}" if found.encoder else ""),
        ("wrapping", taken_off),
        ("beside the weights", f"{training}{_some(found.beside)}" if found.beside else ""),
        ("unused", _some(found.unused)),
        *((str(key).replace("_", " "), _plain(value)) for key, value in (found.facts or {}).items() if key not in TOLD),
    ]


def _differences(near: Near) -> list[str]:
    lines = [
        f"{word} {_some(keys)} ({len(keys)} in all)"
        for word, keys in (("lacks", near.missing), ("has besides", near.extra), ("other shapes:", near.shapes))
        if keys
    ]
    if near.misplaced_encoder is not None:
        lines.append(f"its encoder's keys begin with {near.misplaced_encoder or 'nothing'}, where it looks elsewhere")
    return lines


def _some(words: tuple[str, ...]) -> str:
    return ", ".join(words[:SHOWN]) + (", …" if len(words) > SHOWN else "")


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(one)}" for key, one in value.items() if one not in (None, "", [], {}))
    if isinstance(value, list):
        return _some(tuple(str(one) for one in value))
    return "" if value is None else str(value)
