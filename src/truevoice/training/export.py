"""From a trained network to the graph and the description that the torch-free core reads."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from torch import nn

from truevoice.models.export import export_onnx, write_description


def to_graph(network: nn.Module, samples: int) -> bytes:
    """The ONNX graph of a network of two logits: `waveform` (batch, samples) float32 to `score` (batch,) float32.

    The score is the network's own log odds of bona fide, the second logit less the first. The batch is free, the
    number of samples fixed; equal weights give equal bytes.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.onnx"
        export_onnx(network, path, window=samples, log_odds=True)
        return path.read_bytes()


def write(folder: Path, name: str, graph: bytes, description: dict[str, Any]) -> None:
    """Writes NAME.onnx and NAME.json (the description with `format`, `name` and `sha256` before it) into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.onnx").write_bytes(graph)
    write_description(folder / f"{name}.onnx", description)
