"""`truevoice tune` on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from truevoice.cli.options import FormatNames, Out, Quiet
from truevoice.cli.train_options import (
    Augment,
    Config,
    GivenData,
    GivenLoss,
    GivenNetwork,
    GivenOptimiser,
    GivenSchedule,
    Preset,
    given_settings,
)
from truevoice.errors import UsageError

if TYPE_CHECKING:
    from truevoice.commands.tune import Tuning

SHOWN = 12  # trials


def tune_command(
    *,
    out: Out = None,
    vary: Annotated[tuple[str, ...], Parameter(negative_iterable=())] = (),
    space: Path | None = None,
    method: Literal["grid", "random", "tpe"] | None = None,
    trials: int = 0,
    prune: Literal["none", "median", "halving"] = "none",
    prune_after: int = 1,
    jobs: Annotated[int, Parameter(name=["--jobs", "-j"])] = 1,
    search_seed: int = 0,
    preset: Preset = None,
    config: Config = None,
    augment: Augment = None,
    format: FormatNames = None,
    quiet: Quiet = False,
    of_network: GivenNetwork | None = None,
    of_data: GivenData | None = None,
    of_optimiser: GivenOptimiser | None = None,
    of_loss: GivenLoss | None = None,
    of_schedule: GivenSchedule | None = None,
) -> int:
    """Parses, calls `truevoice.commands.tune.tune`, prints.

    Parameters
    ----------
    out
        Folder of the search; what is there of it goes on.
    vary
        A setting and its values, several times: optimiser.lr=1e-5..1e-3:log, schedule.batch_size=16,32,
        network.arguments.channels=1..16:points=4.
    space
        YAML file of settings to vary: NAME: [values], or NAME: {low: 1e-5, high: 1e-3, log: true}.
    method
        Every combination, values at random, or values near those that did well (tpe, if nothing is said).
    trials
        How many in all; 0: the whole grid, else 20.
    prune
        Stop trials early that are worse than others were at the same epoch: than their median, or than the better half.
    prune_after
        Epochs that every trial is given.
    jobs
        Processes that work on the search. The same command started again, here or elsewhere on the same folder, joins.
    search_seed
        Of the search; --seed is that of training.
    preset
        A search (mel-cnn-grid), or a recipe of `truevoice train` to search around.
    config
        File of settings that all trials share.
    augment
        Steps of augmentation, several times, as in `truevoice train`.
    format
        json on screen, in place of the table.
    quiet
        No table, no lines: files and exit status only.
    """
    from truevoice.cli.train_screen import training_bar
    from truevoice.commands.tune import tune
    from truevoice.tuning.presets import find_search_preset
    from truevoice.tuning.space import parse_vary, read_space

    if format not in (None, "json"):
        raise UsageError(f"format {format!r} is not known here: choose json")
    if out is None:
        raise UsageError("where to? -o names the folder of the search")
    named = find_search_preset(preset) if preset else None
    recipe = named.recipe if named else preset
    settings = given_settings(recipe, config, augment, of_network, of_data, of_optimiser, of_loss, of_schedule)
    axes = {axis.name: axis for axis in named.axes} if named else {}
    axes |= {axis.name: axis for axis in read_space(space)} if space else {}
    varied = [parse_vary(word) for word in vary]
    if len({axis.name for axis in varied}) < len(varied):
        raise UsageError("--vary names a setting twice")
    axes |= {axis.name: axis for axis in varied}
    talks = not quiet and format is None
    with training_bar(not talks) as (tell, _):
        found = tune(
            settings,
            out,
            list(axes.values()),
            method=method or (named.method if named else "tpe"),
            trials=trials,
            prune=prune,
            prune_after=prune_after,
            seed=search_seed,
            jobs=jobs,
            tell=tell,
        )
    if format == "json":
        sys.stdout.write(json.dumps(found.study, indent=1, ensure_ascii=False) + "\n")
    elif talks:
        show_search(found)
    return 2 if any(one.state == "failed" for one in found.trials) else 0


def show_search(found: Tuning) -> None:
    """The best trials as a table, the best one in words, and what was written."""
    from rich.table import Table

    from truevoice.cli.screen import console, shown
    from truevoice.report.search_words import TITLES, figure_in_words, short_names, value_in_words

    out, figure = console(), found.plan.figure
    names = short_names(axis.name for axis in found.plan.axes)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("trial", *names.values(), f"{TITLES[figure]}, validation", "epoch"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("state", overflow="fold")
    for one in found.ranked[:SHOWN]:
        values = [shown(value_in_words(one.params.get(name, "–"))) for name in names]
        epoch = f"{one.best_epoch} of {len(one.epochs)}"
        state = f"{one.state}: {one.reason}" if one.state == "failed" else one.state
        table.add_row(f"{one.trial:03d}", *values, figure_in_words(figure, one.value), epoch, shown(state))
    out.print(table)
    if len(found.trials) > SHOWN:
        out.print(f"… {len(found.trials) - SHOWN:,} more in {shown(str(found.folder / 'trials.csv'))}", style="dim")
    if found.best is not None:
        best = f"{shown(str(found.folder / found.best.folder))}/best"
        out.print(f"best: trial {found.best.trial:03d}; --checkpoint {best} takes it", soft_wrap=True)
        counts = found.study["counts"]
        words = f"chosen on validation among {counts['complete'] + counts['pruned']}, so its {TITLES[figure]} there is "
        out.print(f"{words}optimistic: judge it on a test set that took no part", style="dim", soft_wrap=True)
    for path in found.written:
        out.print(f"wrote {shown(str(path))}", style="dim", soft_wrap=True)
