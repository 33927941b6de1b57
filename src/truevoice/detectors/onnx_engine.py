"""The engine of the core: an ONNX graph on ONNX Runtime, no torch.

The graph takes `waveform` (batch, time) float32 at 16 kHz and gives `score` (batch,) float32, higher = more bona fide.
Its feature extraction is inside it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truevoice.errors import CheckpointError, UsageError, one_line

INPUT, OUTPUT = "waveform", "score"
ANSWERS_TO_CUDA = "CUDAExecutionProvider"


def usable_cores() -> int:
    """Processors that this process may use (a container's share, not the whole machine's)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class OnnxEngine:
    """One loaded graph. `device` is "cpu" or "cuda"; `batch_size` is how many windows are best given at once."""

    name = "onnx"

    def __init__(self, graph: bytes | Path, device: str = "auto", *, batch_size: int = 32, threads: int = 0) -> None:
        """graph: the file's bytes or its path. threads: 0 = all usable cores. Raises CheckpointError, UsageError."""
        import onnxruntime

        providers = _providers(device, onnxruntime.get_available_providers())
        self.device = "cuda" if ANSWERS_TO_CUDA in providers else "cpu"
        self.batch_size = batch_size
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or usable_cores()
        options.log_severity_level = 3
        try:
            source: Any = graph if isinstance(graph, bytes) else str(graph)
            self._session = onnxruntime.InferenceSession(source, options, providers=providers)
        except Exception as error:  # ONNX Runtime's own exceptions share no base class
            name = "the graph" if isinstance(graph, bytes) else str(graph)
            raise CheckpointError(f"{name}: is not an ONNX graph that can run here ({one_line(error, 160)})") from None
        inputs = [item.name for item in self._session.get_inputs()]
        outputs = [item.name for item in self._session.get_outputs()]
        if inputs != [INPUT] or OUTPUT not in outputs:
            raise CheckpointError(
                f"the graph takes {inputs} and gives {outputs}; a detector takes ['{INPUT}'] and gives '{OUTPUT}'"
            )

    def run(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(B, T) float32 → CM scores (B,) float32."""
        return self._session.run([OUTPUT], {INPUT: windows})[0]


def _providers(device: str, available: list[str]) -> list[str]:
    cuda = ANSWERS_TO_CUDA in available
    if device == "cpu" or (device == "auto" and not cuda):
        return ["CPUExecutionProvider"]
    if device == "auto" or device.startswith("cuda"):
        if not cuda:
            raise UsageError(
                "device cuda is not at hand for ONNX Runtime: install onnxruntime-gpu, or use --device cpu"
            )
        return [ANSWERS_TO_CUDA, "CPUExecutionProvider"]
    raise UsageError(f"device {device!r} is not for the ONNX engine: choose auto, cpu or cuda")
