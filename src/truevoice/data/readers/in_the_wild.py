"""In-the-Wild: numbered recordings beside `meta.csv` (file, speaker, label), or copies in real/ and fake/ folders.

Layout as https://huggingface.co/datasets/mueller91/In-The-Wild has it. The copies on Kaggle keep the file numbers, so
that a meta.csv beside them brings the speakers back.
"""

from __future__ import annotations

import os
import re

from truevoice.data.labels import read_labels
from truevoice.data.layout import Gatherer, Layout
from truevoice.data.manifest import DUPLICATE, MISSING, Manifest
from truevoice.data.table import read_table
from truevoice.data.tree import Tree, join, parts
from truevoice.data.trial import BONAFIDE, SPOOF
from truevoice.errors import UsageError

HEADER = ("file", "speaker", "label")
CLASSES = {"real": BONAFIDE, "fake": SPOOF}
NAMES = ("release_in_the_wild", "in_the_wild", "in-the-wild", "inthewild")
DISAGREES = "its folder and meta.csv disagree"

Row = tuple[str, str]  # speaker, label


def detect(tree: Tree) -> bool:
    return _list(tree) is not None or any(_mirror(tree, folder, False) for folder in tree.audio)


def read(tree: Tree) -> Manifest:
    listed = _list(tree)
    rows = _rows(tree, listed) if listed is not None else {}
    gather = Gatherer(tree, "speaker")
    mirrored = {folder: _mirror(tree, folder, listed is not None) for folder in tree.audio}
    found: set[str] = set()
    for folder, name in tree.recordings():
        relative, by_folder, stem = join(folder, name), mirrored[folder], os.path.splitext(name)[0]
        speaker, label = rows.get(stem, ("", ""))
        if stem in found and (by_folder or label):  # numbers are unique in this set
            gather.leave(relative, DUPLICATE)
            continue
        found.add(stem)
        if by_folder and label and by_folder != label:
            gather.leave(relative, DISAGREES)
        elif by_folder or label:
            gather.add(relative, label or by_folder, {"speaker": speaker})
        else:
            gather.leave(relative)
    for stem in rows:
        if stem not in found:
            gather.leave(stem, MISSING)
    if listed is None:
        gather.notes.append("no meta.csv: the labels are those of the folders, and the speakers are unknown")
    return gather.manifest("In-the-Wild" + (" (real and fake folders)" if any(mirrored.values()) else ""))


def _list(tree: Tree) -> str | None:
    for relative in tree.files(r"meta\.csv"):
        with tree.path(relative).open(encoding="utf-8-sig", errors="replace") as file:
            header = [word.strip().strip('"').lower() for word in file.readline(200).replace(";", ",").split(",")]
            numbered = re.match(r'"?\d+\.wav\b', file.readline(200))
        if tuple(header[:3]) == HEADER and numbered:
            return relative
    return None


def _rows(tree: Tree, listed: str) -> dict[str, Row]:
    table = read_table(tree.path(listed))
    file, speaker, label = (table.column(name) or name for name in HEADER)
    meanings = read_labels((row[label] for row in table.rows), None, table.path)
    rows: dict[str, Row] = {}
    for row in table.rows:
        stem = os.path.splitext(os.path.basename(row[file]))[0]
        if rows.setdefault(stem, (row[speaker], meanings[row[label]])) != (row[speaker], meanings[row[label]]):
            raise UsageError(f"{table.path}: lists {row[file]} twice, with different content")
    return rows


def _mirror(tree: Tree, folder: str, with_list: bool) -> str:
    """The label of a real or fake folder of the set; "" for any other."""
    way = tree.above + parts(folder)
    named = with_list or any(part.startswith(NAMES) for part in way[:-1])
    return CLASSES.get(way[-1], "") if parts(folder) and named else ""


LAYOUT = Layout("In-the-Wild", "meta.csv with file, speaker, label", detect, read)
