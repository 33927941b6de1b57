"""From what a user types to a list of trials: files, folders, patterns, lists, and "-" for standard input."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from truevoice.audio.recognise import is_text, looks_like_audio, walk
from truevoice.audio.source import STDIN
from truevoice.data.labels import read_label
from truevoice.data.table import TABLE_EXTENSIONS, read_table
from truevoice.data.trial import Trial
from truevoice.errors import AudioError, UsageError

LIST_EXTENSIONS = frozenset({".txt", ".lst", ".list"}) | TABLE_EXTENSIONS
PATH_COLUMNS = ("path", "file", "filename")


@dataclass
class Inputs:
    """Trials in the order given, each source once; `passed_over`: files in folders that are not audio."""

    trials: list[Trial] = field(default_factory=list)
    passed_over: int = 0


def expand(sources: Iterable[str | os.PathLike[str]]) -> Inputs:
    """Turns paths into trials. A folder is walked in sorted order, hidden files apart; a pattern (quoted in the shell)
    may hold ** ; a list is a text file of paths, or CSV/TSV with a column `path` and perhaps `label`, relative to it.

    What does not exist becomes a trial all the same: its row will say so. Raises UsageError where a list is no list, a
    source no path, or nothing at all was found.
    """
    inputs = Inputs()
    seen: set[str] = set()
    names: set[str] = set()
    given = [_as_text(source) for source in sources]
    for text in given:
        for trial in _expand_one(text, inputs):
            key = trial.key
            if key not in seen:
                seen.add(key)
                if trial.name in names:  # two lists may call different files alike; the full path is one file's alone
                    trial = replace(trial, name=key)
                names.add(trial.name)
                inputs.trials.append(trial)
    if not inputs.trials:
        where = ", ".join(given) if given else "nothing was named"
        raise UsageError(f"no recordings to score: {where} (give files, folders, 'patterns*', a list, or - )")
    return inputs


def _as_text(source: Any) -> str:
    if not isinstance(source, str | os.PathLike) or not isinstance(text := os.fspath(source), str):
        raise UsageError(
            f"many recordings are named by their paths, not by {type(source).__name__}; "
            "truevoice.load().score(...) takes bytes, files and arrays, one at a time"
        )
    return text


def _expand_one(text: str, inputs: Inputs) -> Iterator[Trial]:
    if text == STDIN:
        yield Trial(STDIN, STDIN)
    elif os.path.isdir(text):
        yield from _walk(text, inputs)
    elif os.path.lexists(text):
        if (suffix := Path(text).suffix.lower()) in LIST_EXTENSIONS and (suffix == ".parquet" or is_text(text)):
            yield from _read_list(Path(text))
        else:
            yield Trial(text, text)
    elif glob.has_magic(text):
        matches = sorted(glob.glob(text, recursive=True))
        for match in matches:  # as if found in a folder: a transcript beside the recordings is no list
            if os.path.isdir(match):
                yield from _walk(match, inputs)
            else:
                yield from _if_audio(match, inputs)
        if not matches:  # its row says that there is no such file; the rest is scored
            yield Trial(text, text)
    else:
        yield Trial(text, text)


def _walk(folder: str, inputs: Inputs) -> Iterator[Trial]:
    unreadable: list[str] = []
    for path in walk(folder, unreadable.append):
        yield from _if_audio(path, inputs)
    for name in unreadable:  # its row says why
        yield Trial(name, name)


def _if_audio(path: str, inputs: Inputs) -> Iterator[Trial]:
    if looks_like_audio(path):
        yield Trial(path, path)
    else:
        inputs.passed_over += 1


def _read_list(path: Path) -> Iterator[Trial]:
    if path.suffix.lower() in TABLE_EXTENSIONS:
        yield from _read_table(path)
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not a list of paths in UTF-8") from None
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror})") from None
    for line in text.split("\n"):  # not splitlines: file names may hold the rarer line ends of Unicode
        if line.strip() and not line.startswith("# "):
            yield _listed(path, line.strip())


def _read_table(path: Path) -> Iterator[Trial]:
    table = read_table(path)
    column, label_column = table.column(*PATH_COLUMNS), table.column("label")
    if column is None:
        raise UsageError(f"{path}: has no column 'path' in its first line, so it is not a list of recordings")
    words = {row[label_column] for row in table.rows} if label_column else set()
    labels = {word: _label(path, word) for word in sorted(words)}
    for row in table.rows:
        if row[column]:
            yield _listed(path, row[column], labels[row[label_column]] if label_column else "")


def _label(path: Path, word: str) -> str:
    try:
        return read_label(word)
    except UsageError:  # its remedy is an option of commands that need the truth
        raise UsageError(f"{path}: label {word!r} is neither bonafide nor spoof") from None


def _listed(list_path: Path, target: str, label: str = "") -> Trial:
    """Relative paths count from the list's own folder; the name stays as it was written."""
    source = target if os.path.isabs(target) else os.path.normpath(list_path.parent / target)
    if source == STDIN:
        source = os.path.join(os.curdir, STDIN)  # a file of that name: standard input cannot be listed
    return Trial(target, source, label)
