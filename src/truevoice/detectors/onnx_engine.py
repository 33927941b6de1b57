"""The engine of the core: an ONNX graph on ONNX Runtime, no torch.

The graph takes `waveform` (batch, time) float32 at 16 kHz and gives `score` (batch,) float32, higher = more bona fide.
Its feature extraction is inside it.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truevoice.errors import CheckpointError, UsageError, one_line

INPUT, OUTPUT = "waveform", "score"
CUDA = "CUDAExecutionProvider"


def usable_cores() -> int:
    """Processors that this process may use: its affinity, and a container's quota where Linux states one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no such file, or "max": no quota
        return cores


class OnnxEngine:
    """One loaded graph. `device` is "cpu" or "cuda"; `batch_size` is how many windows are best given at once.

    On a CPU each core takes `chunk` windows at a time with one thread of ONNX Runtime: small pieces stay in its cache,
    and no core waits for another inside an operation. `window` is the only length the graph takes, None = any.
    """

    name = "onnx"

    def __init__(self, graph: bytes | Path, device: str = "auto", *, chunk: int = 8, silent: bool = False) -> None:
        """graph: the file's bytes or its path. silent: ONNX Runtime prints nothing, also where a run fails.

        Raises CheckpointError, UsageError.
        """
        # Recordings under examination are nobody else's business: ONNX Runtime would keep a data base of its use and
        # look for its maker's server. It reads this before it is imported.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        import onnxruntime

        providers = _providers(device, onnxruntime.get_available_providers())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4 if silent else 3
        try:
            source: Any = graph if isinstance(graph, bytes) else str(graph)
            self._session = onnxruntime.InferenceSession(source, options, providers=providers)
        except Exception as error:  # ONNX Runtime's own exceptions share no base class
            name = "the graph" if isinstance(graph, bytes) else str(graph)
            raise CheckpointError(f"{name}: is not an ONNX graph that can run here ({one_line(error, 160)})") from None
        inputs = {item.name: item for item in self._session.get_inputs()}
        outputs = [item.name for item in self._session.get_outputs()]
        if [*inputs] != [INPUT] or OUTPUT not in outputs:
            raise CheckpointError(
                f"the graph takes {[*inputs]} and gives {outputs}; a detector takes ['{INPUT}'] and gives '{OUTPUT}'"
            )
        on_cuda = CUDA in self._session.get_providers()  # ONNX Runtime falls back to the CPU without a word
        if device.startswith("cuda") and not on_cuda:
            raise UsageError(
                f"device {device} is listed but does not work here: see ONNX Runtime's message, or use cpu"
            )
        self.device = ("cuda" if device == "auto" else device) if on_cuda else "cpu"
        self._cores = 1 if on_cuda else usable_cores()
        self._chunk = 4 * chunk if on_cuda else chunk
        self._pool: ThreadPoolExecutor | None = None
        self._pool_owner = 0
        self.batch_size = self._chunk * self._cores
        length = inputs[INPUT].shape[-1]
        self.window: int | None = length if isinstance(length, int) else None

    def run(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(B, T) float32 → CM scores (B,) float32."""
        pieces = [windows[i : i + self._chunk] for i in range(0, len(windows), self._chunk)]
        if self._cores == 1 or len(pieces) < 2:
            scores = [self._run_piece(piece) for piece in pieces]
        else:
            scores = list(self._threads().map(self._run_piece, pieces))
        return np.concatenate(scores) if scores else np.zeros(0, np.float32)

    def _threads(self) -> ThreadPoolExecutor:
        """The pool of this process: threads do not survive a fork."""
        if self._pool is None or self._pool_owner != os.getpid():
            self._pool = ThreadPoolExecutor(self._cores, thread_name_prefix="truevoice-onnx")
            self._pool_owner = os.getpid()
        return self._pool

    def _run_piece(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._session.run([OUTPUT], {INPUT: windows})[0]


def _providers(device: str, available: list[str]) -> list[Any]:
    kind, _, number = device.partition(":")
    if kind not in ("auto", "cpu", "cuda") or (number and (kind != "cuda" or not number.isdecimal())):
        raise UsageError(f"device {device!r} is not for the ONNX engine: choose auto, cpu, cuda or cuda:N")
    if kind == "cpu" or (kind == "auto" and CUDA not in available):
        return ["CPUExecutionProvider"]
    if CUDA not in available:
        raise UsageError(f"device {device} is not at hand: install onnxruntime-gpu, or use --device cpu")
    return [(CUDA, {"device_id": int(number or 0)}), "CPUExecutionProvider"]
