"""`truevoice inspect`: what files are; what is none of them, or unsafe, is one line, and nothing is ever run."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from truevoice.cli.__main__ import main
from truevoice.commands.convert import convert
from truevoice.detectors.card import cards


@pytest.fixture
def cli(capsys):
    def run(*words, status=0):
        with pytest.raises(SystemExit) as left:
            main(["inspect", *(str(word) for word in words)])
        captured = capsys.readouterr()
        assert left.value.code == status, captured.err
        return captured.out if status == 0 else captured.err

    return run


def test_a_detector_on_an_encoder(cli, shared):
    path = shared("reference/vectors/tiny_ssl_aasist.pth")
    told = json.loads(cli(path, "--format", "json"))
    assert told["model"] == "ssl-aasist"
    assert (told["tensors"], told["parameters"], told["bytes"]) == (306, 6_051_594, path.stat().st_size)
    assert told["dtypes"] == {"float32": 286, "int64": 20}
    assert told["encoder_prefix"] == "ssl_model.model."
    assert "1 layers, 1024 wide" in told["encoder"]
    assert "ssl_model.model.quantizer.vars" in told["unused"]
    assert told["safe"]
    assert not told["nearest"]
    text = cli(path)
    for words in ("weights of ssl-aasist", "6,051,594 parameters", "yes, nothing in it can run", "-m ssl-aasist"):
        assert words in text


def test_published_weights_are_recognised(cli, shared):
    assert "the published weights of aasist-l (AASIST-L)" in cli(shared("weights/AASIST-L.pth"))
    assert "the published weights of rawgat-st " in cli(shared("reference/vectors_other/rawgat_st_mul.pth"))


def test_a_fairseq_file(cli, shared):
    path = shared("reference/vectors/tiny_xlsr_fairseq.pt")
    text = cli(path)
    for words in ("a pre-trained encoder alone, in fairseq's names; no detector", "inert stand-ins", "omegaconf"):
        assert words in text
    told = json.loads(cli(path, "--format", "json"))
    assert (told["model"], told["wrapper"]) == ("", "model")
    assert told["optimizer_state"]
    assert {"cfg", "args"} <= set(told["beside"])


def test_a_training_s_own_file(cli, shared, tmp_path):
    state = torch.load(shared("weights/AASIST-L.pth"), map_location="cpu", weights_only=True)
    state = {f"module.{key}": value.half() if value.is_floating_point() else value for key, value in state.items()}
    torch.save(
        {"model_state_dict": state, "optimizer_state_dict": {"state": {}}, "epoch": 7, "args": None},
        tmp_path / "checkpoint.pth",
    )
    told = json.loads(cli(tmp_path / "checkpoint.pth", "--format", "json"))
    assert (told["model"], told["wrapper"], told["prefix"]) == ("aasist-l", "model_state_dict", "module.")
    assert told["beside"] == ["optimizer_state_dict", "epoch", "args"]
    assert told["optimizer_state"]
    assert told["dtypes"] == {"float16": 211, "int64": 18}
    text = cli(tmp_path / "checkpoint.pth")
    assert "inside model_state_dict, keys begin with module." in text
    assert "optimizer state" in text


def test_the_nearest_and_what_differs(cli, shared, tmp_path):
    state = torch.load(shared("weights/AASIST-L.pth"), map_location="cpu", weights_only=True)
    del state["pos_S"]
    state["out_layer.weight"] = torch.zeros(3, 160)
    state["head.weight"] = torch.zeros(1)
    save_file(state, tmp_path / "mine.safetensors")
    told = json.loads(cli(tmp_path / "mine.safetensors", "--format", "json"))
    assert (told["model"], told["kind"]) == ("", "safetensors")
    near = told["nearest"][0]
    assert (near["name"], near["missing"], near["extra"]) == ("aasist-l", ["pos_S"], ["head.weight"])
    assert near["shapes"] == ["out_layer.weight (3, 160) instead of (2, 160)"]
    text = cli(tmp_path / "mine.safetensors")
    for words in ("the nearest is aasist-l", "lacks pos_S (1 in all)", "has besides head.weight", "99 %"):
        assert words in text


def test_our_own_folder_and_graph(cli, shared, tmp_path):
    out = tmp_path / "out"
    convert(shared("weights/AASIST-L.pth"), out)
    told = json.loads(cli(out, "--format", "json"))
    assert (told["kind"], told["model"]) == ("truevoice folder", "aasist-l")
    assert told["facts"]["source"]["sha256"] == cards()["aasist-l"].weights.sha256
    assert "converted from AASIST-L.pth" in cli(out)
    shipped = Path(__file__).resolve().parents[2] / "src" / "truevoice" / "weights"
    for name in ("mel-cnn.onnx", "mel-cnn.json"):
        shutil.copy(shipped / name, tmp_path / name)
    text = cli(tmp_path / "mel-cnn.onnx")
    assert "mel-cnn as an ONNX graph that takes windows of 32000 samples" in text
    (tmp_path / "mel-cnn.json").unlink()
    assert "without its description mel-cnn.json it cannot be used" in cli(tmp_path / "mel-cnn.onnx")
    (tmp_path / "config.json").write_text('{"model_type": "wavlm"}')
    assert f"--model ssl:{tmp_path}+BACKEND" in cli(tmp_path, status=1)
    (out / "model.safetensors").write_bytes(b"")
    assert "does not match the sha256" in cli(out, status=1)


class Hostile:
    """Unpickling this creates the file whose path is in the environment."""

    def __reduce__(self):
        return os.mkdir, (os.environ["TRUEVOICE_TEST_TRAP"],)


def hostile(path):
    torch.save({"weight": torch.zeros(2), "cfg": Hostile()}, path)


def old_hostile(path):
    torch.save({"weight": Hostile()}, path, _use_new_zipfile_serialization=False)


def truncated(path):
    torch.save({"weight": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:-700])


def truncated_graph(path):
    path.write_bytes(b"\x08\x08\x12\x07pytorch")


BAD = {
    "hostile": (hostile, "is unsafe to open: loading it with pickle would call posix.mkdir; nothing was run"),
    "hostile-old": (old_hostile, "is unsafe to open: loading it with pickle would call posix.mkdir"),
    "network": (lambda path: torch.save(torch.nn.Linear(2, 2), path), "whole pickled network"),
    "lfs": (lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "Git LFS"),
    "html": (lambda path: path.write_text("<!DOCTYPE html><html></html>"), "web page"),
    "truncated": (truncated, "damaged, cut short"),
    "empty": (lambda path: path.touch(), "is empty"),
    "missing": (lambda path: None, "no such weight file"),
    "folder": (lambda path: path.mkdir(), "holds no config.json"),
    "numbers": (lambda path: torch.save({"weight": 3}, path), "state dict"),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("form", ["table", "json"])
def test_what_is_none_is_one_line(kind, form, cli, tmp_path, monkeypatch):
    trap = tmp_path / "trap"
    monkeypatch.setenv("TRUEVOICE_TEST_TRAP", str(trap))
    make, words = BAD[kind]
    path = tmp_path / "file.pth"
    make(path)
    said = cli(path, *(["--format", "json"] if form == "json" else []), status=1)
    assert words in said
    assert str(path) in said
    assert said.count("\n") == 1
    assert not trap.exists()


def test_a_graph_that_is_none(cli, tmp_path):
    truncated_graph(tmp_path / "x.onnx")
    assert "is not an ONNX graph that can run here" in cli(tmp_path / "x.onnx", status=1)
    assert "format 'csv' is not known here" in cli(tmp_path / "x.onnx", "-f", "csv", status=1)
