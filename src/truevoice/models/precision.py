"""How exactly a network's large products are computed on a CPU, and which of these ways the processor has.

Scores are published in float32, and that is the rule. The other ways are asked for by name: each stands in the engine's
name of every result, because their scores differ in the last digits.
"""

from __future__ import annotations

from truevoice.errors import UsageError

# From the most exact: int16 keeps 15 bits of every factor, bfloat16 8, int8 7.
PRECISIONS = ("float32", "int16", "bfloat16", "int8")
AUTO = "auto"  # int16 where the processor multiplies bytes fast, else float32


def check_word(asked: str) -> None:
    """Raises UsageError for what is neither a precision nor "auto"."""
    if asked not in (AUTO, *PRECISIONS):
        raise UsageError(f"precision {asked!r} is not known: choose {', '.join((AUTO, *PRECISIONS))}")


def chosen_precision(asked: str) -> str:
    """One of `PRECISIONS` for what was asked; raises UsageError for another word or what this processor has not."""
    check_word(asked)
    if asked == "float32":
        return asked
    has = {"int16": multiplies_bytes(), "int8": multiplies_bytes(), "bfloat16": multiplies_bfloat16()}
    if asked == AUTO:
        return "int16" if has["int16"] else "float32"
    if not has[asked]:
        there = ", ".join(one for one in PRECISIONS if has.get(one, True))
        raise UsageError(f"precision {asked}: this processor or this PyTorch has no fast way for it; it has {there}")
    return asked


def multiplies_bytes() -> bool:
    """Whether products of 8-bit integers have instructions of their own (AMX, VNNI) and PyTorch uses them."""
    import torch

    packed = hasattr(torch.ops.onednn, "qlinear_prepack") and torch.backends.mkldnn.is_available()
    return packed and _has("_is_amx_tile_supported", "_is_vnni_supported")


def multiplies_bfloat16() -> bool:
    import torch

    packed = hasattr(torch.ops.mkldnn, "_reorder_linear_weight") and torch.backends.mkldnn.is_available()
    return packed and _has("_is_amx_tile_supported", "_is_avx512_bf16_supported")


def _has(*tests: str) -> bool:
    import torch

    return any(getattr(torch.cpu, test, lambda: False)() for test in tests)
