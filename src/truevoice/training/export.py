"""From a trained network to the graph and the description that the torch-free core reads."""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

INPUT, OUTPUT = "waveform", "score"
OPSET = 18


class LogOdds(nn.Module):
    """Two logits (spoof, bona fide) as one score: their difference, the network's own log odds of bona fide."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, waveform: Tensor) -> Tensor:
        """Waves (batch, samples) to scores (batch,), higher = more bona fide."""
        logits = self.network(waveform)
        return logits[:, 1] - logits[:, 0]


def to_graph(network: nn.Module, samples: int) -> bytes:
    """The ONNX graph of `LogOdds(network)`: `waveform` (batch, samples) float32 to `score` (batch,) float32.

    The batch is free, the number of samples fixed. What the exporter notes about the place and the moment of the
    export is left out, so equal weights give equal bytes.
    """
    import onnx

    scorer = LogOdds(network).eval()
    # The exporter warns of missing packages that play no part here.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            scorer,
            (torch.zeros(2, samples),),
            dynamo=True,
            dynamic_shapes={INPUT: {0: torch.export.Dim("batch", min=1)}},
            input_names=[INPUT],
            output_names=[OUTPUT],
            opset_version=OPSET,
            optimize=True,
            verbose=False,
        )
    assert program is not None
    model = onnx.ModelProto.FromString(program.model_proto.SerializeToString())
    bare = onnx.ModelProto(ir_version=model.ir_version, producer_name="truevoice")
    bare.opset_import.extend(entry for entry in model.opset_import if entry.domain == "")
    bare.graph.CopyFrom(model.graph)
    _strip(bare.graph)
    onnx.checker.check_model(bare, full_check=True)
    return bare.SerializeToString(deterministic=True)


def _strip(graph: Any) -> None:
    """Removes traces of the exporting machine (paths in stack traces) and the shapes of inner values."""
    graph.name = "truevoice"
    graph.ClearField("doc_string")
    graph.ClearField("metadata_props")
    graph.ClearField("value_info")
    for item in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        item.ClearField("doc_string")
        item.ClearField("metadata_props")


def write(folder: Path, name: str, graph: bytes, description: dict[str, Any]) -> None:
    """Writes NAME.onnx and NAME.json (the description with `format`, `name` and `sha256` before it) into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    sidecar = {"format": 1, "name": name, "sha256": hashlib.sha256(graph).hexdigest(), **description}
    (folder / f"{name}.onnx").write_bytes(graph)
    (folder / f"{name}.json").write_text(json.dumps(sidecar, indent=2) + "\n", encoding="utf-8")
