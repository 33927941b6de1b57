"""Networks as ONNX graphs, for ONNX Runtime and for every other runtime that reads the format: the one way there.

A graph takes `waveform` (batch, time) float32 at 16 kHz and gives `score` (batch,) float32, higher = more bona fide.
Beside it stands its description, NAME.json, without which the core does not take it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from truevoice.errors import CheckpointError, MissingExtraError, one_line

INPUT, OUTPUT = "waveform", "score"
OPSET = 18
TRACED_BATCH = 2  # any batch but 1, so that no step can take the batch for an axis of length one
LARGEST = 2**31 - 2**26  # bytes of weights that a graph in one file can hold, with room for the graph itself
DESCRIPTION_FORMAT = 1


class Score(nn.Module):
    """(B, T) waveforms -> (B,) the logit `index` of `network`, with `log_odds` less the other of the two."""

    def __init__(self, network: nn.Module, index: int = 1, log_odds: bool = False) -> None:
        super().__init__()
        self.network = network
        self.index = index
        self.log_odds = log_odds

    def forward(self, waveform: Tensor) -> Tensor:
        logits = self.network(waveform)
        score = logits[:, self.index]
        return score - logits[:, 1 - self.index] if self.log_odds else score


def export_onnx(
    network: nn.Module,
    path: Path,
    *,
    window: int,
    bonafide_index: int = 1,
    log_odds: bool = False,
    any_length: bool = False,
) -> None:
    """Writes `network` ((B, T) -> logits) as a graph with its weights inside, for any batch of `window` samples.

    any_length: the graph says that it takes any T. Whether it then gives the network's scores is for the caller to
    check: what a network counts while it runs (how many nodes it keeps) stays in the graph as it was at `window`.
    If the network has a CPU form of its own (`for_cpu`), that is what is written: folded, and unrolled into tiles,
    which are found by counting samples, so that it knows one length alone.
    Equal weights give equal bytes. Raises `MissingExtraError` without the packages of the extra "export",
    `CheckpointError` for more weights than one file can hold, or a network that the format cannot express.
    """
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise MissingExtraError("The export to ONNX", "export") from None
    size = sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())
    if size > LARGEST:
        raise CheckpointError(
            f"{path}: cannot be written: the weights are {size / 1e9:.1f} GB, and an ONNX file holds at most 2; "
            "they run on --engine torch"
        )
    for_cpu: Callable[[], nn.Module] | None = getattr(network, "for_cpu", None)
    graph = Score(for_cpu() if for_cpu else network, bonafide_index, log_odds).eval().cpu()
    axes = {0: "batch", 1: "time"} if any_length and not for_cpu else {0: "batch"}
    # The tracing exporter: the newer one takes thirty times as long on all of these networks, minutes on one of many
    # tiles, refuses two of them, and finds no more lengths to be free than this one does.
    try:
        with _quiet(), torch.inference_mode():
            torch.onnx.export(
                graph,
                (torch.zeros(TRACED_BATCH, window),),
                str(path),
                dynamo=False,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_axes={INPUT: axes, OUTPUT: {0: "batch"}},
            )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
        raise CheckpointError(f"{path}: this network cannot be written as a graph ({one_line(error, 120)})") from None


def scores_of(
    network: nn.Module, windows: NDArray[np.float32], *, bonafide_index: int = 1, log_odds: bool = False
) -> NDArray[np.float32]:
    """What `network` itself gives, window by window in float32: (N, T) -> (N,). What a graph is measured against."""
    scorer = Score(network, bonafide_index, log_odds).eval()
    with torch.inference_mode():
        return np.concatenate([scorer(wave).float().numpy() for wave in torch.from_numpy(windows).split(1)])


def write_description(graph: Path, description: dict[str, Any]) -> None:
    """Writes NAME.json beside the graph NAME.onnx: `format`, `name` and `sha256`, then `description`."""
    with graph.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    sidecar = {"format": DESCRIPTION_FORMAT, "name": graph.stem, "sha256": checksum, **description}
    graph.with_suffix(".json").write_text(json.dumps(sidecar, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hides the exporter's remarks on tracing and on its own deprecation, and the pages that it prints when it fails:
    none of them is the user's."""
    switch = torch._C._jit_set_onnx_log_enabled
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        switch(False)
        # The exporter switches its log on, though nobody asked it to.
        torch._C._jit_set_onnx_log_enabled = lambda enabled: None
        try:
            yield
        finally:
            torch._C._jit_set_onnx_log_enabled = switch
