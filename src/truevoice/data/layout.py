"""What a reader of one layout is, and how it gathers its finds into a manifest."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from truevoice.data.keys import KeyRow
from truevoice.data.manifest import CONTRADICTION, DUPLICATE, MISSING, UNLABELLED, Manifest
from truevoice.data.tree import Tree, join
from truevoice.data.trial import LeftOut, Trial

OF_ANOTHER_SET = "of another set"


@dataclass(frozen=True)
class Layout:
    """title: the set's name for people. looks_for: what it is recognised by, in a few words. detect: whether a tree is
    one. read: the tree as a manifest; raises UsageError where something needed is not there."""

    title: str
    looks_for: str
    detect: Callable[[Tree], bool]
    read: Callable[[Tree], Manifest]


class Gatherer:
    """Collects trials and what is left out, while a reader goes through a tree."""

    def __init__(self, tree: Tree, *columns: str) -> None:
        self.tree = tree
        self.columns = columns
        self.trials: list[Trial] = []
        self.left_out = [LeftOut(folder or ".", "folder does not open") for folder in tree.closed]
        self.left_out += [LeftOut(name, "its name is not in UTF-8") for name in tree.unwritable]
        self.left_out += [LeftOut(name, "is a folder, not a recording") for name in tree.hollow]
        self.notes: list[str] = []
        self._root = os.fspath(tree.root)
        self._alike: dict[tuple[str, ...], dict[str, str]] = {}

    def add(self, relative: str, label: str, meta: Mapping[str, str], source: str | None = None) -> None:
        """One labelled recording; `relative` to the root is its name, `source` its path where that is elsewhere."""
        key = tuple([meta.get(column, "") for column in self.columns])
        if key not in self._alike:
            self._alike[key] = dict(zip(self.columns, key))
        self.trials.append(Trial(relative, source or os.path.join(self._root, relative), label, self._alike[key]))

    def leave(self, relative: str, reason: str = UNLABELLED) -> None:
        self.left_out.append(LeftOut(relative, reason))

    def manifest(self, kind: str, default_subset: str = "") -> Manifest:
        """All of it, without the columns that stayed empty."""
        used = [name for at, name in enumerate(self.columns) if any(key[at] for key in self._alike)]
        return Manifest(kind, self.tree.root, self.trials, self.left_out, self.notes, used, default_subset)


class Stems:
    """Recordings by name without extension, for protocols that name them so. `left`: those no protocol has named."""

    def __init__(self, tree: Tree, keep: Callable[[str], bool] = lambda folder: True) -> None:
        self.by_stem: dict[str, str] = {}
        self.repeated: list[str] = []
        self.elsewhere: list[str] = []
        for folder, name in tree.recordings():
            relative = join(folder, name)
            if not keep(folder):
                self.elsewhere.append(relative)
            elif self.by_stem.setdefault(os.path.splitext(name)[0], relative) is not relative:
                self.repeated.append(relative)
        self.left = dict(self.by_stem)

    def join(self, gather: Gatherer, protocol: str, rows: list[KeyRow], extra: Mapping[str, str]) -> None:
        """Adds the recordings that `rows` name, with `extra` columns; lists those missing. A protocol of which nothing
        is here, as for another part of the set, becomes a note instead."""
        present = sum(row.trial in self.by_stem for row in rows)
        if not present:
            gather.notes.append(f"{protocol} lists {len(rows):,} trials; none of their recordings is here")
            return
        first: dict[str, str] = {}
        clashing = {row.trial for row in rows if first.setdefault(row.trial, row.label) != row.label}
        for row in rows:
            relative = self.left.pop(row.trial, None)
            if row.trial not in self.by_stem:
                gather.leave(row.trial, MISSING)
            elif row.trial in clashing:
                gather.leave(row.trial, CONTRADICTION)
            elif relative is None:
                gather.leave(row.trial, DUPLICATE)
            elif not row.label:
                gather.leave(relative)
            else:
                gather.add(relative, row.label, {**row.meta, **extra})

    def finish(self, gather: Gatherer) -> None:
        """What no protocol has named is left out as unlabelled, further copies as duplicates."""
        for relative in self.left.values():
            gather.leave(relative)
        for relative in self.repeated:
            gather.leave(relative, DUPLICATE)
        for relative in self.elsewhere:
            gather.leave(relative, OF_ANOTHER_SET)


def protocols(tree: Tree, pattern: str, folders: str) -> list[Path]:
    """Files whose name fits `pattern` in the tree, else near it: in the two folders above and in those beneath them
    that are called like `folders`. One file a name and folder name, so that doubled copies count once."""
    found = [tree.path(relative) for relative in tree.files(pattern)]
    here = Path(os.path.abspath(tree.root))
    for place in (here.parent, here.parent.parent):
        if not found:
            found = _near(place, re.compile(pattern, re.I), re.compile(folders, re.I), depth=4)
    return list({path.name.lower() + "/" + "/".join(path.parts[-3:-1]).lower(): path for path in found}.values())


def _near(place: Path, pattern: re.Pattern[str], folders: re.Pattern[str], depth: int) -> list[Path]:
    found: list[Path] = []
    try:
        with os.scandir(place) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if pattern.fullmatch(entry.name):
                    found.append(Path(entry.path))
                elif depth and folders.fullmatch(entry.name) and entry.is_dir():
                    found += _near(Path(entry.path), pattern, folders, depth - 1)
    except OSError:
        pass  # what does not open is not near
    return found


def shown_near(tree: Tree, path: Path) -> str:
    """A path as notes call it: from the root where it lies beneath or close to it."""
    return os.path.relpath(path, tree.root)
