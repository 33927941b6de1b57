"""Graphs with 8-bit integers for the weights of their matrix products: a quarter of the size, and not quite the scores.

Dynamic quantisation of ONNX Runtime: weights are rounded once, one scale for each output; what they are multiplied with
is rounded while the graph runs, one scale for each product. Convolutions and all else stay in float32.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

from truevoice.errors import CheckpointError, MissingExtraError

PRODUCTS = ("MatMul", "Gemm")
INTEGER_PRODUCT = "MatMulInteger"
# Numbers in a matrix from which rounding it gains anything. Smaller ones are those of the parts that decide, which
# choose among what they hear by comparing: there rounding costs most.
SMALLEST = 2**18


def quantise(source: Path, target: Path) -> int:
    """Writes the graph `source` to `target` with its products by constant matrices in 8-bit integers; their number.

    Weights take 7 of the 8 bits: sums then stay exact on processors without instructions of their own for such
    products, and the scores are the same on all. Raises CheckpointError for a graph that would not become smaller,
    MissingExtraError without onnx.
    """
    try:
        import onnx
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError:
        raise MissingExtraError("Quantisation", "export") from None
    spared = _small_products(onnx.load(source).graph)
    with _quiet():
        quantize_dynamic(
            source,
            target,
            op_types_to_quantize=list(PRODUCTS),
            nodes_to_exclude=spared,
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
    products = sum(node.op_type == INTEGER_PRODUCT for node in onnx.load(target).graph.node)
    if not products or target.stat().st_size >= source.stat().st_size:
        target.unlink()
        raise CheckpointError(
            f"{source}: would not become smaller in 8 bits, as it has no large matrix products; leave --int8 out"
        )
    return products


def _small_products(graph: Any) -> list[str]:
    """Names of the products by a matrix that is small or no constant."""
    sizes = {matrix.name: prod(matrix.dims) for matrix in graph.initializer}
    small = [node.name for node in graph.node if node.op_type in PRODUCTS and sizes.get(node.input[1], 0) < SMALLEST]
    return small + [f"{name}_MatMul" for name in small]  # what the quantiser calls a Gemm that it has taken apart


@contextmanager
def _quiet() -> Iterator[None]:
    """Hides the advice to optimise the graph before: it is done when the graph is opened."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(disabled)
