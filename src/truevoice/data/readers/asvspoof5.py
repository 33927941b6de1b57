"""ASVspoof 5: flac_T, flac_D and flac_E_eval, named by `ASVspoof5.{train,dev.track_1,eval.track_1}.tsv`.

Layout as https://doi.org/10.5281/zenodo.14498691 has it. The protocols end in .tsv but are divided by single blanks
and have no header; the label is column 9, the attack column 8.
"""

from __future__ import annotations

import re

from truevoice.data.keys import read_key
from truevoice.data.layout import Gatherer, Layout, Stems, protocols, shown_near
from truevoice.data.manifest import Manifest
from truevoice.data.tree import Tree, parts
from truevoice.errors import UsageError

PROTOCOL = r"ASVspoof5\.(train|dev|eval)(\.track_1)?\.tsv"
PROTOCOL_FOLDERS = r"ASVspoof5_?protocols|protocols"
FOLDERS = frozenset({"flac_t", "flac_d", "flac_e", "flac_e_eval"})
COLUMNS = ("split", "attack", "attack_tag", "speaker", "gender", "codec", "codec_q", "group")


def detect(tree: Tree) -> bool:
    ways = [tree.above[-1:], *map(parts, tree.audio)]
    return bool(tree.files(PROTOCOL)) or any(part in FOLDERS for way in ways for part in way)


def read(tree: Tree) -> Manifest:
    found = protocols(tree, PROTOCOL, PROTOCOL_FOLDERS)
    if not found:
        raise UsageError(
            f"{tree.root}: ASVspoof 5 recordings without their protocols; fetch ASVspoof5_protocols.tar.gz from "
            "https://zenodo.org/records/14498691 and unpack it here"
        )
    gather = Gatherer(tree, *COLUMNS)
    stems = Stems(tree)
    for path in found:
        fits = re.fullmatch(PROTOCOL, path.name, re.IGNORECASE)
        assert fits is not None
        stems.join(gather, shown_near(tree, path), read_key(path), {"split": fits[1].lower()})
    stems.finish(gather)
    return gather.manifest("ASVspoof 5")


LAYOUT = Layout("ASVspoof 5", "flac_T, flac_D, flac_E_eval and ASVspoof5.*.tsv", detect, read)
