"""Settings as YAML and by names: nothing is lost on the way, and a slip of the pen is told with what was meant."""

from dataclasses import fields, is_dataclass

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from truevoice.errors import UsageError
from truevoice.training import recipe
from truevoice.training.settings import Settings

COMPLETE = {"network": {"model": "mel-cnn"}, "data": {"data": "somewhere"}}

words = st.text("abcdefg ä'\"#:-0", min_size=1, max_size=12)
some_settings = st.builds(
    recipe.settle,
    st.fixed_dictionaries(
        {},
        optional={
            "network": st.fixed_dictionaries({"model": words, "arguments": st.dictionaries(words, st.integers(0, 9))}),
            "data": st.fixed_dictionaries({"hold_out": st.lists(words), "test": st.dictionaries(words, words)}),
            "optimiser": st.fixed_dictionaries(
                {"lr": st.floats(1e-9, 1), "betas": st.tuples(st.floats(0, 1), st.floats(0, 1)).map(list)}
            ),
            "augment": st.lists(st.dictionaries(words, st.floats(0, 1), max_size=2), max_size=2),
            "schedule": st.fixed_dictionaries({"epochs": st.integers(1, 99), "deterministic": st.booleans()}),
        },
    ),
)


@given(some_settings)
def test_yaml_gives_back_what_was_written(settings: Settings):
    assert recipe.settle(yaml.safe_load(recipe.to_yaml(settings))) == settings


def test_a_later_layer_lies_over_an_earlier_one():
    found = recipe.settle(
        {"optimiser": {"lr": 1.0, "weight_decay": 0.5}, "data": {"test": {"a": "x"}}},
        {"optimiser": {"lr": 2.0}, "data": {"test": {"b": "y"}}},
    )
    assert (found.optimiser.lr, found.optimiser.weight_decay, found.data.test) == (2.0, 0.5, {"b": "y"})


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ({"optimizer": {"lr": 1}}, "optimizer: no such setting; did you mean optimiser?"),
        ({"optimiser": {"lrr": 1}}, "optimiser.lrr: no such setting; did you mean lr?"),
        ({"optimiser": {"lr": "fast"}}, "optimiser.lr: must be a number, not 'fast'"),
        ({"optimiser": {"lr": True}}, "optimiser.lr: must be a number"),
        ({"optimiser": {"betas": [0.9]}}, "optimiser.betas: takes 2 values, not 1"),
        ({"optimiser": {"schedule": "cosin"}}, "did you mean cosine?"),
        ({"schedule": {"epochs": 1.5}}, "schedule.epochs: must be a whole number, not '1.5'"),
        ({"schedule": {"deterministic": "perhaps"}}, "must be true or false"),
        ({"data": "a folder"}, "data: is a section of settings"),
        ({"data": {"test": ["x"]}}, "must be names with values"),
        ({"augment": 3}, "augment: must be a list"),
    ],
)
def test_what_cannot_be_meant_is_one_line(layer, said):
    with pytest.raises(UsageError) as raised:
        recipe.settle(layer)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_numbers_that_yaml_takes_for_words():
    assert recipe.settle(yaml.safe_load("optimiser: {lr: 1e-6}")).optimiser.lr == 1e-6


def test_dotted_names_change_one_value():
    settings = recipe.settle(COMPLETE)
    found = recipe.changed(settings, {"optimiser.lr": 0.5, "network.arguments.channels": 4})
    assert (found.optimiser.lr, found.network.arguments) == (0.5, {"channels": 4})
    assert recipe.changed(found, {"optimiser.lr": settings.optimiser.lr, "network.arguments": {}}) == settings
    for wrong in ("optimiser.learning_rate", "lr", "optimizer.lr", "optimiser.lr.x"):
        with pytest.raises(UsageError, match="no such setting"):
            recipe.changed(settings, {wrong: 1})


@pytest.mark.parametrize("name", recipe.presets())
def test_every_preset_is_whole(name):
    preset = recipe.find_preset(name)
    settings = recipe.settle(preset.layer, {"data": {"data": "somewhere"}})
    settings.check()
    assert preset.summary
    assert preset.source


def test_the_presets_are_the_published_recipes():
    df = recipe.settle(recipe.find_preset("ssl-anti-spoofing-df").layer)
    assert (df.optimiser.lr, df.optimiser.weight_decay, df.schedule.batch_size) == (1e-6, 1e-4, 14)
    assert (df.loss.class_weights, df.augment[0]["algorithm"], df.data.window) == ("field", 3, "64600")
    aasist = recipe.settle(recipe.find_preset("aasist").layer)
    assert (aasist.optimiser.schedule, aasist.optimiser.min_lr, aasist.schedule.batch_size) == ("cosine", 5e-6, 24)
    mel = recipe.settle(recipe.find_preset("mel-cnn").layer)
    assert (mel.network.arguments, mel.optimiser.lr) == ({"channels": 1}, 1e-4)
    assert (mel.schedule.batch_size, mel.schedule.epochs) == (32, 10)


def test_an_unknown_preset_has_a_neighbour():
    with pytest.raises(UsageError, match="did you mean mel-cnn"):
        recipe.find_preset("melcnn")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("- a", "holds no settings"),
        ("a: [", "is no YAML"),
        ("optimiser: {lrr: 1}", "did you mean lr?"),
    ],
)
def test_a_file_of_settings_that_is_none(tmp_path, content, said):
    path = tmp_path / "run.yaml"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"run\.yaml") as raised:
        recipe.read_settings(path)
    assert said in str(raised.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="no such file; --print-config writes one"):
        recipe.read_settings(tmp_path / "run.yaml")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"network.model": ""}, "--model"),
        ({"data.data": ""}, "--data"),
        ({"schedule.epochs": 0}, "--epochs"),
        ({"schedule.accumulate": 3}, "--accumulate must divide"),
        ({"optimiser.lr": 0}, "--lr"),
        ({"data.val_fraction": 1}, "--val-fraction"),
        ({"data.subset": "200%"}, "--subset"),
    ],
)
def test_values_that_no_run_can_have(change, said):
    with pytest.raises(UsageError, match=said):
        recipe.changed(recipe.settle(COMPLETE), change).check()


def test_every_setting_has_its_line_of_help():
    for section in fields(Settings):
        content = getattr(Settings(), section.name)
        if is_dataclass(content):
            for one in fields(content):
                assert f"\n    {one.name}\n        " in str(type(content).__doc__), f"{section.name}.{one.name}"
