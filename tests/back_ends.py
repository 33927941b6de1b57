"""What every back-end on an encoder's features must do, whatever it is made of."""

import warnings
from pathlib import Path

import torch

from seeded import published_shapes, seeded_state

VECTORS = "reference/vectors_other"
FRONT_ENDS = ("ssl_model.model.", "m_ssl.model.")  # what the encoder's keys begin with in the recorded lists
TOLERANCE = 1e-4


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def with_seeded_weights(network, keys: Path, *, fixed=(), besides=()):
    """`network` in eval mode with the weights of the vectors; its keys and shapes must be the published ones exactly.

    `fixed`: keys kept as they were built, for which nothing was drawn. `besides`: prefixes of keys that are ours alone.
    """
    shapes = published_shapes(keys, skip=FRONT_ENDS)
    ours = {key: list(value.shape) for key, value in network.state_dict().items() if not key.startswith(besides)}
    assert ours == shapes
    missing, unexpected = network.load_state_dict(seeded_state(shapes, skip=fixed), strict=False)
    assert not unexpected
    assert all(key.startswith((*fixed, *besides)) for key in missing)
    return network.eval()


def expected(folder: Path, name: str) -> dict[str, torch.Tensor]:
    return torch.load(folder / f"{name}_expected.pt", weights_only=True)


def features(folder: Path) -> torch.Tensor:
    """(2, 201, 1024), what the vectors were recorded from in place of an encoder's output."""
    return torch.load(folder / "ssl_features.pt", weights_only=True)["features"]


def heard(module, into: dict, name: str) -> None:
    """From now on `into[name]` is what `module` last gave."""
    module.register_forward_hook(lambda _, given, output: into.__setitem__(name, output))


def close(ours, theirs, tolerance=TOLERANCE) -> bool:
    return ours.shape == theirs.shape and bool((ours - theirs).abs().max() <= tolerance)


def check_batch(network, inputs, *, axis=0, tolerance=1e-5):
    """A recording scores alone as it does among others."""
    with torch.inference_mode():
        together = network.eval()(inputs)
        alone = torch.cat([network(one) for one in inputs.split(1, dim=axis)])
    assert together.isfinite().all()
    assert close(alone, together, tolerance)


def idle_after_training(network, inputs) -> set[str]:
    """Names of the trainable parameters that one step of training does not reach; all gradients must be finite."""
    network.train()
    network(inputs).pow(2).sum().backward()
    found = {name: parameter.grad for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert all(gradient.isfinite().all() for gradient in found.values() if gradient is not None)
    return {name for name, gradient in found.items() if gradient is None or not gradient.any()}


def check_graph(network, inputs, path: Path, *, axis=0, others=()):
    """The exported graph gives the network's numbers for any batch; `others`: inputs of another length."""
    import onnxruntime

    network.eval()
    open_axes = {axis: "batch", axis + 1: "time"} if others else {axis: "batch"}
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (inputs,),
            str(path),
            dynamo=False,
            opset_version=18,
            input_names=["features"],
            output_names=["logits"],
            dynamic_axes={"features": open_axes, "logits": {0: "batch"}},
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        for given in (inputs, inputs.narrow(axis, 0, 1), *others):
            (logits,) = session.run(None, {"features": given.numpy()})
            assert close(torch.from_numpy(logits), network(given), 1e-5)
