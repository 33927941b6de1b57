"""The register: a name or a path → a detector ready to score.

Adding a detector is adding its card, `models/NAME.yaml`; nothing here changes.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from dataclasses import replace
from importlib import resources
from pathlib import Path

from truevoice.detectors.cache import cached_weights, is_file, where_to_get
from truevoice.detectors.card import Card, cards
from truevoice.detectors.detector import Detector
from truevoice.detectors.opened import described_graph, open_folder, open_graph, open_weights, refuse_torch
from truevoice.detectors.precise import in_precision
from truevoice.errors import CheckpointError, UsageError, one_line
from truevoice.models.converted import is_converted

DEFAULT_MODEL = "mel-cnn"
ENGINES = ("auto", "onnx", "torch")
OF_PARTS = "ssl:"  # before the name of a detector put together from an encoder and a back-end


def load(
    name: str | Path | None = None,
    *,
    checkpoint: str | Path | None = None,
    device: str = "auto",
    engine: str = "auto",
    precision: str = "float32",
) -> Detector:
    """Loads a detector by its name in the register (`truevoice models` lists them), or by path: a folder that
    `truevoice convert` wrote, or an ONNX graph.

    name: None = the one that comes with the package; "ssl:ENCODER+BACKEND" is a back-end of the register on another
    encoder (`card_of_parts`), and needs the checkpoint that was trained so. checkpoint: a weight file for the named
    model; without it the shipped graph or the cache is used. device: auto, cpu, cuda, cuda:N, mps. engine: auto, onnx,
    torch. precision: float32, whose scores are the published ones; int16, bfloat16, int8, auto: see `in_precision`.
    Raises UsageError for an unknown name, device, engine or precision; CheckpointError where weights are missing or
    wrong, in one line that says where to get them; MissingExtraError where torch is needed and absent.

    >>> truevoice.load().score("voice.mp3").verdict                                    # doctest: +SKIP
    >>> truevoice.load("aasist", checkpoint="AASIST.pth").scores(windows)              # doctest: +SKIP
    """
    return in_precision(_load(name, checkpoint, device, engine), precision)


def _load(name: str | Path | None, checkpoint: str | Path | None, device: str, engine: str) -> Detector:
    if not isinstance(device, str):
        raise UsageError(f"a device is a word (auto, cpu, cuda, cuda:N, mps), not {device!r}")
    if engine not in ENGINES:
        raise UsageError(f"engine {engine!r} is not known: choose {', '.join(ENGINES)}")
    if name is None and checkpoint is not None and is_converted(Path(checkpoint)):
        name, checkpoint = checkpoint, None  # it says itself what it is
    name = DEFAULT_MODEL if name is None else str(name)
    if name not in cards() and not name.startswith(OF_PARTS):
        return _load_path(name, checkpoint, device, engine)
    card = find_card(name)
    if name not in cards() and checkpoint is None:
        raise UsageError(
            f"{one_line(name, 80)}: this back-end has not been trained on this encoder, so there is nothing to judge "
            "with; pass the checkpoint of a training as --checkpoint FILE"
        )
    if card.shipped and checkpoint is None:
        return _load_shipped(card, device, engine)
    path = Path(checkpoint) if checkpoint is not None else cached_weights(card) if card.weights else None
    if path is None or (checkpoint is None and not is_file(path)):
        raise CheckpointError(_where_to_get(card))
    return _load_file(path, device, engine, card)


def find_card(name: str) -> Card:
    """The card of a registered name, or of "ssl:ENCODER+BACKEND"; UsageError with the nearest names for another."""
    if name in cards():
        return cards()[name]
    if name.startswith(OF_PARTS):
        return card_of_parts(name)[1]
    near = difflib.get_close_matches(name[:80], cards(), n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(cards()) or 'none'}"
    raise UsageError(f"model {name[:80]!r} is not known; {hint} ('truevoice models' lists all)")


def card_of_parts(name: str) -> tuple[str, Card]:
    """ "ssl:ENCODER+BACKEND" -> the encoder's Hub id or path, and the card of the back-end upon it.

    Such a detector is one's own: nothing is known of its data and nothing was published of it. Raises UsageError for a
    name of another form, an unknown back-end, or one that takes no encoder's features.
    """
    where, _, back_end = name.removeprefix(OF_PARTS).rpartition("+")
    if not where or not back_end or not name.isprintable() or where.startswith(OF_PARTS):
        raise UsageError(f"{name[:80]!r}: name an encoder and a back-end, as in {OF_PARTS}facebook/wav2vec2-base+sls")
    card = find_card(back_end) if not back_end.startswith(OF_PARTS) else None
    if card is None or card.front_end is None or not card.front_end.is_encoder:
        fit = ", ".join(one.name for one in cards().values() if one.front_end and one.front_end.is_encoder)
        raise UsageError(f"{back_end} does not take the features of a self-supervised encoder; these do: {fit}")
    return where, replace(
        card,
        name=name,
        title=f"{card.title} on {where}",
        summary="A detector of your own: this back-end on this encoder.",
        parameters=0,
        training_data="unknown",
        licence="unknown",
        shipped=None,
        weights=None,
        figures=(),
        speed="",
    )


def _where_to_get(card: Card) -> str:
    return "pass the checkpoint of a training" if card.name.startswith(OF_PARTS) else where_to_get(card)


def _load_shipped(card: Card, device: str, engine: str) -> Detector:
    if engine == "torch":
        raise UsageError(
            f"{card.name} is shipped as an ONNX graph; --engine torch takes it with --checkpoint FILE only"
        )
    folder = resources.files("truevoice") / "weights"
    graph = (folder / str(card.shipped)).read_bytes()
    sidecar = json.loads((folder / str(card.shipped)).with_suffix(".json").read_text())  # type: ignore[attr-defined]
    checksum = hashlib.sha256(graph).hexdigest()
    return Detector(**vars(described_graph(card, graph, checksum, sidecar, device, str(card.shipped))))


def _load_path(name: str, checkpoint: str | Path | None, device: str, engine: str) -> Detector:
    path = Path(name)
    if checkpoint is not None or not os.path.exists(path):
        find_card(name)  # raises with the nearest names
    return _load_file(path, device, engine, None)


def _load_file(path: Path, device: str, engine: str, card: Card | None) -> Detector:
    """A weight file of the known `card`, or what says itself what it is: a converted folder, a graph."""
    try:
        if path.is_dir() and (card is None or is_converted(path)):
            return Detector(**vars(open_folder(path, device, engine, card)))
        if card is not None and not is_file(path):
            what = "is a folder, not a weight file" if os.path.isdir(path) else "no such file"
            raise CheckpointError(f"{path}: {what}; {_where_to_get(card)}")
        if path.suffix == ".onnx":
            refuse_torch(path, engine)
            return Detector(**vars(open_graph(path, device, card)))
        if card is None:
            raise UsageError(
                f"{path}: which model is it? 'truevoice inspect {path}' tells; then pass --model NAME --checkpoint FILE"
            )
        return Detector(**vars(open_weights(card, path, device, engine)))
    except PermissionError:
        raise CheckpointError(f"{path}: no permission to read it") from None
