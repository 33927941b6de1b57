"""`truevoice compare` on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from truevoice.cli.options import FormatNames, Out, Quiet
from truevoice.errors import UsageError


def compare_command(
    first: Path,
    second: Path,
    *,
    out: Out = None,
    names: str = "",
    key: Path | None = None,
    score_means: str = "bonafide",
    path_column: str | None = None,
    label_column: str | None = None,
    score_column: str | None = None,
    label_map: str | None = None,
    subset: str | None = None,
    cluster: str = "",
    rounds: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
    players: bool = True,
    format: FormatNames = None,
    quiet: Quiet = False,
) -> int:
    """Parses, calls `truevoice.commands.compare.compare`, prints.

    Parameters
    ----------
    first
        Folder of evaluate, run of train, or score file.
    second
        The same kind of thing, on the same recordings.
    out
        Folder for report.html and comparison.json.
    names
        What to call the two, by comma: before,after.
    key
        The labels of score files that have none: a protocol, a trial_metadata.txt, a table.
    score_means
        What a high score of a score file speaks for: bonafide or spoof, or both sides' by comma.
    path_column
        Column with the trials' names, of score files.
    label_column
        Column with the labels, of score files or their key.
    score_column
        Column with the scores, of score files.
    label_map
        What the labels mean: 1=spoof,0=bonafide.
    subset
        Of ASVspoof 2021: eval, progress or hidden.
    cluster
        Column whose values the bootstrap draws as wholes: speaker, source.
    rounds
        Of the bootstrap; 0 = no intervals and no tests.
    confidence
        Of the intervals; a corrected p-value under 1 - confidence counts.
    seed
        Of the bootstrap.
    players
        Put recordings of flipped trials into the report.
    format
        json or csv on screen, in place of the table.
    quiet
        No table: files and exit status only.
    """
    from truevoice.cli.comparison_screen import changes_csv, show_comparison
    from truevoice.commands.compare import compare, comparison_document

    if format not in (None, "json", "csv"):
        raise UsageError(f"format {format!r} is not known here: choose json or csv")
    found = compare(
        first,
        second,
        names=[name.strip() for name in names.split(",")] if names else (),
        key=key,
        score_means=score_means,
        path_column=path_column,
        label_column=label_column,
        score_column=score_column,
        label_map=label_map,
        subset=subset,
        cluster=cluster,
        rounds=rounds,
        confidence=confidence,
        seed=seed,
        out=out,
        players=players,
    )
    if format == "json":
        sys.stdout.write(json.dumps(comparison_document(found), indent=1, ensure_ascii=False, default=str) + "\n")
    elif format == "csv":
        sys.stdout.write(changes_csv(found))
    elif not quiet:
        show_comparison(found)
    return 0
