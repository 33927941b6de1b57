"""`truevoice train` on the command line."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

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


def train_command(
    *,
    out: Out = None,
    preset: Preset = None,
    config: Config = None,
    resume: Annotated[bool, Parameter(negative=())] = False,
    force: Annotated[bool, Parameter(negative=())] = False,
    print_config: Annotated[bool, Parameter(negative=())] = False,
    augment: Augment = None,
    seeds: int = 1,
    subset_study: str = "",
    log_to: str = "",
    format: FormatNames = None,
    quiet: Quiet = False,
    of_network: GivenNetwork | None = None,
    of_data: GivenData | None = None,
    of_optimiser: GivenOptimiser | None = None,
    of_loss: GivenLoss | None = None,
    of_schedule: GivenSchedule | None = None,
) -> int:
    """Parses, calls `truevoice.commands.train.train`, prints.

    Parameters
    ----------
    out
        Folder of the run: config.yaml, metrics.jsonl, best/, last/, scores/, curves.html.
    preset
        A named recipe: ssl-anti-spoofing-la, ssl-anti-spoofing-df, aasist, mel-cnn.
    config
        File of settings, as --print-config and every run's config.yaml hold them.
    resume
        Go on where the run in the folder stopped; without one, begin.
    force
        Begin anew in a folder that holds a run.
    print_config
        Show all settings as YAML and stop.
    augment
        Steps of augmentation, several times: rawboost:5@0.8, codec:mp3+opus@0.3, noise:FOLDER@0.5; none for none.
    seeds
        Runs with as many seeds; best, mean and spread, and the average of their weights.
    subset_study
        Shares of the training trials to train on, one run each: 10%,50%,100%.
    log_to
        tensorboard, wandb, trackio, by commas.
    format
        json on screen, in place of the table.
    quiet
        No table, no progress: files and exit status only.
    """
    settings = given_settings(preset, config, augment, of_network, of_data, of_optimiser, of_loss, of_schedule)
    if print_config:
        from truevoice.training.recipe import to_yaml

        sys.stdout.write(to_yaml(settings))
        return 0
    settings.check()
    if out is None:
        raise UsageError("where to? -o names the folder of the run")
    if format not in (None, "json"):
        raise UsageError(f"format {format!r} is not known here: choose json")
    from truevoice.cli.train_screen import show_training, training_bar
    from truevoice.commands.train import shares, train

    talks = not quiet and format is None
    with training_bar(not talks) as (tell, progress):
        found = train(
            settings,
            out,
            resume=resume,
            force=force,
            seeds=seeds,
            subset_study=shares(subset_study),
            log_to=tuple(filter(None, (name.strip() for name in log_to.split(",")))),
            tell=tell,
            progress=progress,
        )
    if not found.is_main:  # one process of several talks for all
        return 0
    if format == "json":
        document: Any = found.to_dict()
        sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    elif talks:
        show_training(found)
    return 2 if found.skipped else 0
