"""Networks as ONNX graphs, for ONNX Runtime and for every other runtime that reads the format."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from truevoice.errors import MissingExtraError

OPSET = 18
TRACED_BATCH = 2  # any batch but 1, so that no step can take the batch for an axis of length one


class _Score(nn.Module):
    """(B, T) waveforms -> (B,) the logit `index` of `network`, with `log_odds` less the other of the two."""

    def __init__(self, network: nn.Module, index: int, log_odds: bool) -> None:
        super().__init__()
        self.network = network
        self.index = index
        self.log_odds = log_odds

    def forward(self, waveform: Tensor) -> Tensor:
        logits = self.network(waveform)
        score = logits[:, self.index]
        return score - logits[:, 1 - self.index] if self.log_odds else score


def export_onnx(
    network: nn.Module, path: Path, *, window: int, bonafide_index: int = 1, log_odds: bool = False
) -> None:
    """Writes `network` ((B, T) -> logits) as a graph with its weights inside: `waveform` (batch, window) float32 in,
    `score` (batch,) float32 out, any batch.

    If the network has a CPU form of its own (`for_cpu`), that is what is written: folded, and unrolled into tiles.
    Raises `MissingExtraError` without the packages of the extra "export".
    """
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise MissingExtraError("The export to ONNX", "export") from None
    for_cpu: Callable[[], nn.Module] | None = getattr(network, "for_cpu", None)
    graph = _Score(for_cpu() if for_cpu else network, bonafide_index, log_odds).eval().cpu()
    # The tracing exporter: on a graph of this many tiles the newer one takes minutes instead of seconds. The tiles are
    # found by counting samples, so the window is fixed in the graph, and only the batch is left open.
    with _quiet(), torch.inference_mode():
        torch.onnx.export(
            graph,
            (torch.zeros(TRACED_BATCH, window),),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=["waveform"],
            output_names=["score"],
            dynamic_axes={"waveform": {0: "batch"}, "score": {0: "batch"}},
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hides the exporter's remarks on tracing and on its own deprecation: none of them is the user's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
