"""The folder that `truevoice convert` writes and everything here reads: `model.safetensors` and `config.json`.

The configuration says what the weights are and where they come from, so that nothing has to be named or guessed again.
What is built is never taken from it: its network must be one of the register's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import truevoice
from truevoice.errors import CheckpointError, UsageError, one_line
from truevoice.files import replace_file

CONFIG, WEIGHTS = "config.json", "model.safetensors"
GRAPH, GRAPH_INT8 = "model.onnx", "model.int8.onnx"  # where they were asked for; each with its description
GRAPHS = (GRAPH, "model.json", GRAPH_INT8, "model.int8.json")
LIBRARY = "truevoice"
FORMAT = 1
LARGEST_CONFIG = 2**20  # bytes
LARGEST_HALF = 65504.0
POLARITY = "higher = more bona fide"
# What a trained detector brings along besides: see `truevoice.training.kept`. A conversion of its folder keeps it.
OF_TRAINING = ("training", "origin", "calibration", "windows")


@dataclass(frozen=True)
class Source:
    """The file that was converted: its name without folders, size, sha256, and what was taken off or left out."""

    file: str
    bytes: int
    sha256: str
    wrapper: str = ""
    prefix: str = ""
    unused: tuple[str, ...] = ()


def is_converted(folder: Path) -> bool:
    """Whether the folder holds a configuration of ours; one of another library's counts as none."""
    try:
        return folder.is_dir() and _parsed(folder / CONFIG).get("library_name") == LIBRARY
    except (OSError, ValueError, AttributeError):
        return False


def read_config(folder: Path) -> dict[str, Any]:
    """The configuration of a converted folder. Raises CheckpointError where it is none, or of a later format."""
    path = folder / CONFIG
    try:
        config = _parsed(path)
        if config["library_name"] != LIBRARY:
            raise KeyError("library_name")
        if config["format"] != FORMAT:
            raise CheckpointError(
                f"{path}: is of format {one_line(config['format'], 20)}, which this version does not know; "
                "update truevoice"
            )
        if not all(isinstance(config[part], dict) for part in ("card", "weights", "source")):
            raise TypeError("card, weights, source")
    except FileNotFoundError:
        raise CheckpointError(f"{folder}: holds no {CONFIG}; it is not a folder of 'truevoice convert'") from None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path}: is no configuration of 'truevoice convert' ({one_line(error, 80)})") from None
    return config


def _parsed(path: Path) -> Any:
    with path.open("rb") as file:
        return json.loads(file.read(LARGEST_CONFIG))


def check_weights(folder: Path, config: Mapping[str, Any]) -> str:
    """The sha256 of the folder's weights. Raises CheckpointError where they are absent or not the configuration's."""
    path = folder / WEIGHTS
    try:
        with path.open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        raise CheckpointError(f"{folder}: its {WEIGHTS} is missing or cannot be read") from None
    if checksum != config["weights"].get("sha256"):
        raise CheckpointError(f"{path}: does not match the sha256 in {CONFIG}; it is damaged or was exchanged")
    return checksum


def write_converted(
    folder: Path,
    network: Any,
    card: Any,
    source: Source,
    *,
    half: bool = False,
    state: Mapping[str, Any] | None = None,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Writes the network (as `build` gives it, not yet folded) and its configuration; returns the configuration.

    card: the dataclass of its card. half: tensors of two and more dimensions in float16, the others stay as they are.
    state: its tensors, where they are not those that it holds as they lie. more: what the configuration says besides,
    of `OF_TRAINING`. Graphs of an earlier conversion go, and the configuration comes last: a folder that has one is
    whole. Raises CheckpointError for weights too large for half precision, UsageError where the folder cannot be
    written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    given = network.state_dict() if state is None else state
    state = {key: tensor.detach().cpu().contiguous() for key, tensor in given.items()}
    if half:
        state = {key: _halved(key, tensor, source.file) for key, tensor in state.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for earlier in (CONFIG, *GRAPHS):
            (folder / earlier).unlink(missing_ok=True)
        part = folder / f".{WEIGHTS}.part"
        save_file(state, part, metadata={"format": "pt"})
        part.replace(folder / WEIGHTS)
        config = _config(network, card, source, folder / WEIGHTS, half) | dict(more or {})
        replace_file(folder / CONFIG, [json.dumps(config, indent=2, ensure_ascii=False).encode() + b"\n"])
        (folder / WEIGHTS).chmod((folder / CONFIG).stat().st_mode & 0o777)  # safetensors lets the owner alone read it
    except (OSError, SafetensorError) as error:
        why = getattr(error, "strerror", None) or one_line(error)
        raise UsageError(f"{folder}: cannot be written ({why})") from None
    return config


def origin_of(path: Path) -> dict[str, Any]:
    """Name, size and sha256 of a weight file; of a converted folder, of what that was converted from."""
    if is_converted(path):
        given = read_config(path)["source"]
        return {"file": str(given.get("file")), "bytes": given.get("bytes"), "sha256": str(given.get("sha256"))}
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": checksum}


def described(card: Any) -> dict[str, Any]:
    """A card as it stands in our files: without what holds for the published weight file alone."""
    left_out = ("shipped", "weights", "speed")
    facts = {key: value for key, value in asdict(card).items() if key not in left_out}
    return json.loads(json.dumps(facts))  # tuples as lists, as they are read back


def _config(network: Any, card: Any, source: Source, weights: Path, half: bool) -> dict[str, Any]:
    with weights.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "library_name": LIBRARY,
        "format": FORMAT,
        "truevoice": truevoice.__version__,
        "model_type": card.name,
        "polarity": POLARITY,
        "parameters": sum(one.numel() for name, one in network.named_parameters() if ".lora_" not in name),
        "weights": {
            "file": WEIGHTS,
            "sha256": checksum,
            "bytes": weights.stat().st_size,
            "dtype": "float16" if half else "float32",
        },
        "source": asdict(source) | {"unused": [*source.unused, *getattr(_encoder(network), "unused", ())]},
        "encoder": _encoder_settings(network),
        "card": described(card),
    }


def _encoder(network: Any) -> Any:
    front_end = getattr(network, "front_end", None)
    return front_end if hasattr(front_end, "layers_count") else None


def _encoder_settings(network: Any) -> dict[str, Any] | None:
    """What the shapes of an encoder's weights do not show, in a fairseq configuration's words; None = no encoder."""
    encoder = _encoder(network)
    if encoder is None:
        return None
    config = encoder.model.config
    if not hasattr(config, "conv_stride"):  # a Whisper encoder: its shapes show all
        return {"kind": config.model_type, "layers": encoder.layers_count, "dim": encoder.dim}
    rows = zip(config.conv_dim, config.conv_kernel, config.conv_stride, strict=True)
    return {
        "kind": config.model_type,
        "layers": encoder.layers_count,
        "dim": encoder.dim,
        "ffn": config.intermediate_size,
        "encoder_attention_heads": config.num_attention_heads,
        "layer_norm_first": bool(encoder.pre_norm),
        "conv_feature_layers": str([tuple(row) for row in rows]),
    }


def _halved(key: str, tensor: Any, origin: str) -> Any:
    if not tensor.is_floating_point() or tensor.ndim < 2:
        return tensor
    if tensor.numel() and float(tensor.abs().max()) > LARGEST_HALF:
        raise CheckpointError(f"{origin}: {key} is too large for half precision; leave --half out")
    return tensor.half()
