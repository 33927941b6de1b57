"""From what a user types to a list of trials: files, folders, patterns, lists, and "-" for standard input."""

from __future__ import annotations

import csv
import glob
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from truevoice.audio.source import STDIN
from truevoice.errors import AudioError, UsageError

AUDIO_EXTENSIONS = frozenset(
    {".wav", ".w64", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".m4a", ".m4b", ".aac", ".amr", ".wma", ".aif"}
    | {".aiff", ".au", ".caf", ".wv", ".ape", ".gsm", ".webm", ".weba", ".mka", ".mkv", ".mp4", ".m4v", ".mov"}
    | {".3gp", ".avi"}
)
LIST_EXTENSIONS = frozenset({".txt", ".lst", ".list", ".csv", ".tsv"})
PATH_COLUMNS = ("path", "file", "filename")
LABELS = frozenset({"bonafide", "spoof"})
# First bytes of sound files that lie about without a known extension.
MAGIC = (b"RIFF", b"RF64", b"fLaC", b"OggS", b"ID3", b"FORM", b"\x1aE\xdf\xa3", b"#!AMR", b".snd", b"caff", b"0&\xb2u")


@dataclass(frozen=True)
class Trial:
    """One recording to score. `name` is what it is called in the results; `label` the truth, "" where unknown."""

    name: str
    source: str
    label: str = ""

    @property
    def key(self) -> str:
        """What makes it one recording: its full path, or "-"."""
        return self.source if self.source == STDIN else os.path.abspath(self.source)


@dataclass
class Inputs:
    """Trials in the order given, each source once; `passed_over`: files in folders that are not audio."""

    trials: list[Trial] = field(default_factory=list)
    passed_over: int = 0


def expand(sources: Iterable[str | os.PathLike[str]]) -> Inputs:
    """Turns paths into trials. A folder is walked in sorted order, hidden files apart; a pattern (quoted in the shell)
    may hold ** ; a list is a text file of paths, or CSV/TSV with a column `path` and perhaps `label`, relative to it.

    What does not exist becomes a trial all the same: its row will say so. Raises UsageError where a list is no list,
    or where nothing at all was found.
    """
    inputs = Inputs()
    seen: set[str] = set()
    names: set[str] = set()
    given = [os.fspath(source) for source in sources]
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


def _expand_one(text: str, inputs: Inputs) -> Iterator[Trial]:
    if text == STDIN:
        yield Trial(STDIN, STDIN)
    elif os.path.isdir(text):
        yield from _walk(text, inputs)
    elif os.path.lexists(text):
        if Path(text).suffix.lower() in LIST_EXTENSIONS and _is_text(text):
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
        if not matches:
            raise UsageError(f"no file matches {text!r}")
    else:
        yield Trial(text, text)


def _walk(folder: str, inputs: Inputs) -> Iterator[Trial]:
    unreadable: list[str] = []
    entered: set[str] = set()  # links are followed, as data sets are often linked into place, but no folder twice
    walk = os.walk(folder, followlinks=True, onerror=lambda error: unreadable.append(str(error.filename)))
    for parent, folders, files in walk:
        entered.add(os.path.realpath(parent))
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(os.path.join(parent, name)) not in entered
        )
        for name in sorted(files):
            if not name.startswith("."):
                yield from _if_audio(os.path.join(parent, name), inputs)
    for name in unreadable:  # its row says why
        yield Trial(name, name)


def _if_audio(path: str, inputs: Inputs) -> Iterator[Trial]:
    if _looks_like_audio(path):
        yield Trial(path, path)
    else:
        inputs.passed_over += 1


def _looks_like_audio(path: str) -> bool:
    """By extension, else by the first bytes: a misnamed recording in a folder must not be missed.

    A pipe or device in a folder is none: to open it may wait for ever. A dead link with the right name is, so that its
    row says so.
    """
    try:
        regular = stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        regular = os.path.islink(path)
    if not regular:
        return False
    if Path(path).suffix.lower() in AUDIO_EXTENSIONS:
        return True
    try:
        with open(path, "rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head.startswith(MAGIC) or head[4:8] == b"ftyp"


def _is_text(path: str) -> bool:
    """A list must be text; a recording that is named .txt is still a recording."""
    try:
        with open(path, "rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return b"\0" not in head and not head.startswith(MAGIC)


def _read_list(path: Path) -> Iterator[Trial]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not a list of paths in UTF-8") from None
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror})") from None
    lines = [line for line in text.splitlines() if line.strip()]
    if path.suffix.lower() in {".csv", ".tsv"}:
        yield from _read_table(path, lines)
        return
    for line in lines:
        if not line.startswith("#"):
            yield _listed(path, line.strip())


def _read_table(path: Path, lines: list[str]) -> Iterator[Trial]:
    header = lines[0] if lines else ""
    delimiter = max("\t;,", key=header.count)
    reader = csv.DictReader(lines, delimiter=delimiter)
    column = next((name for name in PATH_COLUMNS if name in (reader.fieldnames or ())), None)
    if column is None:
        raise UsageError(f"{path}: has no column 'path' in its first line, so it is not a list of recordings")
    for row in reader:
        label = (row.get("label") or "").strip()
        if label and label not in LABELS:
            raise UsageError(f"{path}: label {label!r} is neither bonafide nor spoof")
        if target := (row[column] or "").strip():
            yield _listed(path, target, label)


def _listed(list_path: Path, target: str, label: str = "") -> Trial:
    """Relative paths count from the list's own folder; the name stays as it was written."""
    source = target if os.path.isabs(target) else os.path.normpath(list_path.parent / target)
    return Trial(target, source, label)
