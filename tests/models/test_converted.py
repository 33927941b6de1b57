"""Converted folders: they load back to the last bit, say what they are, and a bad one is refused in one line."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import truevoice
from speech import clips, speech
from truevoice.commands.convert import convert
from truevoice.detectors import hub
from truevoice.detectors.card import cards
from truevoice.errors import CheckpointError, TruevoiceError, UsageError
from truevoice.models.build import network_of
from truevoice.models.converted import CONFIG, WEIGHTS, is_converted
from truevoice.models.front_ends.encoder import SpeechEncoder
from truevoice.models.speech_detector import SpeechDetector

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def light(shared):
    return shared("weights/AASIST-L.pth")


@pytest.fixture(scope="module")
def folder(light, tmp_path_factory):
    """AASIST-L, converted."""
    out = tmp_path_factory.mktemp("converted") / "light"
    convert(light, out)
    return out


@pytest.fixture
def copied(folder, tmp_path):
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def windows(length=64600):
    return np.stack([np.resize(speech(), length), 0.5 * np.resize(speech()[::-1], length)]).astype(np.float32)


def scores(*name, length=64600, **options):
    return truevoice.load(*name, device="cpu", engine="torch", **options).scores(windows(length))


def test_equal_to_the_last_bit(light, folder):
    theirs = scores("aasist-l", checkpoint=light)
    for ours in (scores(folder), scores(str(folder)), scores(checkpoint=folder), scores("aasist-l", checkpoint=folder)):
        np.testing.assert_array_equal(ours, theirs)
    detector = truevoice.Detector.from_pretrained(folder, device="cpu")
    np.testing.assert_array_equal(detector.scores(windows()), theirs)
    assert detector.checksum == json.loads((folder / CONFIG).read_text())["weights"]["sha256"]


def test_a_detector_on_an_encoder_is_equal_to_the_last_bit(shared, tmp_path):
    path = shared("reference/vectors/tiny_ssl_aasist.pth")
    done = convert(path, tmp_path / "out")
    assert done.model == "ssl-aasist"
    theirs = scores("ssl-aasist", checkpoint=path)
    np.testing.assert_array_equal(scores(tmp_path / "out"), theirs)
    config = json.loads((tmp_path / "out" / CONFIG).read_text())
    assert config["encoder"]["layers"] == 1
    assert "quantizer.vars" in config["source"]["unused"]
    # Once more from the folder: the same weights, and still the first file as the source.
    convert(tmp_path / "out", tmp_path / "again")
    assert (tmp_path / "again" / WEIGHTS).read_bytes() == (tmp_path / "out" / WEIGHTS).read_bytes()
    again = json.loads((tmp_path / "again" / CONFIG).read_text())
    assert again["source"]["sha256"] == config["source"]["sha256"]


def test_what_the_shapes_do_not_show_is_kept(tmp_path):
    """Four heads on a width where two are the rule, and other strides than the usual."""
    import transformers

    torch.manual_seed(0)
    config = transformers.Wav2Vec2Config(
        hidden_size=128,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=48,
        conv_dim=[16] * 3,
        conv_kernel=[10, 8, 4],
        conv_stride=[5, 8, 8],
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        conv_bias=True,
    )
    encoder = SpeechEncoder(transformers.AutoModel.from_config(config).eval(), normalise=True)
    card = cards()["antideepfake"]
    network = SpeechDetector(encoder, network_of(card, encoder)).eval()
    from truevoice.models.converted import Source, write_converted

    write_converted(tmp_path / "out", network, card, Source("mine.pth", 1, "0" * 64))
    with torch.inference_mode():
        logits = network(torch.from_numpy(windows(16000)))
    ours = scores(tmp_path / "out", length=16000)
    np.testing.assert_allclose(ours, (logits[:, 1] - logits[:, 0]).numpy(), atol=1e-6)


def test_the_configuration_says_what_it_is(light, folder):
    config = json.loads((folder / CONFIG).read_text())
    assert config["source"]["file"] == "AASIST-L.pth"
    assert config["source"]["sha256"] == cards()["aasist-l"].weights.sha256
    assert config["polarity"] == "higher = more bona fide"
    assert config["parameters"] == 85306
    card = config["card"]
    assert (card["name"], card["window"], card["licence"], card["bonafide_index"]) == ("aasist-l", 64600, "MIT", 1)
    assert str(light.parent) not in json.dumps(config)
    assert (folder / WEIGHTS).stat().st_mode == (folder / CONFIG).stat().st_mode


def test_half_precision_is_half_the_size_and_near(light, folder, tmp_path):
    done = convert(light, tmp_path / "half", half=True, clips=clips()[0])
    assert (tmp_path / "half" / WEIGHTS).stat().st_size < 0.6 * (folder / WEIGHTS).stat().st_size
    drift = done.drift[WEIGHTS]
    assert 0 < drift.largest < 0.05
    assert drift.relative == pytest.approx(drift.largest / drift.spread)
    apart = np.abs(scores(tmp_path / "half") - scores(folder)).max()
    assert 0 < apart < 0.05


def changed(folder, **changes):
    config = json.loads((folder / CONFIG).read_text())
    for path, value in changes.items():
        *way, last = path.split("__")
        node = config
        for step in way:
            node = node[step]
        node[last] = value
    (folder / CONFIG).write_text(json.dumps(config))


def flip_a_byte(folder):
    data = bytearray((folder / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (folder / WEIGHTS).write_bytes(data)


FAULTS = {
    "other weights": (flip_a_byte, "does not match the sha256"),
    "no weights": (lambda folder: (folder / WEIGHTS).unlink(), "missing"),
    "no configuration": (lambda folder: (folder / CONFIG).unlink(), "holds no config.json"),
    "another library's": (lambda folder: (folder / CONFIG).write_text('{"model_type": "bert"}'), "no configuration of"),
    "no JSON": (lambda folder: (folder / CONFIG).write_text("{"), "no configuration of"),
    "a list": (lambda folder: (folder / CONFIG).write_text("[]"), "no configuration of"),
    "a later format": (lambda folder: changed(folder, format=2), "update truevoice"),
    "a stranger's code": (lambda folder: changed(folder, card__network="os:system"), "os:system is not known"),
    "a stranger's front-end": (
        lambda folder: changed(folder, card__front_end={"kind": "hub:Path"}),
        "is not known to this version",
    ),
    "arguments of none": (lambda folder: changed(folder, card__arguments={"colour": 1}), "cannot be built.*colour"),
    "a network too large": (lambda folder: changed(folder, card__arguments={"filts": [[10**9]]}), "not whole"),
    "no window": (lambda folder: changed(folder, card__window="wide"), "not whole"),
    "an unknown field": (lambda folder: changed(folder, card__colour=1), "unknown key colour"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_bad_folder_is_refused_in_one_line(kind, copied):
    change, words = FAULTS[kind]
    change(copied)
    with pytest.raises(TruevoiceError, match=words) as caught:
        truevoice.load(copied, device="cpu", engine="torch")
    assert "\n" not in str(caught.value)
    assert str(copied) in str(caught.value)


def test_of_another_model(folder):
    with pytest.raises(CheckpointError, match="is of aasist-l, not of aasist"):
        truevoice.load("aasist", checkpoint=folder)
    with pytest.raises(CheckpointError, match="is of aasist-l, not of sls"):
        convert(folder, folder.parent / "other", model="sls")


def test_an_earlier_graph_does_not_outlive_its_weights(folder, light, tmp_path):
    (tmp_path / "out").mkdir()
    shutil.copytree(folder, tmp_path / "out", dirs_exist_ok=True)
    (tmp_path / "out" / "model.onnx").write_bytes(b"of other weights")
    convert(light, tmp_path / "out")
    assert not (tmp_path / "out" / "model.onnx").exists()
    assert is_converted(tmp_path / "out")


# The Hub.


@pytest.fixture
def cache(folder, tmp_path):
    """A Hub cache with one repository, as huggingface_hub lays it out."""
    revision = "0" * 40
    home = tmp_path / "hub" / "models--someone--light"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text(revision)
    shutil.copytree(folder, home / "snapshots" / revision)
    return tmp_path / "hub"


def test_from_the_cache_without_a_connection(folder, cache):
    detector = truevoice.Detector.from_pretrained(
        "someone/light", cache_dir=cache, local_files_only=True, device="cpu", engine="torch"
    )
    np.testing.assert_array_equal(detector.scores(windows()), scores(folder))
    with pytest.raises(CheckpointError, match=r"someone/else: is not in the Hub's cache.*name a folder"):
        truevoice.Detector.from_pretrained("someone/else", cache_dir=cache, local_files_only=True)


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "a/b/c"])
def test_a_folder_that_is_not_there(name):
    with pytest.raises(CheckpointError, match="no such folder"):
        truevoice.Detector.from_pretrained(name)


def test_what_is_no_name():
    with pytest.raises(CheckpointError, match="neither a folder nor the name of a repository"):
        truevoice.Detector.from_pretrained("what is this?")


def test_a_folder_of_another_kind(tmp_path):
    with pytest.raises(CheckpointError, match=r"holds no config\.json"):
        truevoice.Detector.from_pretrained(tmp_path)


def test_saving_and_pushing(light, monkeypatch):
    taken = {}

    class Repository(str):
        repo_id = "someone/light"

    def upload_folder(api, *, repo_id, folder_path, allow_patterns, **options):
        taken.update(repo=repo_id, files={path.name: path.read_bytes() for path in Path(folder_path).iterdir()})
        assert set(taken["files"]) <= set(allow_patterns)

    import huggingface_hub

    def create_repo(api, repo, **options):
        return Repository(f"https://huggingface.co/{repo}")

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", create_repo)
    monkeypatch.setattr(huggingface_hub.HfApi, "upload_folder", upload_folder)
    detector = truevoice.load("aasist-l", checkpoint=light, device="cpu", engine="torch")
    assert detector.push_to_hub("someone/light") == "https://huggingface.co/someone/light"
    assert taken["repo"] == "someone/light"
    assert set(taken["files"]) == {CONFIG, WEIGHTS, "README.md"}
    card = taken["files"]["README.md"].decode()
    assert 'license: "mit"' in card
    assert "higher = more bona fide" in card


def test_no_connection_is_one_line(folder, monkeypatch):
    import huggingface_hub

    def refuse(*_, **__):
        raise OSError("no route\nto host")

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", refuse)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(CheckpointError, match=r"does not take it \(no route to host\).*hf auth login"):
        truevoice.Detector.from_pretrained(folder, device="cpu").push_to_hub("someone/light")
    with pytest.raises(CheckpointError, match=r"cannot be had from the Hugging Face Hub \(no route to host\)"):
        truevoice.Detector.from_pretrained("someone/light")
    with pytest.raises(UsageError, match="without a weight file"):
        truevoice.load().push_to_hub("someone/light")
    with pytest.raises(UsageError, match="not a folder of"):
        hub.upload(folder.parent, "someone/light")
