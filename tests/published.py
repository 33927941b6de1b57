"""A network held against what is published of its model: keys, shapes, number of parameters, recorded values."""

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

import truevoice
from seeded import published_shapes, seeded_state
from truevoice.models.checkpoint import load_strictly

TOLERANCE = 1e-4
SEED_OF_MAPS = 78


def with_seeded_weights(network: nn.Module, keys: Path, *, kept: Iterable[str] = (), beside: str = "") -> nn.Module:
    """`network` with the seeded weights, once its keys and shapes are found to be those of the file `keys`.

    kept: prefixes of tensors that stay as they were built. beside: the prefix of what the file does not list.
    """
    shapes = published_shapes(keys)
    own = network.state_dict()
    listed = {key: list(value.shape) for key, value in own.items() if not (beside and key.startswith(beside))}
    assert listed == shapes
    load_strictly(network, {**own, **seeded_state(shapes, skip=kept)}, keys.name)
    return network.eval()


def seeded_maps() -> dict[str, Tensor]:
    """The inputs of the recorded spectral classifiers, two each, by bands x frames; the second is softer and offset."""
    generator = torch.Generator().manual_seed(SEED_OF_MAPS)
    shapes = {"80x404": (2, 1, 80, 404), "384x600": (2, 1, 384, 600), "384x600_2ch": (2, 2, 384, 600)}
    maps = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    for values in maps.values():
        values[1] = 0.5 * values[1] + 0.3
    return maps


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def recorded(network: nn.Module, *names: str) -> dict[str, Tensor]:
    """Filled, as `network` runs, with the outputs of the modules `names`, or, for "> NAME", with the input."""
    found: dict[str, Tensor] = {}
    for name in names:
        module = network.get_submodule(name.removeprefix("> "))
        if name.startswith("> "):
            module.register_forward_pre_hook(lambda _, inputs, name=name: found.__setitem__(name, inputs[0]))
        else:
            module.register_forward_hook(
                lambda _, inputs, output, name=name: found.__setitem__(
                    name, output[0] if isinstance(output, tuple) else output
                )
            )
    return found


def assert_near(ours: Tensor, theirs: Tensor, tolerance: float = TOLERANCE) -> None:
    assert ours.shape == theirs.shape
    assert float((ours - theirs).abs().max()) <= tolerance


def scores_through_the_register(name: str, network: nn.Module, folder: Path, waves: Tensor) -> Tensor:
    """What `truevoice.load` makes of the network's weights in a file such as training scripts write."""
    path = folder / "checkpoint.pth"
    torch.save({"state_dict": {f"module.{key}": value for key, value in network.state_dict().items()}}, path)
    detector = truevoice.load(name, checkpoint=path, device="cpu", engine="torch")
    return torch.from_numpy(detector.scores(waves.numpy()))


def scores_of_the_graph(network: nn.Module, path: Path, waves: Tensor, index: int) -> Tensor:
    """What ONNX Runtime makes of the exported network, one recording and then all of them in one call."""
    import onnxruntime

    from truevoice.models.export import export_onnx

    export_onnx(network, path, window=waves.shape[1], bonafide_index=index)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    alone = session.run(None, {"waveform": waves[:1].numpy()})[0]
    together = torch.from_numpy(session.run(None, {"waveform": waves.numpy()})[0])
    assert_near(torch.from_numpy(alone), together[:1])
    return together
