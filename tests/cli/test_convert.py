"""`truevoice convert` from end to end: the model told from the file, the folder that scores, and every refusal."""

import json
import subprocess
import sys

import pytest
import torch

from speech import clips
from truevoice.cli.__main__ import main

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def cli(capsys):
    def run(*words, status=0):
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        assert left.value.code == status, captured.err
        return captured.out if status == 0 else captured.err

    return run


def score_of(text):
    return json.loads(text)["results"][0]["score"]


def test_from_a_published_file_to_scores(cli, shared, tmp_path):
    weights = shared("reference/vectors/tiny_ssl_aasist.pth")
    out = tmp_path / "out"
    told = cli("convert", weights, "-o", out, "--onnx", "--int8", "--clips", clips()[0].parent)
    for words in ("ssl-aasist in", "model.safetensors", "model.onnx", "model.int8.onnx", "%", "its own length only"):
        assert words in told
    assert "6 recordings of synthetic" in told
    clip = clips()[0]
    plain = ("--format", "json", "--windows", "first", "--device", "cpu")
    theirs = score_of(cli("score", clip, "-m", "ssl-aasist", "--checkpoint", weights, "--engine", "torch", *plain))
    assert score_of(cli("score", clip, "-m", out, "--engine", "torch", *plain)) == theirs
    assert score_of(cli("score", clip, "--checkpoint", out, "--engine", "torch", *plain)) == theirs
    assert score_of(cli("score", clip, "-m", out / "model.onnx", *plain)) == pytest.approx(theirs, abs=1e-4)
    # The graph, and the folder by its graph, on a machine without torch.
    code = f"""
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "safetensors", "transformers", "onnx"):
            raise ImportError(name)

sys.meta_path.insert(0, NoTorch())
import truevoice
policy = truevoice.WindowPolicy("first", 64600, 64600)
for name in ({str(out)!r}, {str(out / "model.onnx")!r}):
    print(truevoice.load(name).score({str(clip)!r}, policy=policy).score)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [float(line) for line in done.stdout.split()] == pytest.approx([theirs, theirs], abs=1e-4)


def test_published_bytes_settle_what_keys_do_not(cli, shared, tmp_path):
    weights = shared("reference/vectors_other/rawgat_st_mul.pth")
    assert "rawgat-st in" in cli("convert", weights, "-o", tmp_path / "published")
    state = torch.load(weights, map_location="cpu", weights_only=True)
    torch.save(state, tmp_path / "mine.pth", _use_new_zipfile_serialization=False)
    said = cli("convert", tmp_path / "mine.pth", "-o", tmp_path / "mine", status=1)
    assert "fits rawgat-st and rawgat-st-add alike; say which it is with --model" in said
    assert not (tmp_path / "mine").exists()
    named = cli("convert", tmp_path / "mine.pth", "-m", "rawgat-st-add", "-o", tmp_path / "mine")
    assert "rawgat-st-add in" in named
    assert cli("convert", tmp_path / "mine.pth", "-m", "rawgat-st", "-o", tmp_path / "mine", "-q") == ""


def test_what_cannot_be_converted(cli, shared, tmp_path):
    light = shared("weights/AASIST-L.pth")
    encoder = shared("reference/vectors/tiny_xlsr_fairseq.pt")
    unknown = tmp_path / "unknown.pth"
    torch.save({"weight": torch.zeros(3)}, unknown)
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.tex").touch()
    cases = [
        ((light,), "-o DIR"),
        ((light, "-o", full), "holds other files"),
        ((light, "-o", unknown), "is a file"),
        ((light, "-o", tmp_path / "new", "-m", "aasist"), "is it of another model?"),
        ((light, "-o", tmp_path / "new", "-m", "asist"), "did you mean aasist"),
        ((light, "-o", tmp_path / "new", "--half", "--clips", full), "no recordings"),
        ((encoder, "-o", tmp_path / "new"), "an encoder alone (wav2vec2: 1 layers"),
        ((unknown, "-o", tmp_path / "new"), "of no family that is known here"),
        ((tmp_path / "absent.pth", "-o", tmp_path / "new"), "no such weight file"),
    ]
    for words, expected in cases:
        said = cli("convert", *words, status=1)
        assert expected in said, words
        assert said.count("\n") == 1
    assert not (tmp_path / "new").exists()
