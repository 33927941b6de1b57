"""Weight files, good and bad; a bad one gives one clear line and is never run."""

import os
import pickle
import zipfile

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from truevoice.errors import CheckpointError
from truevoice.models.checkpoint import load_strictly, read_state_dict


def tiny_network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


class Hostile:
    """Unpickling this creates the file whose path is in the environment."""

    def __reduce__(self):
        return os.mkdir, (os.environ["TRUEVOICE_TEST_TRAP"],)


def test_bare_nested_prefixed_and_safetensors_files_are_the_same_state(tmp_path):
    state = tiny_network().state_dict()
    prefixed = {f"module.{key}": value for key, value in state.items()}
    contents = {
        "bare": state,
        "prefixed": prefixed,
        "model": {"model": state, "epoch": 3},
        "state_dict": {"state_dict": prefixed},
        "model_state_dict": {"model_state_dict": state, "optimizer": {}},
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


BAD = {
    "missing": (lambda path: None, "no such weight file"),
    "folder": (lambda path: path.mkdir(), "folder"),
    "empty": (lambda path: path.touch(), "empty"),
    "truncated": (truncated, "damaged"),
    "truncated-safetensors": (truncated_safetensors, "damaged"),
    "lfs": (lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "Git LFS"),
    "html": (lambda path: path.write_text("\n<!DOCTYPE html><html></html>"), "web page"),
    "text": (lambda path: path.write_text("not a checkpoint"), "damaged"),
    "noise": (lambda path: path.write_bytes(bytes(range(256)) * 8), "damaged"),
    "other-zip": (zip_of_something_else, "damaged"),
    "cut-pickle": (lambda path: path.write_bytes(pickle.dumps({"a": 1}, protocol=2)[:-3]), "damaged"),
    "list": (lambda path: torch.save([torch.zeros(2)], path), "state dict"),
    "numbers": (lambda path: torch.save({"weight": 3}, path), "state dict"),
    "nothing": (lambda path: torch.save({}, path), "state dict"),
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


@pytest.mark.parametrize("new_format", [True, False])
def test_hostile_pickle_is_refused_and_not_run(new_format, tmp_path, monkeypatch):
    trap = tmp_path / "trap"
    monkeypatch.setenv("TRUEVOICE_TEST_TRAP", str(trap))
    path = tmp_path / "weights.pth"
    torch.save({"weight": Hostile()}, path, _use_new_zipfile_serialization=new_format)
    with pytest.raises(CheckpointError, match="refused"):
        read_state_dict(path)
    assert not trap.exists()
    torch.load(path, weights_only=False)
    assert trap.exists(), "the trap itself must work, or this test shows nothing"


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
