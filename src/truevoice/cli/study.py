"""`truevoice study` on the command line."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

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


def study_command(
    *,
    pretrained: Path,
    custom: Path,
    finetune_on: Path,
    out: Out = None,
    custom_split: str = "",
    custom_label_map: str | None = None,
    max_train: int = 0,
    each_epoch: Annotated[bool, Parameter(negative=())] = False,
    preset: Preset = None,
    config: Config = None,
    augment: Augment = None,
    log_to: str = "",
    cluster: str = "",
    rounds: int = 2000,
    confidence: float = 0.95,
    bootstrap_seed: int = 0,
    players: bool = True,
    jobs: Annotated[int, Parameter(name=["--jobs", "-j"])] = 0,
    force: Annotated[bool, Parameter(negative=())] = False,
    format: FormatNames = None,
    quiet: Quiet = False,
    of_network: GivenNetwork | None = None,
    of_data: GivenData | None = None,
    of_optimiser: GivenOptimiser | None = None,
    of_loss: GivenLoss | None = None,
    of_schedule: GivenSchedule | None = None,
) -> int:
    """Parses, calls `truevoice.commands.study.study`, prints.

    Parameters
    ----------
    pretrained
        Weights to start from: a weight file (with --model), or a folder such as RUN/best.
    custom
        Labelled set of your own, never trained on: a folder (Real/Fake) or a table.
    finetune_on
        Labelled set to learn from; its validation part and its test split are measured.
    out
        Folder of the study: report.html, study.json, before/, after/, training/.
    custom_split
        Only these splits of the custom set, by commas.
    custom_label_map
        What the labels of the custom set mean: 1=spoof,0=bonafide.
    max_train
        Most recordings to learn from; 0: all.
    each_epoch
        Measure the custom and the further sets after every epoch too, never to choose by.
    preset
        A named recipe: ssl-anti-spoofing-la, ssl-anti-spoofing-df, aasist, mel-cnn.
    config
        File of settings, as --print-config of train shows them.
    augment
        Steps of augmentation, several times: rawboost:5@0.8, codec:mp3+opus@0.3; none for none.
    log_to
        tensorboard, wandb, trackio, by commas.
    cluster
        Column whose values the bootstrap draws as wholes: speaker, source.
    rounds
        Of the bootstrap; 0 = no intervals and no tests.
    confidence
        Of the intervals; a corrected p-value under 1 - confidence counts.
    bootstrap_seed
        Of the bootstrap.
    players
        Put recordings of flipped trials into the report.
    jobs
        Decoding threads in scoring; 0 = as many as cores.
    force
        Begin anew in a folder that holds a study.
    format
        json on screen, in place of the table.
    quiet
        No table, no progress: files and exit status only.
    """
    if out is None:
        raise UsageError("where to? -o names the folder of the study")
    if format not in (None, "json"):
        raise UsageError(f"format {format!r} is not known here: choose json")
    settings = given_settings(preset, config, augment, of_network, of_data, of_optimiser, of_loss, of_schedule)
    from truevoice.cli.study_screen import show_study
    from truevoice.cli.train_screen import training_bar
    from truevoice.commands.study import study

    talks = not quiet and format is None
    with training_bar(not talks) as (tell, progress):
        found = study(
            pretrained,
            custom=custom,
            finetune_on=finetune_on,
            out=out,
            settings=settings,
            test=settings.data.test,
            custom_split=custom_split,
            custom_label_map=custom_label_map,
            max_train=max_train,
            each_epoch=each_epoch,
            log_to=tuple(filter(None, (name.strip() for name in log_to.split(",")))),
            cluster=cluster,
            rounds=rounds,
            confidence=confidence,
            seed=bootstrap_seed,
            players=players,
            force=force,
            jobs=jobs,
            command=shlex.join(["truevoice", *sys.argv[1:]]),
            tell=tell,
            progress=progress,
        )
    if format == "json":
        sys.stdout.write(json.dumps(found.to_dict(), indent=1, ensure_ascii=False, default=str) + "\n")
    elif talks:
        show_study(found)
    return 2 if found.failed else 0
