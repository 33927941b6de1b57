"""`truevoice study` on the command line: what it hands on, and one line for what cannot be meant."""

import pytest

from truevoice.training.settings import Settings


@pytest.fixture
def asked(monkeypatch):
    """What the command's function was called with; it then stops."""
    found = {}

    def study(pretrained, **words):
        found.update(words, pretrained=pretrained)
        raise KeyboardInterrupt

    monkeypatch.setattr("truevoice.commands.study.study", study)
    return found


def test_the_options_of_training_are_handed_on(cli, asked):
    words = ("--pretrained", "AASIST.pth", "-m", "aasist", "--custom", "mine", "--finetune-on", "for", "-o", "out")
    more = ("--epochs", "3", "--lr", "1e-5", "--trainable", "last:2", "--test", "itw=wild", "--max-train", "600")
    status, _, err = cli("study", *words, *more, "--cluster", "source", "--each-epoch")
    assert (status, err.startswith("truevoice: interrupted")) == (130, True)
    settings = asked["settings"]
    assert isinstance(settings, Settings)
    assert (settings.network.model, settings.network.trainable) == ("aasist", "last:2")
    assert (settings.schedule.epochs, settings.optimiser.lr) == (3, 1e-5)
    assert asked["test"] == {"itw": "wild"}
    assert (str(asked["pretrained"]), str(asked["custom"]), str(asked["finetune_on"])) == ("AASIST.pth", "mine", "for")
    assert (asked["max_train"], asked["cluster"], asked["each_epoch"]) == (600, "source", True)


def test_a_preset_and_what_lies_over_it(cli, asked):
    words = ("--pretrained", "x", "--custom", "c", "--finetune-on", "f", "-o", "out")
    cli("study", *words, "--preset", "mel-cnn", "--epochs", "2")
    assert (asked["settings"].network.model, asked["settings"].schedule.epochs) == ("mel-cnn", 2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "--pretrained"),
        (("--pretrained", "x", "--custom", "c", "--finetune-on", "f"), "-o names the folder of the study"),
        (("--pretrained", "absent", "--custom", "c", "--finetune-on", "f", "-o", "o"), "absent: no such weights"),
        (("--pretrained", "x", "--custom", "c", "--finetune-on", "f", "-o", "o", "-f", "csv"), "choose json"),
    ],
)
def test_mistakes_are_one_line(cli, words, told):
    status, shown, err = cli("study", *words)
    assert (status, shown) == (1, "")
    assert told in err
    assert err.count("\n") == 1
