"""Weight files, read without ever running what they hold: safetensors, or PyTorch's format restricted to tensors."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from truevoice.errors import CheckpointError, one_line
from truevoice.models.stand_ins import fairseq_settings, foreign_names, pickled_names, stand_ins

# Under which training scripts store the state dict, the surest first.
WRAPPERS = ("model_state_dict", "state_dict", "model_state", "model", "net", "network", "weights")
# What wraps a network puts this before every key: DataParallel, torch.compile, Lightning modules.
COMMON_PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
OF_TRAINING = ("criterion.", "loss.", "loss_fn.", "loss_func.")  # a loss's own values, which Lightning saves along
REFUSALS = ("Unsupported global", "Unsupported class", "unsupported GLOBAL")  # in the restricted unpickler's words
NAMED_KEYS = 3  # how many of the wrong keys a message names


@dataclass(frozen=True)
class Checkpoint:
    """A weight file as read: its tensors by key, on the CPU, as stored, and what was found around them.

    `wrapper` and `prefix` are what was taken off ("state_dict", "module."); `unused` are keys of the training alone
    that were left out; `settings` are a fairseq configuration's. Tensors of a zip-format file are views of the file.
    """

    path: Path
    state: dict[str, Tensor]
    wrapper: str = ""
    prefix: str = ""
    unused: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a weight file by key; see `read_checkpoint`."""
    return read_checkpoint(path).state


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads a weight file: safetensors, or PyTorch's format through its restricted unpickler.

    A state dict may lie bare in the file or under one of `WRAPPERS`; prefixes that all keys share are removed where
    they are among `COMMON_PREFIXES`. Raises `CheckpointError` if the file is absent, damaged, something else than
    weights, or holds objects that are neither plain tensors nor on the list of `stand_ins`; such objects are never
    built.
    """
    document = _load(path, _head(path))
    inner, wrapper = _unwrap(document)
    if not isinstance(inner, Mapping) or not inner:
        raise CheckpointError(f"{path}: holds no state dict (a table of tensors), but {type(inner).__name__}")
    for key, value in inner.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            what = f"{one_line(repr(key), 60)} is {type(value).__name__}"
            raise CheckpointError(f"{path}: holds no state dict (a table of tensors): {what}")
        if value.is_meta or value.is_quantized or value.layout != torch.strided:
            raise CheckpointError(f"{path}: {one_line(key, 60)} is no plain tensor (quantised, sparse or without data)")
    unused = tuple(key for key in inner if key.startswith(OF_TRAINING))
    state, prefix = _without_prefixes({key: value for key, value in inner.items() if key not in unused} or dict(inner))
    settings = fairseq_settings(document) if isinstance(document, dict) and inner is not document else {}
    return Checkpoint(path, state, wrapper, prefix, unused if len(unused) < len(inner) else (), settings)


def _unwrap(document: object) -> tuple[object, str]:
    """What lies within the wrappers, and their names."""
    names = []
    while isinstance(document, Mapping):
        name = next((name for name in WRAPPERS if isinstance(document.get(name), Mapping)), None)
        if name is None:
            break
        document = document[name]
        names.append(name)
    return document, ".".join(names)


def _without_prefixes(state: dict[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    taken = ""
    while prefix := next((prefix for prefix in COMMON_PREFIXES if all(key.startswith(prefix) for key in state)), ""):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
        taken += prefix
    return state, taken


def load_strictly(
    network: nn.Module,
    state: Mapping[str, Tensor],
    origin: str,
    *,
    assign: bool = False,
    published: Mapping[str, str] | None = None,
) -> None:
    """Puts `state` into `network`, whole or not at all; half-precision values become float32.

    assign: the network takes over the tensors themselves, so that no second copy of the weights arises; a network on
    the meta device must have it so. published: the keys in the file's own words, where they were translated.
    Raises `CheckpointError`, which begins with `origin`, on missing or unexpected keys, wrong shapes or kinds of
    number, and on weights that are not finite.
    """
    expected = network.state_dict()
    names = published or {}
    lacking = [names.get(key, key) for key in expected if key not in state]
    _refuse(origin, "lacks", lacking, "is it of another model?")
    unexpected = [names.get(key, key) for key in state if key not in expected]
    _refuse(origin, "has unexpected", unexpected, "is it of another model?")
    wrong = [
        f"{names.get(key, key)} {tuple(state[key].shape)} instead of {tuple(tensor.shape)}"
        for key, tensor in expected.items()
        if state[key].shape != tensor.shape
    ]
    _refuse(origin, "has wrong shapes:", wrong, "is it of another model?")
    # Averaged checkpoints hold the counters of their batch norms as fractions: those alone may be of another kind.
    wrong = [
        names.get(key, key)
        for key, tensor in expected.items()
        if state[key].is_floating_point() != tensor.is_floating_point() and not key.endswith("num_batches_tracked")
    ]
    _refuse(origin, "has another kind of number in", wrong, "is it quantised?")
    converted = {key: state[key].to(tensor.dtype) for key, tensor in expected.items()}
    broken = [names.get(key, key) for key, tensor in converted.items() if not _is_finite(tensor)]
    _refuse(origin, "has values that are not finite in", broken, "the file is damaged or its training diverged")
    network.load_state_dict(converted, strict=True, assign=assign)


def _is_finite(tensor: Tensor) -> bool:
    """In one pass over the values and without a copy of them: an encoder has a third of a milliard."""
    if not tensor.numel() or not tensor.is_floating_point():
        return True
    return all(bool(torch.isfinite(extreme)) for extreme in torch.aminmax(tensor))


def _refuse(origin: str, fault: str, what: list[str], hint: str) -> None:
    """Raises if `what` is not empty, naming its first few members and their number."""
    if what:
        named = ", ".join(what[:NAMED_KEYS]) + (", …" if len(what) > NAMED_KEYS else "")
        raise CheckpointError(one_line(f"{origin}: {fault} {named} ({len(what)} in all); {hint}"))


def _head(path: Path) -> bytes:
    """The first bytes, once it is clear from them that the file may be a weight file."""
    if path.is_dir():
        raise CheckpointError(f"{path}: is a folder, not a weight file")
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such weight file") from None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from None
    if not head:
        raise CheckpointError(f"{path}: is empty; download it again")
    if head.startswith(b"version https://git-lfs"):
        raise CheckpointError(f"{path}: is a Git LFS pointer, not the weights; run 'git lfs pull' or download the file")
    if head.lstrip().startswith(b"<"):
        raise CheckpointError(f"{path}: is a web page, not weights; download the file itself")
    return head


def _load(path: Path, head: bytes) -> Any:
    if head[8:9] == b"{":  # safetensors: 8 bytes of length, then a JSON table
        return _guarded(path, lambda: load_file(path), [])
    names = pickled_names(path)
    # Of a zip file the tensors are mapped, not read: no copy of the weights arises until one is asked for.
    mapped = head.startswith(b"PK")

    def load() -> Any:
        with stand_ins(names), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on pickles it has no liking for: the outcome says it all
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)

    return _guarded(path, load, names)


def _guarded(path: Path, load: Callable[[], Any], names: list[str]) -> Any:
    try:
        return load()
    except pickle.UnpicklingError as error:
        foreign = foreign_names(names)
        if any(name.startswith("torch.nn.modules.") for name in names):
            raise CheckpointError(
                f"{path}: holds a whole pickled network, which runs code when it is opened; refused: "
                "have it saved again as its state_dict()"
            ) from None
        if foreign or any(words in str(error) for words in REFUSALS):
            held = f" ({', '.join(foreign[:NAMED_KEYS])})" if foreign else ""
            text = f"{path}: holds Python objects other than tensors{held}; refused, and nothing in it was run"
            raise CheckpointError(one_line(text)) from None
        raise _damaged(path) from None
    except (SafetensorError, RuntimeError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise _damaged(path) from None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror or one_line(error)})") from None


def _damaged(path: Path) -> CheckpointError:
    return CheckpointError(f"{path}: is damaged, cut short or no weight file at all; download it again")
