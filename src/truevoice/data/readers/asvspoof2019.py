"""ASVspoof 2019, logical and physical access: recordings named by `ASVspoof2019.{LA,PA}.cm.{train,dev,eval}` protocols.

Layout as the README of https://doi.org/10.7488/ds/2555 gives it; the attack is column 4, the label column 5. On Kaggle
the folders are doubled (LA/LA). The protocols are also found beside the folder of one part.
"""

from __future__ import annotations

import re

from truevoice.data.keys import read_key
from truevoice.data.layout import Gatherer, Layout, Stems, protocols, shown_near
from truevoice.data.manifest import Manifest
from truevoice.data.tree import Tree, parts
from truevoice.errors import UsageError

PROTOCOL = r"ASVspoof2019\.(LA|PA)\.cm\.(train|dev|eval)\.tr[nl]\.txt"
PROTOCOL_FOLDERS = r"LA|PA|ASVspoof2019_(LA|PA)_cm_protocols"
PART = re.compile(r"asvspoof2019_(la|pa)(_(train|dev|eval))?")


def detect(tree: Tree) -> bool:
    if tree.files(PROTOCOL):
        return True
    ways = [tree.above, *map(parts, tree.audio)]
    return any(PART.fullmatch(part) for way in ways for part in way) and bool(tree.audio)


def read(tree: Tree) -> Manifest:
    found = protocols(tree, PROTOCOL, PROTOCOL_FOLDERS)
    if not found:
        raise UsageError(
            f"{tree.root}: ASVspoof 2019 recordings without their protocols; put the folder "
            "ASVspoof2019_LA_cm_protocols (PA likewise) from LA.zip beside the recordings"
        )
    gather = Gatherer(tree, "split", "track", "attack", "speaker", "environment", "source")
    stems = Stems(tree, lambda folder: "spoof2021" not in folder.lower())
    tracks = set()
    for path in found:
        fits = re.fullmatch(PROTOCOL, path.name, re.IGNORECASE)
        assert fits is not None
        track, split = fits[1].upper(), fits[2].lower()
        before = len(gather.trials)
        stems.join(gather, shown_near(tree, path), read_key(path), {"split": split, "track": track})
        tracks |= {track} if len(gather.trials) > before else set()
    stems.finish(gather)
    return gather.manifest(f"ASVspoof 2019 {' and '.join(sorted(tracks))}".rstrip())


LAYOUT = Layout("ASVspoof 2019", "ASVspoof2019.LA.cm.*.txt or PA protocols", detect, read)
