"""`truevoice calibrate` on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from truevoice.cli.options import Hearing, Model, Quiet, Truth
from truevoice.errors import UsageError


def calibrate_command(
    *,
    dev: Path | None = None,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    model: Model = None,
    checkpoint: Path | None = None,
    truth: Truth | None = None,
    prior: float = 0.5,
    false_alarms: float = 0.05,
    misses: float = 0.05,
    hearing: Hearing | None = None,
    quiet: Quiet = False,
) -> int:
    """Parses, calls `truevoice.commands.calibrate.calibrate`, prints.

    Parameters
    ----------
    dev
        Labelled set to calibrate on: a folder or a table, never the set that is judged later.
    out
        JSON file to write; without it the calibration goes to the screen.
    model
        Detector: a name of `truevoice models`, or an ONNX graph's path.
    checkpoint
        Weight file for the model, where the package does not bring it.
    prior
        P(spoof) that the default threshold assumes.
    false_alarms
        Share of bona fide trials that the threshold low-false-alarm may call spoof.
    misses
        Share of spoofs that the threshold high-recall may call bona fide.
    quiet
        No table, no progress.
    """
    from rich.table import Table

    from truevoice.cli.screen import console, progress_bar, shown
    from truevoice.commands.calibrate import calibrate

    if out is not None and out.is_dir():
        raise UsageError(f"{out}: is a folder; -o names the file to write, such as {out / 'cal.json'}")
    with progress_bar(quiet) as progress:
        found = calibrate(
            dev,
            model=model,
            checkpoint=checkpoint,
            **vars(truth or Truth()),
            prior=prior,
            false_alarms=false_alarms,
            misses=misses,
            out=out,
            progress=progress,
            **(hearing or Hearing()).words(),
        )
    if out is None:
        sys.stdout.write(json.dumps(found.to_dict(), indent=1, ensure_ascii=False) + "\n")
    elif not quiet:
        screen = console()
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name, justify in (("threshold", "left"), ("score", "right"), ("bona fide called spoof", "right")):
            table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
        table.add_column("spoofs missed", justify="right", no_wrap=True)
        table.add_column("chosen so that")
        for name, point in found.thresholds.items():
            rates = [f"{100 * rate:.1f} %" if rate is not None else "" for rate in (point.frr, point.far)]
            table.add_row(name, f"{point.score:.4f}", *rates, point.rule)
        screen.print(table)
        for name in sorted({"low-false-alarm", "high-recall"} - set(found.thresholds)):
            screen.print(f"{name}: left out, since no threshold of these trials keeps its promise", style="dim")
        data = found.fitted_on
        counts = f"{data['n_bonafide']:,} bona fide and {data['n_spoof']:,} spoof trials of {shown(data['data'])}"
        screen.print(f"LLR = {found.slope:.4f} · score {found.offset:+.4f}, fitted to {counts}; ", style="dim", end="")
        screen.print("the rates are those of the same trials", style="dim")
        screen.print(f"wrote {shown(str(out))}", style="dim")
    return 0
