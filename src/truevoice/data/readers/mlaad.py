"""MLAAD: `fake/LANGUAGE/MODEL/*.wav` with a meta.csv in every folder; the real speech is M-AILABS, a set of its own.

Layout as https://deepfake-total.com/mlaad has it; meta.csv is divided by the pipe sign. M-AILABS
(`xx_YY/by_book/GENDER/READER/BOOK/wavs`) is taken as bona fide where it lies in the folder or beside it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from truevoice.data.layout import Gatherer, Layout
from truevoice.data.manifest import MISSING, Manifest
from truevoice.data.table import read_table
from truevoice.data.tree import Tree, join, parts
from truevoice.data.trial import BONAFIDE, SPOOF

REAL = re.compile(r"(?:.*/)?((\w\w)_\w\w/by_book/(male|female|mix)/([^/]+)(?:/.*)?)")
BESIDE = re.compile(r"m[-_ ]?ailabs.*", re.IGNORECASE)
COLUMNS = ("attack", "architecture", "language", "speaker", "gender", "group")


def detect(tree: Tree) -> bool:
    return next(_lists(tree), None) is not None


def read(tree: Tree) -> Manifest:
    gather = Gatherer(tree, *COLUMNS)
    rows = {folder: _rows(tree, relative) for folder, relative in _lists(tree)}
    for folder, name in tree.recordings():
        relative = join(folder, name)
        if (row := rows.get(folder, {}).pop(name, None)) is not None:
            gather.add(relative, SPOOF, row)
        elif meta := _real(folder, relative):
            gather.add(relative, BONAFIDE, meta)
        elif len(way := parts(folder)) > 2 and way[-3] == "fake":  # by its folder, where meta.csv does not have it
            gather.add(relative, SPOOF, {"attack": os.path.basename(folder), "language": way[-2]})
        else:
            gather.leave(relative)
    for folder, missing in rows.items():
        for name in missing:
            gather.leave(join(folder, name), MISSING)
    if not any(trial.label == BONAFIDE for trial in gather.trials):
        _add_beside(tree, gather)
    return gather.manifest("MLAAD")


def _lists(tree: Tree) -> Iterator[tuple[str, str]]:
    """(folder, path) of every meta.csv of the set's kind."""
    for relative in tree.files(r"meta\.csv"):
        with tree.path(relative).open(encoding="utf-8-sig", errors="replace") as file:
            header = file.readline(400).strip().split("|")
        if {"path", "original_file", "model_name"} <= set(header):
            yield os.path.dirname(relative), relative


def _rows(tree: Tree, relative: str) -> dict[str, dict[str, str]]:
    """File name → its columns."""
    table = read_table(tree.path(relative))
    return {
        os.path.basename(row["path"]): {
            "attack": row["model_name"],
            "architecture": row.get("architecture", ""),
            "language": row.get("language", ""),
            "group": row["original_file"].removeprefix("./"),
        }
        for row in table.rows
    }


def _real(folder: str, relative: str) -> dict[str, str]:
    """What the path of an M-AILABS recording tells; {} for any other."""
    fits = REAL.fullmatch(folder)
    if fits is None:
        return {}
    group = relative[relative.index(fits[1]) :]  # as original_file of the spoofs made from it
    if fits[3] == "mix":  # several readers, and the folder is the book
        return {"language": fits[2], "group": group}
    return {"language": fits[2], "gender": fits[3], "speaker": fits[4], "group": group}


def _add_beside(tree: Tree, gather: Gatherer) -> None:
    above = os.path.dirname(os.path.abspath(tree.root))
    names = sorted(os.listdir(above)) if os.access(above, os.R_OK | os.X_OK) else []
    for entry in names:
        if BESIDE.fullmatch(entry) and os.path.isdir(os.path.join(above, entry)):
            other = Tree.of(os.path.join(above, entry))
            for folder, name in other.recordings():
                if meta := _real(folder, join(folder, name)):
                    relative = join(folder, name)
                    gather.add(f"../{entry}/{relative}", BONAFIDE, meta, os.path.join(other.root, relative))
            gather.notes.append(f"bona fide recordings from ../{entry}")
            return
    gather.notes.append("MLAAD has no bona fide recordings; put M-AILABS beside this folder, or no EER can be given")


LAYOUT = Layout("MLAAD", "fake/LANGUAGE/MODEL/meta.csv", detect, read)
