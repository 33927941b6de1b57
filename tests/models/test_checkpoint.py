"""Weight files, good and bad; a bad one gives one clear line and is never run."""

import argparse
import contextlib
import enum
import io
import os
import pickle
import sys
import types
import zipfile
from collections import OrderedDict, defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from truevoice.errors import CheckpointError
from truevoice.models.checkpoint import load_strictly, read_checkpoint, read_state_dict
from truevoice.models.stand_ins import StandIn, pickled_names


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


@contextlib.contextmanager
def elsewhere(module, **classes):
    """Classes that claim to live in `module`, which is there only while a file is written."""
    parts = module.split(".")
    names = [".".join(parts[: count + 1]) for count in range(len(parts))]
    for name in names:
        sys.modules[name] = types.ModuleType(name)
    for name, one in classes.items():
        one.__module__, one.__name__, one.__qualname__ = module, name, name
        setattr(sys.modules[module], name, one)
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


class Config:
    """What OmegaConf pickles: an object with its content in its state."""

    def __init__(self, **content):
        self._content = content


class Meters(OrderedDict):
    pass


class Choice(enum.Enum):
    LAYER_NORM = "layer_norm"


def fairseq_style(path, *, inside=None, new_format=True):
    state = tiny_network().state_dict()
    with elsewhere("omegaconf.dictconfig", DictConfig=Config), elsewhere("fairseq.meters", MetersDict=Meters, C=Choice):
        config = Config(model=Config(encoder_attention_heads=16, extractor_mode=Choice.LAYER_NORM, extra=inside))
        document = {"cfg": config, "args": None, "model": state, "extra_state": {"meters": Meters(loss=1.0)}}
        torch.save(document, path, _use_new_zipfile_serialization=new_format)


@pytest.mark.parametrize("new_format", [True, False])
def test_a_fairseq_file_is_read_without_fairseq_or_omegaconf(new_format, tmp_path):
    fairseq_style(tmp_path / "fairseq.pt", new_format=new_format)
    permitted = set(torch.serialization.get_safe_globals())
    read = read_checkpoint(tmp_path / "fairseq.pt")
    assert set(torch.serialization.get_safe_globals()) == permitted, "the stand-ins must not outlive the reading"
    assert set(read.state) == set(tiny_network().state_dict())
    assert read.settings == {"encoder_attention_heads": 16, "extractor_mode": "layer_norm"}
    assert read.wrapper == "model"
    assert "omegaconf" not in sys.modules


def test_the_published_kind_of_fairseq_file(shared):
    path = shared("reference/vectors/tiny_xlsr_fairseq.pt")
    assert "omegaconf.dictconfig.DictConfig" in pickled_names(path)
    read = read_checkpoint(path)
    assert len(read.state) == 61
    assert read.settings["encoder_attention_heads"] == 16
    assert read.settings["layer_norm_first"] is True
    assert read.settings["conv_feature_layers"].startswith("[(32, 10, 5)]")
    assert read.settings["normalize"] is True
    assert "omegaconf" not in sys.modules


@pytest.mark.parametrize("new_format", [True, False])
def test_a_hostile_object_within_a_configuration_is_refused_and_not_run(new_format, tmp_path, monkeypatch):
    trap = tmp_path / "trap"
    monkeypatch.setenv("TRUEVOICE_TEST_TRAP", str(trap))
    path = tmp_path / "fairseq.pt"
    fairseq_style(path, inside=Hostile(), new_format=new_format)
    with pytest.raises(
        CheckpointError, match=r"other than tensors \((posix|nt)\.mkdir\); refused, and nothing"
    ) as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value)
    assert not trap.exists()


# Pickles written by hand: each would call something with the trap's path, were it run.
CALLS = {
    "os": b"cos\nmkdir\n",
    "builtins": b"cbuiltins\nexec\n",
    "old-builtins": b"c__builtin__\neval\n",
    "attribute": b"cbuiltins\ngetattr\n",
    "subprocess": b"csubprocess\nPopen\n",
    "torch": b"ctorch\nload\n",
    "operator": b"coperator\nmethodcaller\n",
    "instance": b"(ios\nmkdir\n",
}


def with_pickle(path, pickled):
    """A file of `torch.save` whose pickle is another."""
    whole = io.BytesIO()
    torch.save({"weight": torch.zeros(2)}, whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            target.writestr(entry.filename, pickled if entry.filename.endswith("data.pkl") else source.read(entry))


@pytest.mark.parametrize("kind", CALLS)
def test_whatever_a_pickle_calls_is_refused(kind, tmp_path):
    trap = tmp_path / "trap"
    path = tmp_path / "weights.pth"
    argument = b"X" + len(str(trap)).to_bytes(4, "little") + str(trap).encode()
    with_pickle(path, b"\x80\x02" + CALLS[kind] + argument + b"\x85R.")
    with pytest.raises(CheckpointError, match="refused"):
        read_checkpoint(path)
    assert not trap.exists()


def test_a_pickle_of_a_newer_protocol_is_refused_in_one_line(tmp_path):
    with_pickle(tmp_path / "weights.pth", pickle.dumps(OrderedDict(a=Path("x")), protocol=4))
    with pytest.raises(CheckpointError, match="refused") as caught:
        read_checkpoint(tmp_path / "weights.pth")
    assert "\n" not in str(caught.value)


def test_a_stand_in_does_nothing_but_keep(tmp_path):
    """A name under a permitted package, were it ever so suggestive, is a stand-in too."""
    path = tmp_path / "weights.pth"
    argument = b"X" + len(str(tmp_path / "trap")).to_bytes(4, "little") + str(tmp_path / "trap").encode()
    with_pickle(path, b"\x80\x02}X\x01\x00\x00\x00acfairseq.os\nmkdir\n" + argument + b"\x85Rs.")
    with pytest.raises(CheckpointError, match="'a' is StandIn"):
        read_checkpoint(path)
    assert not (tmp_path / "trap").exists()
    assert StandIn("x").arguments == ("x",)


def test_what_training_scripts_leave_beside_the_weights_is_no_obstacle(tmp_path):
    state = tiny_network().state_dict()
    beside = {
        "args": argparse.Namespace(lr=1e-6),
        "best_eer": np.float64(0.01),
        "history": defaultdict(list, loss=[1.0]),
        "folder": Path("runs"),
    }
    torch.save({"state_dict": state, **beside}, tmp_path / "fine.pth")
    assert set(read_state_dict(tmp_path / "fine.pth")) == set(state)


@pytest.mark.parametrize(
    "config", [torch.zeros(3), "text", ["a"], {"model": torch.zeros(3)}, argparse.Namespace(model=None)]
)
def test_odd_configurations_are_no_obstacle(config, tmp_path):
    torch.save({"cfg": config, "args": config, "model": tiny_network().state_dict()}, tmp_path / "odd.pt")
    assert read_checkpoint(tmp_path / "odd.pt").settings == {}


def test_a_whole_pickled_network_is_refused_with_the_remedy(tmp_path):
    torch.save(tiny_network(), tmp_path / "whole.pth")
    with pytest.raises(CheckpointError, match=r"whole pickled network.*state_dict\(\)"):
        read_state_dict(tmp_path / "whole.pth")


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
