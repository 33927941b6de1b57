"""What holds a detector, opened: a graph with its description, weights of a known model, a converted folder."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import truevoice
from truevoice.detectors.cache import cache_folder, is_file, sha256_of
from truevoice.detectors.calibration import Calibration
from truevoice.detectors.card import Card, cards
from truevoice.detectors.onnx_engine import OnnxEngine
from truevoice.errors import CheckpointError, TruevoiceError, UsageError, one_line
from truevoice.models.converted import GRAPH, read_config
from truevoice.models.head_kinds import HEADS
from truevoice.windows.policy import MAX_WINDOW, WindowPolicy

# What a graph's own card need not say.
UNKNOWN = {**dict.fromkeys(("training_data", "licence", "paper", "source"), "unknown"), "summary": ""}
LARGEST_ARGUMENT = 2**16  # of a network, in a stranger's words
CHUNK = 8  # windows that a graph is given at a time, where its description does not say


@dataclass(frozen=True)
class Opened:
    """What a `Detector` is made of, by its fields' names."""

    card: Card
    engine: Any
    checksum: str
    calibration: Calibration | None = None
    checkpoint: Path | None = None
    windows: WindowPolicy | None = None


def open_graph(path: Path, device: str, card: Card | None = None) -> Opened:
    """A graph with its description NAME.json beside it, which names a registered card or holds one of its own.

    Raises CheckpointError where either is missing or not whole, where they do not belong together, or where `card` is
    given and is another.
    """
    described = path.with_suffix(".json")
    if not described.exists():
        raise CheckpointError(f"{path}: its description {described.name} is missing beside it")
    try:
        sidecar = json.loads(described.read_text(encoding="utf-8"))
        if "card" in sidecar:
            own = Card.from_dict({**UNKNOWN, **sidecar["card"]}, str(described))
        else:
            own = cards()[sidecar["name"]]
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{described}: is not a detector's description ({error})") from None
    if card is not None and own.name != card.name:
        raise CheckpointError(f"{path}: is a graph of {own.name}, not of {card.name}")
    return described_graph(own, path, sha256_of(path), sidecar, device, str(path))


def described_graph(
    card: Card, graph: Path | bytes, checksum: str, sidecar: dict[str, Any], device: str, origin: str
) -> Opened:
    """A graph, by path or as bytes, whose description has been read."""
    if checksum != sidecar.get("sha256"):
        raise CheckpointError(f"{origin}: does not match its description's sha256; it is damaged or was exchanged")
    chunk = sidecar.get("chunk", CHUNK)
    if not isinstance(chunk, int) or chunk < 1:
        raise CheckpointError(f"{origin}: its description's chunk is no number of windows")
    return Opened(card, OnnxEngine(graph, device, chunk=chunk), checksum, calibration_of(sidecar, origin))


def calibration_of(sidecar: dict[str, Any], origin: str) -> Calibration | None:
    """The calibration that a description holds; None = it has none."""
    if not sidecar.get("calibration"):
        return None
    try:
        return Calibration.from_dict(sidecar)
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{origin}: its calibration is not whole ({error})") from None


def open_weights(card: Card, path: Path, device: str, engine: str, checksum: str = "") -> Opened:
    """The network of `card` with the weights at `path`, a file or a converted folder (then with its `checksum`).

    With the engine "onnx" it is exported once, and from then on runs without torch.
    """
    checksum = checksum or sha256_of(path)
    plain_name = re.sub(r"[^\w.+-]+", "-", card.name)
    graph = cache_folder() / "onnx" / f"{plain_name}-{checksum[:16]}-{card.window}-{truevoice.__version__}.onnx"
    opened: Any
    if engine == "onnx" or (prefers_graph(engine) and graph.exists()):
        if not graph.exists():
            from truevoice.detectors.torch_engine import export_checkpoint

            export_checkpoint(card, path, graph)
        opened = OnnxEngine(graph, device, chunk=1)
    else:
        from truevoice.detectors.torch_engine import open_torch

        opened = open_torch(card, path, device)
    return Opened(card, opened, checksum, checkpoint=path)


def open_folder(folder: Path, device: str, engine: str, card: Card | None = None) -> Opened:
    """What `truevoice convert` wrote, on torch; its graph, where one is there, for the engine "onnx" or without torch.

    What a training left in it besides, its calibration and its windows, holds for either. Raises CheckpointError where
    the folder is not whole, or where `card` is given and is another.
    """
    config = read_config(folder)
    own = card_of(config, folder)
    if card is not None and own.name != card.name:
        raise CheckpointError(f"{folder}: is of {own.name}, not of {card.name}")
    if prefers_graph(engine) and is_file(folder / GRAPH):
        return _as_trained(replace(open_graph(folder / GRAPH, device, own), checkpoint=folder), config, folder)
    try:
        opened = open_weights(own, folder, device, engine, str(config["weights"].get("sha256")))
        return _as_trained(opened, config, folder)
    except TruevoiceError:
        raise
    except (TypeError, ValueError, KeyError, RuntimeError) as error:  # from arguments that no network takes
        raise CheckpointError(f"{folder}: its network cannot be built ({one_line(error, 120)})") from None


def _as_trained(opened: Opened, config: dict[str, Any], folder: Path) -> Opened:
    """With the calibration and the windows of the folder's configuration, where it has them."""
    given = config.get("calibration")
    if given is not None and not (isinstance(given, dict) and given.get("calibration")):
        raise CheckpointError(f"{folder}: its calibration is not whole")
    calibration = opened.calibration or calibration_of(given or {}, str(folder))
    try:
        windows = WindowPolicy(**config["windows"]) if config.get("windows") else None
    except (TypeError, UsageError) as error:
        raise CheckpointError(f"{folder}: its window policy is not whole ({one_line(error, 80)})") from None
    return replace(opened, calibration=calibration, windows=windows)


def prefers_graph(engine: str) -> bool:
    """Whether a graph is taken where weights lie beside it: by the engine "onnx", or where there is no torch."""
    try:
        return engine == "onnx" or (engine == "auto" and find_spec("torch") is None)
    except ImportError:  # it is barred, not merely absent
        return True


def card_of(config: dict[str, Any], folder: Path) -> Card:
    """The card in a converted folder's configuration. Raises CheckpointError for one of no network that is known here:
    what is imported is never a stranger's word."""
    given = Card.from_dict(config["card"], str(folder))
    networks = {card.network for card in cards().values()}
    kinds = {card.front_end.kind for card in cards().values() if card.front_end}
    if given.network not in networks or (given.front_end and given.front_end.kind not in kinds):
        raise CheckpointError(
            f"{folder}: its network {one_line(given.network, 60)} is not known to this version; update truevoice"
        )
    whole = isinstance(given.window, int) and 0 < given.window <= MAX_WINDOW and given.bonafide_index in (0, 1)
    typed = isinstance(given.name, str) and isinstance(given.arguments, dict) and given.head in ("", *HEADS)
    if not whole or not typed or not _modest(given):
        raise CheckpointError(f"{folder}: its configuration is not whole; convert the checkpoint again")
    return given


def _modest(card: Card) -> bool:
    """Whether no argument would build something that no memory can hold."""
    pending: list[Any] = [card.arguments]
    while pending:
        one = pending.pop()
        pending += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        if isinstance(one, int | float) and not abs(one) <= LARGEST_ARGUMENT:
            return False
    return True


def refuse_torch(path: Path, engine: str) -> None:
    """Raises UsageError where a graph is asked to run on torch."""
    if engine == "torch":
        raise UsageError(f"{path}: is an ONNX graph; it does not run on --engine torch")
