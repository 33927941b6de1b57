"""Weight files, good and bad; a bad one gives one clear line and is never run."""

import io
import pickle
import tarfile
import zipfile

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from truevoice.errors import CheckpointError
from truevoice.models.checkpoint import load_strictly, read_checkpoint, read_state_dict


def tiny_network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def test_bare_nested_prefixed_and_safetensors_files_are_the_same_state(tmp_path):
    state = tiny_network().state_dict()
    prefixed = {f"module.{key}": value for key, value in state.items()}
    contents = {
        "bare": state,
        "prefixed": prefixed,
        "model": {"model": state, "epoch": 3},
        "state_dict": {"state_dict": prefixed},
        "model_state_dict": {"model_state_dict": state, "optimizer_state_dict": {"state": {}}, "epoch": 3},
        "lightning": {"state_dict": {f"model.{key}": value for key, value in state.items()}, "hyper_parameters": {}},
        "compiled": {"net": {f"_orig_mod.net.{key}": value for key, value in state.items()}, "model": "linear"},
        "with-its-loss": {"state_dict": {**prefixed, "criterion.weight": torch.tensor([0.1, 0.9])}},
    }
    paths = []
    for name, content in contents.items():
        paths.append(tmp_path / f"{name}.pth")
        torch.save(content, paths[-1])
    paths.append(tmp_path / "old.pth")
    torch.save(state, paths[-1], _use_new_zipfile_serialization=False)
    paths.append(tmp_path / "safe.safetensors")
    save_file(state, paths[-1])
    for path in paths:
        read = read_state_dict(path)
        assert set(read) == set(state), path
        assert all(torch.equal(read[key], state[key]) for key in state), path


def truncated(path):
    torch.save(tiny_network().state_dict(), path)
    path.write_bytes(path.read_bytes()[:-700])


def truncated_safetensors(path):
    save_file(tiny_network().state_dict(), path)
    path.write_bytes(path.read_bytes()[:-10])


def zip_of_something_else(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing here")


def compressed_again(path):
    whole = io.BytesIO()
    torch.save(tiny_network().state_dict(), whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry))


def torchscript(path):
    torch.jit.save(torch.jit.trace(tiny_network().eval(), torch.zeros(1, 3)), str(path))


def tar(path):
    """PyTorch's format of before 2017."""
    with tarfile.open(path, "w") as archive:
        for name in ("storages", "tensors", "pickle"):
            entry = tarfile.TarInfo(name)
            entry.size = 3
            archive.addfile(entry, io.BytesIO(b"\x80\x02."))


BAD = {
    "missing": (lambda path: None, "no such weight file"),
    "folder": (lambda path: path.mkdir(), "folder"),
    "empty": (lambda path: path.touch(), "empty"),
    "truncated": (truncated, "damaged"),
    "truncated-safetensors": (truncated_safetensors, "damaged"),
    "lfs": (lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "Git LFS"),
    "html-of-windows": (lambda path: path.write_bytes(b"\xef\xbb\xbf<html>"), "web page"),
    "html": (lambda path: path.write_text("\n<!DOCTYPE html><html></html>"), "web page"),
    "text": (lambda path: path.write_text("not a checkpoint"), "damaged"),
    "noise": (lambda path: path.write_bytes(bytes(range(256)) * 8), "damaged"),
    "other-zip": (zip_of_something_else, "unpack it"),
    "compressed": (compressed_again, "compressed again"),
    "torchscript": (torchscript, "TorchScript"),
    "tar": (tar, "damaged"),
    "cut-safetensors-header": (lambda path: path.write_bytes(b"\xff" * 8 + b'{"a":1}'), "damaged"),
    "nested-tensor": (lambda path: torch.save({"a": torch.nested.nested_tensor([torch.zeros(2)])}, path), "no plain"),
    "tiny-floats": (lambda path: torch.save({"a": torch.zeros(2).to(torch.float8_e4m3fn)}, path), "no plain"),
    "odd-key": (lambda path: torch.save({(1, (2,)): torch.zeros(2)}, path), "a tuple is Tensor"),
    "cut-pickle": (lambda path: path.write_bytes(pickle.dumps({"a": 1}, protocol=2)[:-3]), "damaged"),
    "list": (lambda path: torch.save([torch.zeros(2)], path), "state dict"),
    "numbers": (lambda path: torch.save({"weight": 3}, path), "state dict"),
    "nothing": (lambda path: torch.save({}, path), "state dict.*an empty table"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_file_gives_one_line_that_names_it(kind, tmp_path):
    make, words = BAD[kind]
    path = tmp_path / "weights.pth"
    make(path)
    with pytest.raises(CheckpointError, match=words) as caught:
        read_state_dict(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("0.weight"), r"lacks 0\.weight \(1 in all\)"),
        (lambda state: state.update(extra=torch.zeros(1)), r"unexpected extra \(1 in all\)"),
        (lambda state: state.update({"0.weight": torch.zeros(2, 4)}), r"0\.weight \(2, 4\) instead of \(2, 3\)"),
        (lambda state: state.update({"0.bias": torch.tensor([0.0, float("nan")])}), r"not finite in 0\.bias"),
        (lambda state: state.update({"1.running_var": torch.tensor([1.0, float("inf")])}), "not finite in 1"),
        (lambda state: state.update({"0.bias": torch.zeros(2, dtype=torch.int8)}), "another kind of number"),
    ],
)
def test_unfit_state_is_refused_and_nothing_is_loaded(change, words):
    network = tiny_network()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    state = {key: value + 1 for key, value in before.items()}
    change(state)
    with pytest.raises(CheckpointError, match=words) as caught:
        load_strictly(network, state, "file.pth")
    assert str(caught.value).startswith("file.pth: ")
    assert all(torch.equal(network.state_dict()[key], before[key]) for key in before)


def test_a_message_names_the_first_keys_and_their_number():
    with pytest.raises(CheckpointError, match=r"lacks 0\.weight, 0\.bias, 1\.weight, … \(7 in all\)"):
        load_strictly(tiny_network(), {}, "file.pth")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32(dtype):
    network = tiny_network()
    state = {
        key: value.to(dtype) if value.is_floating_point() else value for key, value in network.state_dict().items()
    }
    load_strictly(network, state, "file.pth")
    assert all(parameter.dtype == torch.float32 for parameter in network.parameters())
    assert torch.equal(network[0].weight, state["0.weight"].float())


def test_what_was_taken_off_is_told(tmp_path):
    state = {f"module.{key}": value for key, value in tiny_network().state_dict().items()}
    torch.save({"state_dict": {**state, "criterion.weight": torch.ones(2)}}, tmp_path / "a.pth")
    read = read_checkpoint(tmp_path / "a.pth")
    assert (read.wrapper, read.prefix, read.unused) == ("state_dict", "module.", ("criterion.weight",))


def test_counters_of_averaged_checkpoints_may_be_fractions():
    network = tiny_network()
    state = {key: value.clone() for key, value in network.state_dict().items()}
    state["1.num_batches_tracked"] = torch.tensor(7.4)
    load_strictly(network, state, "file.pth")
    assert network[1].num_batches_tracked == torch.tensor(7)
    assert network[1].num_batches_tracked.dtype == torch.int64


@pytest.mark.parametrize("odd", [torch.zeros(2, 2).to_sparse(), torch.zeros(2, device="meta")])
def test_tensors_without_plain_values_are_refused(odd, tmp_path):
    torch.save({"weight": odd}, tmp_path / "odd.pth")
    with pytest.raises(CheckpointError, match="no plain tensor"):
        read_state_dict(tmp_path / "odd.pth")


def test_the_tensors_of_a_file_are_views_of_it_until_written(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save({"weight": torch.zeros(1000)}, path)
    content = path.read_bytes()
    state = read_state_dict(path)
    state["weight"].fill_(1.0)
    assert path.read_bytes() == content, "what happens to the weights must never reach the file"


def test_a_network_takes_over_the_tensors_where_asked():
    with torch.device("meta"):
        network = nn.Linear(3, 2)
    state = {"weight": torch.ones(2, 3), "bias": torch.zeros(2, dtype=torch.float16)}
    load_strictly(network, state, "file.pth", assign=True)
    assert network.weight.data_ptr() == state["weight"].data_ptr()
    assert network.bias.dtype == torch.float32
