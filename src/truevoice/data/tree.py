"""A folder walked once: which recordings and which other files lie where. Readers look at this, not at the disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from truevoice.audio.recognise import AUDIO_EXTENSIONS
from truevoice.errors import UsageError

JUNK_FOLDERS = frozenset({"__MACOSX", "$RECYCLE.BIN", "System Volume Information"})


@dataclass
class Tree:
    """audio, other: names by folder; a folder is its path from `root` with /, "" the root itself. closed: folders that
    do not open. unwritable: recordings whose names are no UTF-8, so that no table can hold them. hollow: empty folders
    that are called like a recording."""

    root: Path
    audio: dict[str, list[str]] = field(default_factory=dict)
    other: dict[str, list[str]] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    unwritable: list[str] = field(default_factory=list)
    hollow: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, root: str | os.PathLike[str]) -> Tree:
        """Walks `root`; hidden and system files are passed over, links followed, no folder entered twice. Recordings
        are known by their extension. Raises UsageError where it is no folder or does not open."""
        tree = cls(Path(root))
        if not tree.root.is_dir():
            raise UsageError(f"{root}: is not a folder" if tree.root.exists() else f"{root}: no such file or folder")
        if not os.access(tree.root, os.R_OK | os.X_OK):
            raise UsageError(f"{root}: no permission to read this folder")
        tree._walk()
        return tree

    def recordings(self) -> Iterator[tuple[str, str]]:
        """(folder, name) of every recording, folders and names in order."""
        for folder in sorted(self.audio):
            for name in self.audio[folder]:
                yield folder, name

    def files(self, pattern: str) -> list[str]:
        """Paths from the root of other files whose whole name fits `pattern`, upper and lower case alike."""
        fits = re.compile(pattern, re.IGNORECASE).fullmatch
        return [join(folder, name) for folder in sorted(self.other) for name in self.other[folder] if fits(name)]

    def path(self, relative: str) -> Path:
        return self.root / relative

    @property
    def above(self) -> list[str]:
        """The names of the root and of the folder that it lies in, outer first, in lower case."""
        return [part.lower() for part in Path(os.path.abspath(self.root)).parts[-2:]]

    def __len__(self) -> int:
        return sum(map(len, self.audio.values()))

    def _walk(self) -> None:
        entered = {os.path.realpath(self.root)}
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(os.path.join(self.root, folder)) as entries:
                    found = [entry for entry in entries if not entry.name.startswith(".")]
            except OSError:
                self.closed.append(folder)
                continue
            if os.path.splitext(folder)[1].lower() in AUDIO_EXTENSIONS and not found:
                self.hollow.append(folder)
            for entry in found:
                if entry.is_dir():
                    real = os.path.realpath(entry.path) if entry.is_symlink() else None
                    if entry.name not in JUNK_FOLDERS and real not in entered:
                        entered |= {real} if real else set()
                        waiting.append(join(folder, entry.name))
                elif entry.is_file() or entry.is_symlink():  # a dead link is listed: opening it will say so
                    self._sort_in(folder, entry.name)
        for names in (*self.audio.values(), *self.other.values()):
            names.sort()

    def _sort_in(self, folder: str, name: str) -> None:
        if os.path.splitext(name)[1].lower() not in AUDIO_EXTENSIONS:
            self.other.setdefault(folder, []).append(name)
        elif name.isascii() or _is_utf8(name):
            self.audio.setdefault(folder, []).append(name)
        else:
            self.unwritable.append(join(folder, name))


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def parts(folder: str) -> list[str]:
    """The names on the way to a folder, in lower case."""
    return folder.lower().split("/") if folder else []


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
