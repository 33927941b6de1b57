"""`truevoice inspect`: what a file is, without running anything in it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truevoice.detectors.cache import sha256_of
from truevoice.detectors.card import cards
from truevoice.detectors.onnx_engine import OnnxEngine
from truevoice.detectors.opened import card_of
from truevoice.errors import CheckpointError, MissingExtraError, one_line
from truevoice.models.converted import CONFIG, check_weights, is_converted, read_config

if TYPE_CHECKING:
    from truevoice.models.checkpoint import Checkpoint
    from truevoice.models.family import Family

NEAREST = 3  # families told of where none fits
OPTIMIZER = ("optim", "optimizer", "opt_state")  # how what a training goes on with is called
PYTORCH, OLD_PYTORCH, SAFETENSORS = "PyTorch", "PyTorch, old format", "safetensors"


@dataclass(frozen=True)
class Near:
    """A family that a file comes near to: share of common keys and shapes, and what is different."""

    name: str
    share: float
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    shapes: tuple[str, ...]
    misplaced_encoder: str | None


@dataclass(frozen=True)
class Inspection:
    """What a file is. `kind`: its format; `what`: in one sentence; `model`: the register's name, "" where none or
    several fit (`models` holds all that do); `nearest`: where none fits, the nearest and the differences.

    `pickled`: everything by name that the file would have Python import, all of it harmless or answered by stand-ins;
    `beside`: what lies beside the weights; `unused`: keys that inference has no use for. None = does not apply.
    """

    path: str
    kind: str
    what: str
    model: str
    bytes: int
    sha256: str
    models: tuple[str, ...] = ()
    tensors: int | None = None
    parameters: int | None = None
    dtypes: dict[str, int] | None = None
    encoder: str | None = None
    encoder_prefix: str | None = None
    wrapper: str = ""
    prefix: str = ""
    beside: tuple[str, ...] = ()
    optimizer_state: bool = False
    unused: tuple[str, ...] = ()
    pickled: tuple[str, ...] = ()
    safe: bool = True
    nearest: tuple[Near, ...] = ()
    facts: dict[str, Any] | None = None


def inspect(checkpoint: str | Path) -> Inspection:
    """Tells what `checkpoint` is: weights in PyTorch's formats or safetensors, a converted folder, an ONNX graph.

    Raises CheckpointError in one line for what is none of them: a web page, a Git LFS pointer, a file cut short; and
    for a file that is unsafe to open, naming what it would have run: nothing was. MissingExtraError without torch.
    """
    path = Path(checkpoint)
    if path.is_dir():
        return _folder(path)
    if path.suffix == ".onnx" and path.is_file():
        return _graph(path)
    try:
        from truevoice.models.checkpoint import read_checkpoint
        from truevoice.models.family import identify
        from truevoice.models.stand_ins import foreign_names, pickled_names
    except ImportError:
        raise MissingExtraError("Looking into a weight file", "torch") from None
    pickled = pickled_names(path) if path.is_file() else []
    try:
        read = read_checkpoint(path)
    except CheckpointError:
        if foreign := foreign_names(pickled):
            raise CheckpointError(one_line(f"{path}: is unsafe to open: {_would(foreign)}; nothing was run")) from None
        raise
    found = identify(read.state, cards().values(), read.settings)
    return _weights(path, read, found, tuple(pickled))


def _would(foreign: list[str]) -> str:
    """What those names are for whoever opens the file as Python does."""
    networks = [name for name in foreign if name.startswith("torch.nn.modules.")]
    if networks and len(networks) == len(foreign):
        return "it is a whole pickled network, whose classes would be imported and run"
    return f"loading it with pickle would call {', '.join(foreign)}"


def _weights(path: Path, read: Checkpoint, found: Family, pickled: tuple[str, ...]) -> Inspection:
    tensors = read.state.values()
    checksum = sha256_of(path)
    published = [card.name for card in cards().values() if card.weights and card.weights.sha256 == checksum]
    models = tuple(published) or found.exact
    encoder = found.encoder
    unused = (*read.unused, *(f"{encoder.prefix}{key}" for key in encoder.unused)) if encoder else read.unused
    return Inspection(
        path=str(path),
        kind=_kind(path),
        what=_words(models, bool(published), found),
        model=models[0] if len(models) == 1 else "",
        models=models,
        bytes=path.stat().st_size,
        sha256=checksum,
        tensors=len(read.state),
        parameters=sum(tensor.numel() for key, tensor in read.state.items() if not _is_state(key)),
        dtypes=dict(Counter(str(tensor.dtype).removeprefix("torch.") for tensor in tensors).most_common()),
        encoder=encoder.words if encoder else None,
        encoder_prefix=encoder.prefix if encoder else None,
        wrapper=read.wrapper,
        prefix=read.prefix,
        beside=read.beside,
        optimizer_state=any(word in key.lower() for key in read.beside for word in OPTIMIZER),
        unused=unused,
        pickled=pickled,
        nearest=() if models else _nearest(found),
    )


def _is_state(key: str) -> bool:
    """Whether a tensor is a running statistic and no parameter."""
    return key.endswith(("running_mean", "running_var", "num_batches_tracked"))


def _nearest(found: Family) -> tuple[Near, ...]:
    return tuple(
        Near(fit.name, round(fit.share, 4), **vars(fit.differences), misplaced_encoder=fit.misplaced)
        for fit in found.fits[:NEAREST]
    )


def _words(models: tuple[str, ...], published: bool, found: Family) -> str:
    if published:
        return f"the published weights of {models[0]} ({cards()[models[0]].title})"
    if len(models) == 1:
        return f"weights of {models[0]} ({cards()[models[0]].title})"
    if models:
        return f"weights of {' or '.join(models)}: their keys and shapes are the same, so the file does not tell which"
    if found.encoder and not found.fits:
        names = "fairseq's" if found.encoder.fairseq else "transformers'"
        whole = f"a pre-trained encoder {'not whole' if found.encoder.differences else 'alone'}, in {names} names"
        if found.rest:
            return f"{whole}, with {len(found.rest)} other keys ({', '.join(found.rest[:NEAREST])}); no detector"
        return f"{whole}; no detector"
    if found.fits:
        return f"of no family that is known here; the nearest is {found.fits[0].name}"
    return "of no family that is known here, nor near to one"


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(9)
    if head[8:9] == b"{":
        return SAFETENSORS
    return PYTORCH if head.startswith(b"PK") else OLD_PYTORCH


def _folder(folder: Path) -> Inspection:
    if not is_converted(folder):
        raise CheckpointError(f"{folder}: {_other_folder(folder)}")
    config = read_config(folder)
    card = card_of(config, folder)
    checksum = check_weights(folder, config)
    inside = inspect(folder / str(config["weights"].get("file", "model.safetensors")))
    facts = {key: value for key, value in config.items() if key not in ("card", "parameters")}
    made = "trained" if config.get("training") is not None else "converted"
    return Inspection(
        **{
            **{field: getattr(inside, field) for field in inside.__dataclass_fields__},
            "path": str(folder),
            "kind": "truevoice folder",
            "what": f"{card.name} ({card.title}), {made} from {config['source'].get('file')}",
            "model": card.name,
            "models": (card.name,),
            "sha256": checksum,
            "nearest": (),
            "facts": facts,
        }
    )


def _other_folder(folder: Path) -> str:
    """What a folder is that is none of ours."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        return (
            f"is a folder of the kind {one_line(config['model_type'], 40)} of another library; as an encoder it serves "
            f"in --model ssl:{folder}+BACKEND"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return f"holds no {CONFIG}; name the weight file in it"


def _graph(path: Path) -> Inspection:
    engine = OnnxEngine(path, "cpu", silent=True)
    checksum = sha256_of(path)
    length = f"windows of {engine.window} samples" if engine.window else "windows of any length"
    described = path.with_suffix(".json")
    facts: dict[str, Any] = {"window": engine.window}
    model, what = "", f"an ONNX graph that takes {length}; without its description {described.name} it cannot be used"
    try:
        sidecar = json.loads(described.read_text(encoding="utf-8"))
        model = str(sidecar["card"]["name"] if "card" in sidecar else sidecar["name"])
        what = f"{model} as an ONNX graph that takes {length}"
        facts |= {key: value for key, value in sidecar.items() if key not in ("card", "sha256", "name")}
        if sidecar.get("sha256") != checksum:
            what += f"; its description {described.name} belongs to another graph, so it is refused"
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError):
        what = f"an ONNX graph that takes {length}; its description {described.name} cannot be read"
    return Inspection(
        path=str(path),
        kind="ONNX",
        what=what,
        model=model,
        models=(model,) if model else (),
        bytes=path.stat().st_size,
        sha256=checksum,
        facts=facts,
    )


def to_dict(inspection: Inspection) -> dict[str, Any]:
    """All of it as plain values, ready for JSON."""
    return asdict(inspection)
