"""ASVspoof 2021, logical access, deepfake and physical access: recordings whose labels lie in separate key archives.

Layout as https://github.com/asvspoof-challenge/2021 (eval-package/README.md) gives it. The list that comes with the
recordings has no labels; `trial_metadata.txt` has, under keys/LA/CM (stage 1: keys/CM), inside the folder or beside it.
Published figures are those of the subset `eval`.
"""

from __future__ import annotations

import re

from truevoice.data.keys import read_key
from truevoice.data.layout import Gatherer, Layout, Stems, protocols, shown_near
from truevoice.data.manifest import Manifest
from truevoice.data.tree import Tree
from truevoice.errors import UsageError

KEY = r"trial_metadata\.txt"
KEY_FOLDERS = r"keys|(LA|DF|PA)(-keys.*)?|CM|(LA|DF|PA)_keys.*|ASVspoof2021.*keys.*"
TRACKS = frozenset({"LA", "DF", "PA"})
LIST = r"ASVspoof2021\.(LA|DF|PA)\.cm\.eval\.trl\.txt"
TRIAL = re.compile(r"(LA|DF|PA)_E_\d{7}\.flac", re.IGNORECASE)
SUBSET = "eval"
COLUMNS = (
    *("split", "track", "subset", "attack", "speaker", "codec", "transmission", "trim", "source", "vocoder"),
    *("task", "team", "gender_pair", "language", "room", "mic", "distance", "attacker_room", "attacker_mic"),
    "attacker_distance",
)


def detect(tree: Tree) -> bool:
    """By the names of the recordings, which 2019 has too: its folders say so."""
    of_2019 = any("spoof2019" in part for part in tree.above) and not tree.files(LIST)
    return bool(_tracks(tree)) and not of_2019


def read(tree: Tree) -> Manifest:
    stems = Stems(tree, lambda folder: "spoof2019" not in folder.lower())
    gather = Gatherer(tree, *COLUMNS)
    done: dict[str, str] = {}
    here = _tracks(tree)
    for path in protocols(tree, KEY, KEY_FOLDERS):
        if path.parent.name.upper() == "ASV":
            continue  # the key of speaker verification
        shown, said = shown_near(tree, path), path.parent.parent.name.upper()
        if said in TRACKS and said not in here:
            continue  # the key archive holds all tracks; recordings of this one are not here
        rows = read_key(path)
        track = rows[0].trial.split("_")[0].upper()
        if track in done:
            gather.notes.append(f"{shown} is another key of {track} and was not used")
            continue
        before = len(gather.trials)
        stems.join(gather, shown, rows, {"track": track, "split": SUBSET})
        if len(gather.trials) > before:
            done[track] = shown
    if without := sorted(here - set(done)):
        if not done:
            raise UsageError(_fetch(tree, without[0]))
        gather.notes += [_fetch(tree, track) for track in without]
    stems.finish(gather)
    gather.notes += [f"labels of {track} from {shown}" for track, shown in done.items()]
    return gather.manifest(f"ASVspoof 2021 {' and '.join(sorted(done))}", default_subset=SUBSET)


def _tracks(tree: Tree) -> set[str]:
    """Which tracks have recordings here, told by the first name of every folder."""
    firsts = [names[0] for folder, names in tree.audio.items() if "spoof2019" not in folder.lower()]
    return {fits[1].upper() for name in firsts if (fits := TRIAL.fullmatch(name))}


def _fetch(tree: Tree, track: str) -> str:
    return (
        f"{tree.root}: ASVspoof 2021 {track} recordings without their labels; fetch {track}-keys-full.tar.gz from "
        f"https://www.asvspoof.org/index2021.html and unpack it here, as keys/{track}/CM/trial_metadata.txt"
    )


LAYOUT = Layout("ASVspoof 2021", "LA_E_, DF_E_ or PA_E_ recordings and keys/*/CM/trial_metadata.txt", detect, read)
