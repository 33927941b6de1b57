"""WaveFake: one folder a vocoder, all spoof; the real recordings are LJ Speech and JSUT, sets of their own.

Layout as https://doi.org/10.5281/zenodo.5642694 has it. LJSpeech-1.1/wavs and jsut_ver1.1/basic5000/wav are taken as
bona fide where they lie in the folder or beside it. File names repeat from vocoder to vocoder.
"""

from __future__ import annotations

import os
import re

from truevoice.data.layout import Gatherer, Layout
from truevoice.data.manifest import Manifest
from truevoice.data.tree import Tree, join, parts
from truevoice.data.trial import BONAFIDE, SPOOF

VOCODER = re.compile(r"(ljspeech|jsut)_((full_band_|multi_band_)?melgan(_large)?|parallel_wavegan|hifigan|waveglow)")
TEXT_TO_SPEECH = "common_voices_prompts_from_conformer_fastspeech2_pwg_ljspeech"
REAL = {("ljspeech-1.1", "wavs"): "ljspeech", ("jsut_ver1.1", "basic5000", "wav"): "jsut"}
LANGUAGE = {"ljspeech": "en", "jsut": "ja"}
BESIDE = frozenset(way[0] for way in REAL)


def detect(tree: Tree) -> bool:
    return any(_vocoder(tree, folder) for folder in tree.audio)


def read(tree: Tree) -> Manifest:
    gather = Gatherer(tree, "attack", "vocoder", "source", "speaker", "language", "group")
    for folder, name in tree.recordings():
        found = _vocoder(tree, folder)
        corpus = found[0] if found else _corpus(parts(folder))
        if not corpus:
            gather.leave(join(folder, name))
            continue
        meta = {"source": corpus, "speaker": corpus, "language": LANGUAGE[corpus], "group": _sentence(name)}
        if found:
            meta |= {"attack": os.path.basename(folder) or tree.root.name, "vocoder": found[1]}
        gather.add(join(folder, name), SPOOF if found else BONAFIDE, meta)
    if not any(trial.label == BONAFIDE for trial in gather.trials):
        _add_beside(tree, gather)
    if not any(trial.label == BONAFIDE for trial in gather.trials):
        gather.notes.append(
            "WaveFake has no bona fide recordings; put LJSpeech-1.1 (and jsut_ver1.1) beside this folder, or no EER "
            "can be given"
        )
    return gather.manifest("WaveFake")


def _add_beside(tree: Tree, gather: Gatherer) -> None:
    """Real recordings from the folder that this one lies in."""
    above = os.path.dirname(os.path.abspath(tree.root))
    for entry in sorted(os.listdir(above)) if os.access(above, os.R_OK | os.X_OK) else ():
        if entry.lower() not in BESIDE or not os.path.isdir(os.path.join(above, entry)):
            continue
        other = Tree.of(os.path.join(above, entry))
        for folder, name in other.recordings():
            if corpus := _corpus([entry.lower(), *parts(folder)]):
                source = os.path.join(other.root, join(folder, name))
                meta = {"source": corpus, "speaker": corpus, "language": LANGUAGE[corpus], "group": _sentence(name)}
                gather.add(join(f"../{entry}", join(folder, name)), BONAFIDE, meta, source)
        gather.notes.append(f"bona fide recordings from ../{entry}")


def _vocoder(tree: Tree, folder: str) -> tuple[str, str] | None:
    """(corpus, vocoder) of a folder of spoofs."""
    name = (tree.above + parts(folder))[-1]
    if name == TEXT_TO_SPEECH:
        return "ljspeech", "parallel_wavegan"
    return (fits[1], fits[2]) if (fits := VOCODER.fullmatch(name)) else None


def _corpus(way: list[str]) -> str:
    return next((corpus for end, corpus in REAL.items() if tuple(way[-len(end) :]) == end), "")


def _sentence(name: str) -> str:
    return os.path.splitext(name)[0].removesuffix("_gen")


LAYOUT = Layout("WaveFake", "folders such as ljspeech_melgan", detect, read)
