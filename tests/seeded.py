"""Weights and features that anyone can draw again: the recorded vectors of the published models were made with them.

The rule is that of `reference/vectors/README.md` beside the checkout; the features are those of `other-models.md`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from pathlib import Path

import torch
from torch import Tensor

SEED_OF_WEIGHTS = 12
SEED_OF_LAYERS = 35
STEPS_TRACKED = 7  # the value of every counter of a batch norm


def seeded_state(shapes: Mapping[str, Sequence[int]], *, skip: Iterable[str] = ()) -> dict[str, Tensor]:
    """A value for every key of `shapes`, drawn from one generator over the sorted keys.

    Keys that begin with one of the prefixes in `skip` are left out, and nothing is drawn for them.
    """
    generator = torch.Generator().manual_seed(SEED_OF_WEIGHTS)
    wanted = sorted(key for key in shapes if not key.startswith(tuple(skip)))
    return {key: _value(key, tuple(shapes[key]), generator) for key in wanted}


def _value(key: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    if key.endswith("num_batches_tracked"):
        return torch.full(shape, STEPS_TRACKED, dtype=torch.int64)
    drawn = torch.randn(shape, generator=generator)
    if key.endswith("running_var"):
        return 1 + 0.2 * drawn.abs()
    if key.endswith("running_mean"):
        return 0.1 * drawn
    if key.endswith("weight_g"):
        return 1 + 0.1 * drawn
    if len(shape) >= 2:
        return drawn / prod(shape[1:] if shape[0] > 1 or len(shape) > 2 else shape) ** 0.5
    return 1 + 0.1 * drawn if key.endswith("weight") else 0.05 * drawn


def published_shapes(path: Path, *, skip: Iterable[str] = ()) -> dict[str, list[int]]:
    """The recorded key -> shape table of a model, less the keys that begin with one of the prefixes in `skip`."""
    shapes = json.loads(path.read_text())
    return {key: shape for key, shape in shapes.items() if not key.startswith(tuple(skip))}


def seeded_layers(count: int, frames: int = 201, dim: int = 1024) -> Tensor:
    """(count, 2, frames, dim), the stand-in for the layers of an encoder; the second recording is softer and offset."""
    layers = torch.randn(count, 2, frames, dim, generator=torch.Generator().manual_seed(SEED_OF_LAYERS))
    layers[:, 1] = 0.5 * layers[:, 1] + 0.3
    return layers
