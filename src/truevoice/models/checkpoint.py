"""Weight files, read without ever running what they hold: safetensors, or PyTorch's format restricted to tensors."""

from __future__ import annotations

import codecs
import errno
import pickle
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from truevoice.errors import CheckpointError, one_line
from truevoice.models.converted import WEIGHTS, check_weights, is_converted, read_config
from truevoice.models.stand_ins import GREEDY, ZIP_START, fairseq_settings, foreign_names, pickled_names, stand_ins

# Under which training scripts store the state dict, the surest first.
WRAPPERS = ("model_state_dict", "state_dict", "model_state", "model", "net", "network", "weights")
# What wraps a network puts this before every key: DataParallel, torch.compile, Lightning modules.
COMMON_PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
OF_TRAINING = ("criterion.", "loss.", "loss_fn.", "loss_func.")  # a loss's own values, which Lightning saves along
REFUSALS = ("Unsupported global", "Unsupported class", "unsupported GLOBAL")  # in the restricted unpickler's words
# What weights are made of. Kinds of fewer bits mean nothing without the scales that lie elsewhere.
PLAIN = {
    *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
    *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool),
}
MOST_SHARING = 4  # how many times its own size the tensors of a file may come to; two keys may share their values
DEPTH = 4  # how many wrappers may lie around each other
NAMED_KEYS = 3  # how many of the wrong keys a message names


@dataclass(frozen=True)
class Checkpoint:
    """A weight file as read: its tensors by key, on the CPU, as stored, and what was found around them.

    `wrapper` and `prefix` are what was taken off ("state_dict", "module."); `unused` are keys of the training alone
    that were left out; `settings` are a fairseq configuration's; `beside` names what else lay around the state dict
    ("optimizer_state_dict", "epoch"). Tensors of a zip-format file are views of the file.
    """

    path: Path
    state: dict[str, Tensor]
    wrapper: str = ""
    prefix: str = ""
    unused: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    beside: tuple[str, ...] = ()


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a weight file by key; see `read_checkpoint`."""
    return read_checkpoint(path).state


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads a weight file: safetensors, PyTorch's format through its restricted unpickler, or a converted folder.

    A state dict may lie bare in the file or under one of `WRAPPERS`; prefixes that all keys share are removed where
    they are among `COMMON_PREFIXES`. Raises `CheckpointError` if the file is absent, damaged, something else than
    weights, or holds objects that are neither plain tensors nor on the list of `stand_ins`; such objects are never
    built.
    """
    if is_converted(path):
        config = read_config(path)
        check_weights(path, config)
        inside = read_checkpoint(path / WEIGHTS)
        return replace(inside, path=path, settings=config.get("encoder") or {})
    document = _load(path, _head(path))
    inner, wrapper, beside = _unwrap(document)
    if not isinstance(inner, Mapping) or not inner:
        what = "an empty table" if inner == {} else type(inner).__name__
        raise CheckpointError(f"{path}: holds no state dict (a table of tensors), but {what}")
    _check_table(path, inner)
    unused = tuple(key for key in inner if key.startswith(OF_TRAINING))
    state, prefix = _without_prefixes({key: value for key, value in inner.items() if key not in unused} or dict(inner))
    settings = fairseq_settings(document) if isinstance(document, dict) and inner is not document else {}
    return Checkpoint(path, state, wrapper, prefix, unused if len(unused) < len(inner) else (), settings, beside)


def _check_table(path: Path, table: Mapping[Any, Any]) -> None:
    """Raises `CheckpointError` where it holds anything else than plain tensors by name, or more than the file can."""
    claimed = 0
    for key, value in table.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            what = f"{_word(key)} is {type(value).__name__}"
            raise CheckpointError(f"{path}: holds no state dict (a table of tensors): {what}")
        if value.is_meta or value.is_nested or value.layout != torch.strided or value.dtype not in PLAIN:
            raise CheckpointError(f"{path}: {_word(key)} is no plain tensor (quantised, sparse or without data)")
        claimed += value.numel() * value.element_size()
    if claimed > MOST_SHARING * path.stat().st_size:  # one value spread over a huge tensor, to fill the memory
        raise CheckpointError(f"{path}: claims {claimed:,} bytes of weights, far more than the file has; refused")


def _word(key: object) -> str:
    """A key for a message; what is no string is not spelt out, as that may have no end."""
    return one_line(repr(key), 60) if isinstance(key, str) else f"a {type(key).__name__}"


def _unwrap(document: object) -> tuple[object, str, tuple[str, ...]]:
    """What lies within the wrappers, their names, and what else lies there."""
    names: list[str] = []
    beside: list[str] = []
    for _ in range(DEPTH):  # a table may hold itself
        if not isinstance(document, Mapping):
            break
        name = next((name for name in WRAPPERS if isinstance(document.get(name), Mapping)), None)
        if name is None:
            break
        beside += [one_line(key, 60) for key in document if isinstance(key, str) and key != name]
        document = document[name]
        names.append(name)
    return document, ".".join(names), tuple(beside)


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
    if head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<"):
        raise CheckpointError(f"{path}: is a web page, not weights; download the file itself")
    return head


def _load(path: Path, head: bytes) -> Any:
    if head[8:9] == b"{":  # safetensors: 8 bytes of length, then a JSON table
        return _guarded(path, lambda: load_file(path), [])
    # Of a zip file the tensors are mapped, not read: no copy of the weights arises until one is asked for.
    mapped = head.startswith(ZIP_START)
    if mapped:
        _check_archive(path)
    names = pickled_names(path)
    if greedy := [name for name in names if name in GREEDY]:
        raise _objects(path, greedy)

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
            raise _objects(path, foreign) from None
        raise _damaged(path) from None
    except OSError as error:
        if error.errno == errno.EINVAL:  # PyTorch looks for the end of a file before its beginning
            raise _damaged(path) from None
        raise CheckpointError(f"{path}: cannot be read ({error.strerror or one_line(error)})") from None
    except Exception:  # whatever a stranger's bytes may provoke in those who read them
        raise _damaged(path) from None


def _check_archive(path: Path) -> None:
    """Raises `CheckpointError` for a zip file that PyTorch's own saving of weights did not make."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return  # damaged: left to PyTorch, which says so
    inside = {entry.filename.rpartition("/")[2] for entry in entries}
    if "constants.pkl" in inside:
        raise CheckpointError(f"{path}: is a TorchScript program, not weights; refused: have its state_dict() saved")
    if entries and "data.pkl" not in inside:
        raise CheckpointError(f"{path}: is a zip archive, not a weight file; unpack it and pass the file inside")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):  # mapped, it would be read as it is
        raise CheckpointError(f"{path}: was compressed again after it was saved; unpack it, or download it again")


def _objects(path: Path, names: list[str]) -> CheckpointError:
    held = f" ({', '.join(names[:NAMED_KEYS])})" if names else ""
    text = f"{path}: holds Python objects other than tensors{held}; refused, and nothing in it was run"
    return CheckpointError(one_line(text))


def _damaged(path: Path) -> CheckpointError:
    return CheckpointError(f"{path}: is damaged, cut short or no weight file at all; download it again")
