"""Fake-or-Real: four variants, each `{training,validation,testing}/{real,fake}`, often in a doubled folder.

Layout as the archives at https://bil.eecs.yorku.ca/datasets and the copies on Kaggle have it: the inner folders are
called for-2seconds and for-rerecorded where the archives are for-2sec and for-rerec. There are no speakers; file
numbers are independent in every folder.
"""

from __future__ import annotations

from truevoice.data.layout import Gatherer, Layout
from truevoice.data.manifest import Manifest
from truevoice.data.tree import Tree, join, parts
from truevoice.data.trial import BONAFIDE, SPOOF

VARIANTS = {
    "for-original": "original",
    "for-norm": "norm",
    "for-2sec": "2sec",
    "for-2seconds": "2sec",
    "for-rerec": "rerec",
    "for-rerecorded": "rerec",
}
SPLITS = {"training": "train", "validation": "validation", "testing": "test"}
CLASSES = {"real": BONAFIDE, "fake": SPOOF}


def detect(tree: Tree) -> bool:
    return any(_place(tree, folder) for folder in tree.audio)


def read(tree: Tree) -> Manifest:
    gather = Gatherer(tree, "variant", "split")
    places = {folder: _place(tree, folder) for folder in tree.audio}
    for folder, name in tree.recordings():
        if place := places[folder]:
            variant, split, label = place
            gather.add(join(folder, name), label, {"variant": variant, "split": split})
        else:
            gather.leave(join(folder, name))
    variants = sorted({place[0] for place in places.values() if place})
    return gather.manifest(f"Fake-or-Real, {'variant' if len(variants) == 1 else 'variants'} {', '.join(variants)}")


def _place(tree: Tree, folder: str) -> tuple[str, str, str] | None:
    """(variant, split, label) of a folder; None where it is not one of the set's."""
    way = tree.above + parts(folder)
    if len(way) < 3 or way[-1] not in CLASSES or way[-2] not in SPLITS:
        return None
    variant = next((VARIANTS[part] for part in reversed(way[:-2]) if part in VARIANTS), None)
    return (variant, SPLITS[way[-2]], CLASSES[way[-1]]) if variant else None


LAYOUT = Layout("Fake-or-Real", "for-norm, for-original, for-2sec or for-rerec folders", detect, read)
