"""Pickles that are hostile, odd or without end: nothing in them runs, and each gives one clear line."""

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
from torch import nn

from truevoice.errors import CheckpointError
from truevoice.models.checkpoint import read_checkpoint, read_state_dict
from truevoice.models.stand_ins import StandIn, pickled_names


def tiny_network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


class Hostile:
    """Unpickling this creates the file whose path is in the environment."""

    def __reduce__(self):
        return os.mkdir, (os.environ["TRUEVOICE_TEST_TRAP"],)


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


def number(value):
    return b"\x8a\x08" + value.to_bytes(8, "little")


def word(text):
    return b"X" + len(text).to_bytes(4, "little") + text.encode()


def longer_and_longer(times, codec):
    """A text in hexadecimals of a text in hexadecimals of …: each time twice as long."""
    begin = b"c_codecs\nencode\n("
    return begin * (times + 1) + word("text") + word("latin1") + b"tR" + (codec + b"tR") * times


def spread(sizes):
    """A tensor of two values in the file, and of `sizes` to whoever reads it."""
    storage = b"(" + word("storage") + b"ctorch\nFloatStorage\n" + word("0") + word("cpu") + b"K\x02tQ"
    shape = b"(" + b"".join(number(size) for size in sizes) + b"t(" + b"K\x00" * len(sizes) + b"t"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00" + shape + b"\x89ccollections\nOrderedDict\n)RtR"


# Small files that would fill any memory or never end, by the value of their only key and what is said of them.
WITHOUT_END = {
    "bytes": (b"cbuiltins\nbytearray\n(" + number(2**42) + b"tR", r"bytearray\); refused"),
    "bytes-of-old": (b"c__builtin__\nbytearray\n(" + number(2**42) + b"tR", r"bytearray\); refused"),
    "codec": (longer_and_longer(60, word("h-e-x")), "longer and longer"),
    "codec-named-before": (word("HEX_codec") + b"q\x000" + longer_and_longer(60, b"h\x00"), "longer and longer"),
    "one-value-spread": (spread([10**6, 10**6]), r"claims 4,000,000,000,000 bytes"),
}


@pytest.mark.parametrize("kind", WITHOUT_END)
def test_a_small_file_fills_no_memory(kind, tmp_path):
    value, words = WITHOUT_END[kind]
    with_pickle(tmp_path / "weights.pth", b"\x80\x02}" + word("weight") + value + b"s.")
    with pytest.raises(CheckpointError, match=words) as caught:
        read_checkpoint(tmp_path / "weights.pth")
    assert "\n" not in str(caught.value)


def test_a_key_without_a_bottom_is_not_spelt_out(tmp_path):
    with_pickle(tmp_path / "weights.pth", b"\x80\x02})" + b"\x85" * 5000 + b"K\x01s.")
    with pytest.raises(CheckpointError, match="a tuple is int"):
        read_checkpoint(tmp_path / "weights.pth")


def test_a_file_of_the_old_format_fills_no_memory_after_its_content_either(tmp_path):
    whole = io.BytesIO()
    torch.save({"weight": torch.zeros(2)}, whole, _use_new_zipfile_serialization=False)
    content = whole.getvalue()
    keys = content.rindex(b"\x80\x02]")  # the last of its five pickles: the keys of the values
    (tmp_path / "weights.pth").write_bytes(content[:keys] + b"\x80\x02cbuiltins\nbytearray\n(" + number(2**42) + b"tR.")
    with pytest.raises(CheckpointError, match="bytearray"):
        read_checkpoint(tmp_path / "weights.pth")


@pytest.mark.parametrize("length", [b"\x8d", b"\x8e"])
def test_a_length_beyond_all_memory_is_damage(length, tmp_path):
    (tmp_path / "weights.pth").write_bytes(b"\x80\x04" + length + (2**60).to_bytes(8, "little") + b"abc")
    with pytest.raises(CheckpointError, match="damaged"):
        read_checkpoint(tmp_path / "weights.pth")


@pytest.mark.parametrize("inner", [b"h\x00", b"}" + word("net") + b"h\x00s"])
def test_a_table_that_holds_itself_has_an_end(inner, tmp_path):
    with_pickle(tmp_path / "weights.pth", b"\x80\x02}q\x00" + word("model") + inner + b"s.")
    with pytest.raises(CheckpointError, match="'model' is dict"):
        read_checkpoint(tmp_path / "weights.pth")


def test_a_name_brings_no_control_character_into_a_message(tmp_path):
    with_pickle(tmp_path / "weights.pth", b"\x80\x02cevil\x1b[2J\nname\n)R.")
    with pytest.raises(CheckpointError, match=r"evil\?\[2J\.name"):
        read_checkpoint(tmp_path / "weights.pth")


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
