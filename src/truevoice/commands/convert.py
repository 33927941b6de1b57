"""`truevoice convert`: a checkpoint into our own folder, and into graphs that run without torch, each measured."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import truevoice
from truevoice.commands.drift import Drift, heard_windows
from truevoice.detectors.card import Card, cards
from truevoice.detectors.onnx_engine import OnnxEngine
from truevoice.detectors.opened import card_of
from truevoice.detectors.register import find_card
from truevoice.errors import CheckpointError, MissingExtraError, UsageError, one_line
from truevoice.models.converted import (
    CONFIG,
    GRAPH,
    GRAPH_INT8,
    WEIGHTS,
    described,
    is_converted,
    origin_of,
    read_config,
)

if TYPE_CHECKING:
    from truevoice.models.checkpoint import Checkpoint

OTHER_LENGTHS = (0.55, 1.4)  # of the window, at which a graph that claims to take any length is tried
SAME = 1e-3  # as a part of the largest score: what rounding alone may do there
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Converted:
    """What was written: `files` with their sizes in bytes, `drift` of each that differs from the network, by file.

    `any_length`: whether the graphs take windows of any length; None = there is no graph.
    """

    model: str
    folder: Path
    files: dict[str, int]
    drift: dict[str, Drift] = field(default_factory=dict)
    any_length: bool | None = None


def convert(
    checkpoint: str | Path,
    out: str | Path,
    *,
    model: str | None = None,
    half: bool = False,
    onnx: bool = False,
    int8: bool = False,
    clips: str | Path | None = None,
    tell: Tell | None = None,
) -> Converted:
    """Writes `checkpoint` into the folder `out`: model.safetensors and config.json, which load back identical.

    model: a name of the register; None = told from the file's keys. half: weights in half precision. onnx: the graph
    model.onnx with its description model.json as well; int8: and one with 8-bit weights, model.int8.onnx. clips:
    recordings on which the drift of each is measured. tell: is given a line about each step.
    Raises UsageError where the model cannot be told or the folder cannot be written, CheckpointError for a file that
    is not that model's whole state, MissingExtraError without torch, transformers or onnx where they are needed.
    """
    tell = tell or (lambda _: None)
    source, folder = Path(checkpoint), Path(out)
    _check_places(source, folder)
    try:
        from truevoice.models.build import build
        from truevoice.models.checkpoint import read_checkpoint
        from truevoice.models.conversion import convert_checkpoint
    except ImportError:
        raise MissingExtraError("The conversion of a checkpoint", "torch") from None
    read = read_checkpoint(source)
    origin = origin_of(source)
    card = _card(source, model, read, origin["sha256"])
    tell(f"{source.name}: {card.title}")
    windows, heard = heard_windows(Path(clips) if clips else None, card.window) if half or onnx or int8 else (None, "")
    network = convert_checkpoint(card, read, folder, half=half)
    files = {name: (folder / name).stat().st_size for name in (WEIGHTS, CONFIG)}
    fold: Callable[[], None] | None = getattr(network, "fold", None)
    if fold:
        fold()
    if windows is None:
        return Converted(card.name, folder, files)
    tell(f"scoring {len(windows)} windows of {heard} in float32")
    measure = Measure(network, card, windows, heard)
    drift = {}
    if half:
        again = read_checkpoint(folder)
        drift[WEIGHTS] = measure.of_network(build(card, again.state, str(folder), again.settings))
    any_length = None
    if onnx or int8:
        tell("exporting the graph")
        any_length = _export(network, card, folder / GRAPH)
        drift[GRAPH] = _described(folder / GRAPH, card, origin, any_length, measure, _calibration(source))
    if int8:
        from truevoice.models.quantise import quantise

        tell("rounding its weights to 8 bits")
        products = quantise(folder / GRAPH, folder / GRAPH_INT8)
        more = {"quantised": {"products": products, "weights": "int8", "kind": "dynamic"}, **_calibration(source)}
        drift[GRAPH_INT8] = _described(folder / GRAPH_INT8, card, origin, any_length, measure, more)
    for name in drift:
        files |= {one.name: one.stat().st_size for one in (folder / name, (folder / name).with_suffix(".json"))
                  if one.exists()}  # fmt: skip
    return Converted(card.name, folder, files, drift, any_length)


@dataclass(frozen=True)
class Measure:
    """The network's own scores on `windows`, and how far others are from them."""

    network: Any
    card: Card
    windows: NDArray[np.float32]
    heard: str
    scores: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", network_scores(self.network, self.card, self.windows))

    def of_network(self, network: Any) -> Drift:
        return Drift.between(self.scores, network_scores(network, self.card, self.windows), self.heard)

    def of_graph(self, graph: Path) -> Drift:
        return Drift.between(self.scores, OnnxEngine(graph, "cpu", chunk=1).run(self.windows), self.heard)


def network_scores(network: Any, card: Card, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    from truevoice.models.export import scores_of

    return scores_of(network, windows, bonafide_index=card.bonafide_index, log_odds=card.log_odds)


def _calibration(source: Path) -> dict[str, Any]:
    """The calibration of a folder that was trained here, in the words of a graph's description; else nothing."""
    given = read_config(source).get("calibration") if is_converted(source) else None
    words = ("windows", "calibration", "threshold", "thresholds")
    return {key: given[key] for key in words if key in given} if isinstance(given, dict) else {}


def _check_places(source: Path, folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; -o names the folder to write")
    if is_converted(source) and folder.resolve() == source.resolve():
        raise UsageError(f"{folder}: is the folder that is converted; name another one with -o")
    if folder.is_dir() and any(folder.iterdir()) and not is_converted(folder):
        raise UsageError(f"{folder}: holds other files; name a new folder with -o")


def _card(source: Path, model: str | None, read: Checkpoint, checksum: str) -> Card:
    """The card that was named, or that of the only family that the file can be of."""
    if is_converted(source):
        own = card_of(read_config(source), source)
        if model is not None and model != own.name:
            raise CheckpointError(f"{source}: is of {own.name}, not of {model}")
        return own
    if model is not None:
        card = find_card(model)
        if card.network is None:
            raise UsageError(f"{model} is an ONNX graph alone; it has no weights to convert")
        return card
    published = [card for card in cards().values() if card.weights and card.weights.sha256 == checksum]
    if published:
        return published[0]
    from truevoice.models.family import identify

    found = identify(read.state, cards().values(), read.settings)
    if len(found.exact) == 1:
        return cards()[found.exact[0]]
    if found.exact:
        raise UsageError(f"{source}: fits {' and '.join(found.exact)} alike; say which it is with --model")
    what = f"; the nearest is {found.fits[0].name}" if found.fits else ""
    if found.encoder and not found.fits:
        what = f"; it holds an encoder alone ({found.encoder.words})"
    raise CheckpointError(
        f"{source}: is of no family that is known here{what} ('truevoice inspect {source}' tells more)"
    )


def _export(network: Any, card: Card, path: Path) -> bool:
    """Writes the graph; whether it takes any length. What a network counts while it runs is fixed in its graph, and
    would give wrong scores without a word: so a graph for any length is kept only where it is right at others."""
    from truevoice.models.export import export_onnx

    how = {"window": card.window, "bonafide_index": card.bonafide_index, "log_odds": card.log_odds}
    part = path.with_suffix(".part")
    try:
        if not card.fixed_window and not hasattr(network, "for_cpu"):
            with suppress(CheckpointError):  # where it cannot be written at all, the next line says so
                export_onnx(network, part, any_length=True, **how)  # type: ignore[arg-type]
                if _right_at_other_lengths(network, card, part):
                    part.replace(path)
                    return True
        export_onnx(network, part, **how)  # type: ignore[arg-type]
        part.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror or one_line(error)})") from None
    finally:
        part.unlink(missing_ok=True)
    return False


def _right_at_other_lengths(network: Any, card: Card, graph: Path) -> bool:
    engine = OnnxEngine(graph, "cpu", chunk=1, silent=True)
    for share in OTHER_LENGTHS:
        length = max(round(share * card.window), card.shortest_window)
        windows = heard_windows(None, length)[0][:2]
        try:
            own, others = network_scores(network, card, windows), engine.run(windows)
        except Exception:  # ONNX Runtime's own exceptions share no base class
            return False
        if not np.allclose(own, others, atol=SAME * max(1.0, float(np.abs(own).max())), rtol=0):
            return False
    return True


def _described(
    graph: Path,
    card: Card,
    origin: dict[str, Any],
    any_length: bool | None,
    measure: Measure,
    more: dict[str, Any] | None = None,
) -> Drift:
    """Measures the graph and writes its description, with which it loads."""
    from truevoice.models.export import write_description

    drift = measure.of_graph(graph)
    description = {
        "name": card.name,
        "truevoice": truevoice.__version__,
        "source": origin,
        "any_length": any_length,
        "chunk": 1,
        **(more or {}),
        "drift": asdict(drift),
        "card": described(card),
    }
    write_description(graph, description)
    return drift
