"""The register: a name or a path → a detector ready to score.

Adding a detector is adding its card, `models/NAME.yaml`; nothing here changes.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from dataclasses import replace
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import truevoice
from truevoice.detectors.cache import cache_folder, cached_weights, is_file, sha256_of, where_to_get
from truevoice.detectors.calibration import Calibration
from truevoice.detectors.card import Card, cards
from truevoice.detectors.detector import Detector, Engine
from truevoice.detectors.onnx_engine import OnnxEngine
from truevoice.errors import CheckpointError, UsageError

DEFAULT_MODEL = "mel-cnn"
ENGINES = ("auto", "onnx", "torch")
OF_PARTS = "ssl:"  # before the name of a detector put together from an encoder and a back-end


def load(
    name: str | Path | None = None,
    *,
    checkpoint: str | Path | None = None,
    device: str = "auto",
    engine: str = "auto",
) -> Detector:
    """Loads a detector by its name in the register (`truevoice models` lists them), or an ONNX graph by its path.

    name: None = the one that comes with the package; "ssl:ENCODER+BACKEND" is a back-end of the register on another
    encoder (`card_of_parts`), and needs the checkpoint that was trained so. checkpoint: a weight file for the named
    model; without it the shipped graph or the cache is used. device: auto, cpu, cuda, cuda:N, mps. engine: auto, onnx,
    torch.
    Raises UsageError for an unknown name, device or engine; CheckpointError where weights are missing or wrong, in one
    line that says where to get them; MissingExtraError where torch is needed and absent.

    >>> truevoice.load().score("voice.mp3").verdict                                    # doctest: +SKIP
    >>> truevoice.load("aasist", checkpoint="AASIST.pth").scores(windows)              # doctest: +SKIP
    """
    if not isinstance(device, str):
        raise UsageError(f"a device is a word (auto, cpu, cuda, cuda:N, mps), not {device!r}")
    if engine not in ENGINES:
        raise UsageError(f"engine {engine!r} is not known: choose {', '.join(ENGINES)}")
    name = DEFAULT_MODEL if name is None else str(name)
    if name not in cards() and not name.startswith(OF_PARTS):
        return _load_path(name, checkpoint, device, engine)
    card = find_card(name)
    if name not in cards() and checkpoint is None:
        raise UsageError(
            f"{name}: this back-end has not been trained on this encoder, so there is nothing to judge with; "
            "pass the checkpoint of a training as --checkpoint FILE"
        )
    if card.shipped and checkpoint is None:
        return _load_shipped(card, device, engine)
    path = Path(checkpoint) if checkpoint is not None else cached_weights(card) if card.weights else None
    if path is None or (checkpoint is None and not is_file(path)):
        raise CheckpointError(_where_to_get(card))
    if not is_file(path):
        what = "is a folder, not a weight file" if os.path.isdir(path) else "no such file"
        raise CheckpointError(f"{path}: {what}; {_where_to_get(card)}")
    try:
        if path.suffix == ".onnx":
            return _load_graph_file(path, device, engine, card)
        return _load_published(card, path, device, engine)
    except PermissionError:
        raise CheckpointError(f"{path}: no permission to read it") from None


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
    if not where or not back_end:
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
    return _from_graph(card, graph, sidecar, device, origin=str(card.shipped))


def _load_path(name: str, checkpoint: str | Path | None, device: str, engine: str) -> Detector:
    path = Path(name)
    if checkpoint is not None or not os.path.exists(path):
        find_card(name)  # raises with the nearest names
    if path.suffix != ".onnx" or path.is_dir():
        raise UsageError(f"{name}: which model is it? pass --model NAME --checkpoint {name} ('truevoice models' lists)")
    return _load_graph_file(path, device, engine, None)


def _load_graph_file(path: Path, device: str, engine: str, card: Card | None) -> Detector:
    """A graph with its description `NAME.json` beside it, which names a registered card or holds one of its own."""
    if engine == "torch":
        raise UsageError(f"{path}: is an ONNX graph; it does not run on --engine torch")
    described = path.with_suffix(".json")
    if not described.exists():
        raise CheckpointError(f"{path}: its description {described.name} is missing beside it")
    try:
        sidecar = json.loads(described.read_text())
        if "card" in sidecar:
            own = Card.from_dict({**_CARD_OF_UNKNOWN, **sidecar["card"]}, str(described))
        else:
            own = cards()[sidecar["name"]]
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{described}: is not a detector's description ({error})") from None
    if card is not None and own.name != card.name:
        raise CheckpointError(f"{path}: is a graph of {own.name}, not of {card.name}")
    return _from_graph(own, path.read_bytes(), sidecar, device, origin=str(path))


_CARD_OF_UNKNOWN = {**dict.fromkeys(("training_data", "licence", "paper", "source"), "unknown"), "summary": ""}


def _from_graph(card: Card, graph: bytes, sidecar: dict[str, Any], device: str, origin: str) -> Detector:
    checksum = hashlib.sha256(graph).hexdigest()
    if checksum != sidecar.get("sha256"):
        raise CheckpointError(f"{origin}: does not match its description's sha256; it is damaged or was exchanged")
    return Detector(card, OnnxEngine(graph, device), checksum, _calibration(sidecar, origin))


def _calibration(sidecar: dict[str, Any], origin: str) -> Calibration | None:
    if not sidecar.get("calibration"):
        return None
    try:
        return Calibration.from_dict(sidecar)
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{origin}: its calibration is not whole ({error})") from None


def _load_published(card: Card, path: Path, device: str, engine: str) -> Detector:
    checksum = sha256_of(path)
    plain_name = re.sub(r"[^\w.+-]+", "-", card.name)
    name = f"{plain_name}-{checksum[:16]}-{card.window}-{truevoice.__version__}.onnx"
    graph = cache_folder() / "onnx" / name
    opened: Engine
    if engine == "onnx" or (engine == "auto" and graph.exists() and find_spec("torch") is None):
        if not graph.exists():  # once; from then on it runs without torch
            from truevoice.detectors.torch_engine import export_checkpoint

            export_checkpoint(card, path, graph)
        opened = OnnxEngine(graph, device, chunk=1)
    else:
        from truevoice.detectors.torch_engine import open_torch

        opened = open_torch(card, path, device)
    return Detector(card, opened, checksum, checkpoint=path)
