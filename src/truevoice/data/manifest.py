"""A manifest: a data set as a list of recordings with their truth, and what was found and not used.

On disk it is a CSV with at least `path,label`, paths relative to the file or absolute. Any other table goes in when
its columns are named.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from truevoice.audio.recognise import AUDIO_EXTENSIONS
from truevoice.audio.source import STDIN
from truevoice.data.labels import read_labels
from truevoice.data.listing import Folders
from truevoice.data.table import Table, read_table
from truevoice.data.trial import LeftOut, Trial, by_reason
from truevoice.errors import TruevoiceError, UsageError
from truevoice.files import replace_file

PATH_COLUMNS = ("path", "file", "filename", "filepath", "audio", "audiofile", "audiopath", "wav", "wavpath", "clip")
LABEL_COLUMNS = ("label", "labels", "class", "key", "groundtruth", "cmlabel", "realorfake", "isfake", "isspoof")
DUPLICATE = "duplicate"
CONTRADICTION = "stands twice with different labels"
MISSING = "no such file"
UNLABELLED = "unlabelled"
NO_PATH = "names no recording"
OFFICIAL = "eval"


@dataclass(frozen=True)
class Manifest:
    """kind: which layout it was read as, in words. root: the folder that names count from. trials: each recording
    once, labelled. left_out: what was found and not used. notes: what the reader did, in sentences.

    columns: names of the trials' further columns, in order. default_subset: the value of column `subset` that
    published figures are for, "" where there is none.
    """

    kind: str
    root: Path
    trials: list[Trial]
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    default_subset: str = ""

    def by_reason(self) -> dict[str, list[str]]:
        """What was left out, by reason, the commonest first."""
        return by_reason(self.left_out)


def read_manifest(
    path: str | os.PathLike[str],
    *,
    path_column: str | None = None,
    label_column: str | None = None,
    label_map: Mapping[str, str] | None = None,
) -> Manifest:
    """Reads a table of recordings; relative paths count from its own folder, names stay as written.

    Missing files, rows without label, repeated rows and contradictions are left out and listed. Raises UsageError, one
    line: no such column, numeric labels without a map, unknown labels, not one of the recordings there.
    """
    path = Path(path)
    table = read_table(path)
    paths = _column(table, path_column, PATH_COLUMNS, "paths of the recordings", "--path-column")
    labels = _column(table, label_column, LABEL_COLUMNS, "labels", "--label-column")
    meanings = read_labels((row[labels] for row in table.rows), label_map, path)
    columns = meta_columns(table.columns, (paths, labels))
    folders = Folders()
    listed = [
        Trial(
            row[paths],
            _source(path.parent, row[paths], folders),
            meanings[row[labels]],
            {name: row[column] for name, column in columns},
        )
        for row in table.rows
        if row[paths]
    ]
    trials, left_out = sift(listed, folders)
    left_out += [LeftOut(f"row {number}", NO_PATH) for number, row in enumerate(table.rows, 1) if not row[paths]]
    names = [name for name, _ in columns]
    subset = _official_subset(listed) if "subset" in names else ""
    manifest = Manifest(f"table {path.name}", path.parent, trials, left_out, columns=names, default_subset=subset)
    _check(manifest, path, len(table.rows))
    return manifest


def sift(listed: Iterable[Trial], folders: Folders) -> tuple[list[Trial], list[LeftOut]]:
    """Divides what a table lists into usable trials, each recording once, and the rest with its reason."""
    first: dict[str, Trial] = {}
    contradicted: set[str] = set()
    left_out: list[LeftOut] = []
    for trial in listed:
        key = os.path.abspath(trial.source)
        if not trial.label:
            left_out.append(LeftOut(trial.name, UNLABELLED))
        elif not folders.holds(key):
            left_out.append(LeftOut(trial.name, MISSING))
        elif (earlier := first.setdefault(key, trial)) is not trial:
            same = earlier.label == trial.label and key not in contradicted
            left_out.append(LeftOut(trial.name, DUPLICATE if same else CONTRADICTION))
            if not same:
                contradicted.add(key)
    left_out += [LeftOut(first[key].name, CONTRADICTION) for key in contradicted]
    return [trial for key, trial in first.items() if key not in contradicted], left_out


def meta_columns(columns: Iterable[str], apart: Iterable[str | None] = ()) -> list[tuple[str, str]]:
    """(name of the further column, column of the table) for all but those set `apart`. `system` also goes as `attack`
    where no column is called so."""
    names = [column for column in columns if column not in set(apart)]
    found = [(f"original_{name}" if name in ("path", "label") else name, name) for name in names]
    folded = {name.lower(): name for name in names}
    if "attack" not in folded and "system" in folded:
        found.insert(0, ("attack", folded["system"]))
    return found


def write_manifest(manifest: Manifest, path: str | os.PathLike[str]) -> None:
    """Writes CSV: path, label, then the further columns; the file appears whole or not at all. Paths are relative where
    the recording lies in the file's folder or beneath it, else absolute.

    Raises TruevoiceError where it cannot be written.
    """
    path = Path(path)
    home = os.path.abspath(path.parent)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    careful = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["path", "label", *manifest.columns])
    for trial in manifest.trials:
        row = [_written(trial.source, home), trial.label, *(trial.meta.get(name, "") for name in manifest.columns)]
        # Python leaves a lone carriage return unquoted, and then reads it as the end of a row.
        (careful if any("\r" in cell for cell in row) else writer).writerow(row)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, [buffer.getvalue().encode(errors="backslashreplace")])
    except OSError as error:
        raise TruevoiceError(f"{path}: cannot be written ({error.strerror}); -o names another place") from None


def _column(table: Table, named: str | None, known: Iterable[str], what: str, option: str) -> str:
    found = ", ".join(table.columns[:12]) + (", …" if len(table.columns) > 12 else "")
    if named is None:
        if (column := table.column(*known)) is None:
            if any(os.path.splitext(name)[1].lower() in AUDIO_EXTENSIONS for name in table.columns):
                raise UsageError(
                    f"{table.path}: its first line ({found}) is a recording already; write the names of the columns "
                    "above it, such as path,label"
                )
            raise UsageError(f"{table.path}: no column is known for the {what}; name it with {option} (it has {found})")
        return column
    if (column := table.column(named)) is None:
        raise UsageError(f"{table.path}: has no column {named!r} ({option}); it has {found}")
    return column


def _official_subset(listed: Iterable[Trial]) -> str:
    """The subset that published figures are for, where the column is that of ASVspoof 2021."""
    values = {trial.meta["subset"] for trial in listed}
    return OFFICIAL if OFFICIAL in values <= {OFFICIAL, "progress", "hidden", ""} else ""


def _check(manifest: Manifest, path: Path, rows: int) -> None:
    if not rows:
        raise UsageError(f"{path}: has a first line but no recordings")
    if manifest.trials:
        return
    reasons = manifest.by_reason()
    if missing := reasons.get(MISSING):
        where = f"relative paths count from {path.parent}" if not os.path.isabs(missing[0]) else "see the paths in it"
        raise UsageError(f"{path}: none of its {len(missing):,} recordings is there, such as {missing[0]} ({where})")
    if UNLABELLED in reasons:
        raise UsageError(f"{path}: not one of its {rows:,} rows has a label")
    raise UsageError(f"{path}: none of its {rows:,} rows names a recording that can be used")


def _source(folder: Path, target: str, folders: Folders) -> str:
    """Where a recording is; a table written under Windows divides paths by \\."""
    if "\\" in target and os.sep == "/" and not folders.holds(os.path.abspath(os.path.join(folder, target))):
        target = target.replace("\\", "/")
    source = target if os.path.isabs(target) else os.path.normpath(os.path.join(folder, target))
    return os.path.join(os.curdir, STDIN) if source == STDIN else source


def _written(source: str, home: str) -> str:
    """The path as the manifest holds it. A blank at its start would be taken for one around a cell."""
    full = os.path.abspath(source)
    inside = full.startswith(home.rstrip(os.sep) + os.sep)
    relative = os.path.relpath(full, home) if inside else full
    return relative if relative == relative.lstrip() else os.path.join(os.curdir, relative)
