"""Weight files, read without ever running what they hold: safetensors, or PyTorch's format restricted to tensors."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from truevoice.errors import CheckpointError, one_line

WRAPPERS = ("model_state_dict", "state_dict", "model")  # under which training scripts store the state dict
PARALLEL_PREFIX = "module."  # what nn.DataParallel puts before every key
NAMED_KEYS = 3  # how many of the wrong keys a message names


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a weight file by key, on the CPU, as stored.

    A state dict may lie bare in the file or under one of `WRAPPERS`; a common prefix "module." is removed. Raises
    `CheckpointError` if the file is absent, damaged, something else than weights, or holds objects that are not plain
    tensors; such objects are never built.
    """
    loaded = _load(path, _head(path))
    while isinstance(loaded, Mapping) and (inner := next((loaded[key] for key in WRAPPERS if key in loaded), None)):
        if not isinstance(inner, Mapping):
            break
        loaded = inner
    if not isinstance(loaded, Mapping) or not loaded:
        raise CheckpointError(f"{path}: holds no state dict (a table of tensors), but {type(loaded).__name__}")
    for key, value in loaded.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise CheckpointError(
                f"{path}: holds no state dict (a table of tensors): {key!r} is {type(value).__name__}"
            )
    if all(key.startswith(PARALLEL_PREFIX) for key in loaded):
        return {key.removeprefix(PARALLEL_PREFIX): value for key, value in loaded.items()}
    return dict(loaded)


def load_strictly(network: nn.Module, state: Mapping[str, Tensor], origin: str) -> None:
    """Puts `state` into `network`, whole or not at all; half-precision values become float32.

    Raises `CheckpointError`, which begins with `origin`, on missing or unexpected keys, wrong shapes or kinds of
    number, and on weights that are not finite.
    """
    expected = network.state_dict()
    _refuse(origin, "lacks", [key for key in expected if key not in state], "is it of another model?")
    _refuse(origin, "has unexpected", [key for key in state if key not in expected], "is it of another model?")
    wrong = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(tensor.shape)}"
        for key, tensor in expected.items()
        if state[key].shape != tensor.shape
    ]
    _refuse(origin, "has wrong shapes:", wrong, "is it of another model?")
    wrong = [key for key, tensor in expected.items() if state[key].is_floating_point() != tensor.is_floating_point()]
    _refuse(origin, "has another kind of number in", wrong, "is it quantised?")
    converted = {key: state[key].to(tensor.dtype) for key, tensor in expected.items()}
    broken = [key for key, tensor in converted.items() if not bool(torch.isfinite(tensor).all())]
    _refuse(origin, "has values that are not finite in", broken, "the file is damaged or its training diverged")
    network.load_state_dict(converted, strict=True)


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


def _load(path: Path, head: bytes) -> object:
    try:
        if head[8:9] == b"{":  # safetensors: 8 bytes of length, then a JSON table
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Unsupported global" in str(error) or "Unsupported class" in str(error):
            raise CheckpointError(
                f"{path}: holds Python objects other than tensors; refused, and nothing in it was run"
            ) from None
        raise _damaged(path) from None
    except (SafetensorError, RuntimeError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise _damaged(path) from None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror or one_line(error)})") from None


def _damaged(path: Path) -> CheckpointError:
    return CheckpointError(f"{path}: is damaged, cut short or no weight file at all; download it again")
