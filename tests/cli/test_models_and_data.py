"""`truevoice models` and `truevoice data`: every fact on screen, in JSON, in CSV."""

import csv
import io
import json

import pytest

from truevoice.cli.__main__ import main


@pytest.fixture
def cli(capsys):
    def run(*words):
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        assert left.value.code == 0
        return capsys.readouterr().out

    return run


def test_models(cli, tmp_path):
    table = cli("models")
    for words in ("mel-cnn", "shipped", "aasist", "297,866", "85,306", "ASVspoof 2019", "MIT"):
        assert words in table
    listed = json.loads(cli("models", "--format", "json"))
    assert [model["name"] for model in listed] == sorted(model["name"] for model in listed)
    assert {"mel-cnn", "aasist", "aasist-l"} <= {model["name"] for model in listed}
    for model in listed:
        assert all(model[key] for key in ("title", "parameters", "engine", "training_data", "licence", "score"))
        assert all(0 < figure["eer"] < 1 for figure in model["figures"])
        assert model["speed"], model["name"]
    rows = list(csv.DictReader(io.StringIO(cli("models", "--format", "csv"))))
    assert len(rows) == len(listed)
    cli("models", "-o", tmp_path)
    assert json.loads((tmp_path / "models.json").read_text()) == listed


def test_data(cli, tmp_path):
    assert "in-the-wild" in cli("data")
    text = cli("data", "info", "in-the-wild")
    for words in ("huggingface.co", "bona-fide", "19,963", "licence", "CC BY-SA"):
        assert words in text
    assert json.loads(cli("data", "info", "In-The-Wild", "--format", "json"))[0]["name"] == "in-the-wild"
    cli("data", "-o", tmp_path)
    assert len(json.loads((tmp_path / "data.json").read_text())) > 10
