"""LibriSeVoc: folder gt is real, every other folder is one vocoder.

Layout as https://github.com/csun22/Synthetic-Voice-Detection-Vocoder-Artifacts describes it; the reader's number is the
name up to the first underscore.
"""

from __future__ import annotations

import os

from truevoice.data.layout import Gatherer, Layout
from truevoice.data.manifest import Manifest
from truevoice.data.tree import Tree, join, parts
from truevoice.data.trial import BONAFIDE, SPOOF

VOCODERS = frozenset({"diffwave", "melgan", "parallel_wave_gan", "wavegrad", "wavenet", "wavernn"})
REAL = "gt"


def detect(tree: Tree) -> bool:
    return _home(tree) is not None


def read(tree: Tree) -> Manifest:
    home = _home(tree)
    gather = Gatherer(tree, "attack", "speaker", "group")
    for folder, name in tree.recordings():
        way = parts(folder)
        if not way or way[:-1] != home:
            gather.leave(join(folder, name))
            continue
        sentence = os.path.splitext(name)[0].removesuffix("_gen")
        real = way[-1].startswith(REAL)
        meta = {"attack": "" if real else os.path.basename(folder)}
        meta |= {"speaker": name.split("_")[0], "group": sentence}
        gather.add(join(folder, name), BONAFIDE if real else SPOOF, meta)
    return gather.manifest("LibriSeVoc")


def _home(tree: Tree) -> list[str] | None:
    """The folder that holds gt and the vocoders, as the names on the way to it."""
    ways = [parts(folder) for folder in tree.audio if folder]
    homes = [way[:-1] for way in ways if way[-1] == REAL]
    return next((home for home in homes if any(way[:-1] == home and way[-1] in VOCODERS for way in ways)), None)


LAYOUT = Layout("LibriSeVoc", "gt beside diffwave, melgan, …", detect, read)
