"""Any set whose folders, or the beginnings of whose file names, say real and fake.

Folders may lie at any depth, in any case, over or under train, validation and test folders, and inside doubled ones.
"""

from __future__ import annotations

import re

from truevoice.data.labels import is_class_word, read_label
from truevoice.data.layout import Gatherer, Layout
from truevoice.data.manifest import Manifest
from truevoice.data.tree import Tree, join, parts
from truevoice.data.trial import LABELS

# Words that name a class and nothing else; the others (original, human, generated, …) give way to them.
PLAIN = frozenset({"real", "fake", "bonafide", "spoof", "spoofed", "genuine", "deepfake"})
TAIL = re.compile(r"(audios?|voices?|speech|samples?|wavs?|clips?|files?|recordings?|data|set|s)$")
SPLITS = {
    **{"train": "train", "training": "train"},
    **{"val": "validation", "valid": "validation", "validation": "validation"},
    **{"dev": "dev", "development": "dev"},
    **{"test": "test", "testing": "test", "eval": "eval", "evaluation": "eval"},
}
AMBIGUOUS = "its folders name both classes"


def detect(tree: Tree) -> bool:
    return any(_label(folder) for folder in tree.audio)


def read(tree: Tree) -> Manifest:
    gather = Gatherer(tree, "split", "folder")
    labels = {folder: _label(folder) for folder in tree.audio}
    metas = {folder: _meta(folder) for folder in tree.audio}
    for folder, name in tree.recordings():
        if (label := labels[folder]) in LABELS:
            gather.add(join(folder, name), label, metas[folder])
        else:
            gather.leave(join(folder, name), *([AMBIGUOUS] if label else []))
    return gather.manifest("real and fake folders")


def detect_prefixes(tree: Tree) -> bool:
    return set(LABELS) <= {_prefix(name) for _, name in tree.recordings()}


def read_prefixes(tree: Tree) -> Manifest:
    gather = Gatherer(tree, "split", "folder")
    for folder, name in tree.recordings():
        if label := _prefix(name):
            gather.add(join(folder, name), label, {**_meta(folder), "folder": folder})
        else:
            gather.leave(join(folder, name))
    return gather.manifest("file names that begin with the class")


def _label(folder: str) -> str:
    """The class that the names on the way to a folder give; AMBIGUOUS where they give both, "" where none."""
    words = [word for part in parts(folder) if (word := _class_word(part))]
    found = {read_label(word) for word in words if word in PLAIN} or {read_label(word) for word in words}
    return "" if not found else found.pop() if len(found) == 1 else AMBIGUOUS


def _meta(folder: str) -> dict[str, str]:
    """The split, and what lies under the class folder (a system, a speaker: nobody says)."""
    names = folder.split("/") if folder else []
    split = next((SPLITS[word] for part in names if (word := _folded(part)) in SPLITS), "")
    at = max((number for number, part in enumerate(names) if _class_word(part)), default=len(names))
    beneath = [part for part in names[at + 1 :] if _folded(part) not in SPLITS]
    return {"split": split, "folder": "/".join(beneath)}


def _class_word(part: str) -> str:
    """Which word for a class a folder's name is; "" where none. `2_Fake voices` is fake."""
    letters = re.sub(r"[^a-z]", "", part.lower())
    if is_class_word(letters):
        return letters
    shorter = TAIL.sub("", letters)
    return shorter if is_class_word(shorter) else ""


def _folded(part: str) -> str:
    letters = re.sub(r"[^a-z]", "", part.lower())
    return letters if letters in SPLITS else TAIL.sub("", letters)


def _prefix(name: str) -> str:
    word = re.split(r"[^A-Za-z]", name, maxsplit=1)[0].lower()
    return read_label(word) if word in PLAIN else ""


LAYOUT = Layout("real and fake folders", "folders called real and fake (bonafide, spoof, …)", detect, read)
PREFIXES = Layout("named files", "files called real_… and fake_…", detect_prefixes, read_prefixes)
