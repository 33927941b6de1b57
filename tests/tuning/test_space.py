"""What is varied: the words of the command line and of files, their errors, the grid."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stand_in_training import SETTINGS
from truevoice.errors import UsageError
from truevoice.training.recipe import changed, find_preset, settle
from truevoice.tuning.plan import Plan, differences, settle_plan
from truevoice.tuning.presets import find_search_preset
from truevoice.tuning.space import Axis, axes_of, grid_of, parse_vary, read_space, settle_axes


def settled(*words, settings=SETTINGS):
    return settle_axes(map(parse_vary, words), settings)


@pytest.mark.parametrize(
    ("word", "axis"),
    [
        ("optimiser.lr=1e-5..1e-3:log", Axis("optimiser.lr", low=1e-5, high=1e-3, log=True)),
        ("schedule.batch_size=16,32", Axis("schedule.batch_size", (16, 32))),
        ("schedule.epochs=2..8:step=2", Axis("schedule.epochs", low=2, high=8, step=2)),
        ("optimiser.weight_decay=0..1", Axis("optimiser.weight_decay", low=0.0, high=1.0)),
        ("optimiser.lr=1e-5..1e-3:log:points=3", Axis("optimiser.lr", (1e-5, 1e-4, 1e-3))),
        ("network.arguments.channels=1..16:log:points=5", Axis("network.arguments.channels", (1, 2, 4, 8, 16))),
        ("loss.loss=ce,focal", Axis("loss.loss", ("ce", "focal"))),
        ("loss.class_weights=none,field", Axis("loss.class_weights", ("none", "field"))),
        ("network.gradient_checkpointing=true,false", Axis("network.gradient_checkpointing", (True, False))),
        ("network.trainable=first:5+last:5,all", Axis("network.trainable", ("first:5+last:5", "all"))),
        ("data.subset=10%,50%,100%", Axis("data.subset", ("10%", "50%", "100%"))),
        ("optimiser.lr=1e-3", Axis("optimiser.lr", (1e-3,))),
    ],
)
def test_words(word, axis):
    assert settled(word) == (axis,)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("optimiser.lr", "NAME=VALUES"),
        ("=1,2", "NAME=VALUES"),
        ("optimiser.lr=", "NAME=VALUES"),
        ("optimizer.lr=1,2", "did you mean optimiser.lr"),
        ("schedule.batch_sise=1,2", "did you mean schedule.batch_size"),
        ("nothing.at.all=1,2", "no such setting"),
        ("optimiser.lr=0,1e-3", "above 0"),
        ("optimiser.lr=-1..1", "above 0"),
        ("optimiser.lr=fast,slow", "must be a number"),
        ("optimiser.lr=1e-3..1e-5:log", "must be below"),
        ("optimiser.lr=0..1:log", "above 0"),
        ("optimiser.lr=1e-5..", "no range"),
        ("optimiser.lr=1e-5..1:lag", "'lag' is not known"),
        ("optimiser.lr=1..2:points=1", "2 or more"),
        ("optimiser.lr=1..2:step=0", "above 0"),
        ("schedule.batch_size=16.5,32", "whole number"),
        ("schedule.batch_size=1..8:step=0.5", "whole numbers"),
        ("schedule.batch_size=0,16", "1 or more"),
        ("schedule.batch_size=16,16", "twice"),
        ("loss.loss=ce,fokal", "did you mean focal"),
        ("loss.loss=1..2", "'1' is not known"),
        ("data.val_fraction=0.1,0.2", "comparable"),
        ("schedule.best_by=eer,auc", "comparable"),
        ("data.data=here,there", "comparable"),
        ("network.arguments=1,2", "must be names"),
        ("network.gradient_checkpointing=0..1", "true or false"),
    ],
)
def test_wrong_words(word, told):
    with pytest.raises(UsageError, match=told.replace("(", r"\(")) as raised:
        settled(word)
    assert "\n" not in str(raised.value)


def test_nothing_or_twice():
    with pytest.raises(UsageError, match="what is to be varied"):
        settled()
    with pytest.raises(UsageError, match="varied twice"):
        settled("optimiser.lr=1,2", "optimiser.lr=3,4")


def test_losses_of_several_kinds_are_not_compared_by_loss():
    settings = changed(SETTINGS, {"schedule.best_by": "loss"})
    with pytest.raises(UsageError, match="cannot be compared"):
        settled("loss.loss=ce,focal", settings=settings)
    assert settled("optimiser.lr=1e-3,1e-4", settings=settings)


def test_files(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text(
        "optimiser.lr: {low: 1e-5, high: 1.0e-3, log: true}\nschedule.batch_size: [16, 32]\nloss.loss: ce\n"
    )
    assert read_space(path) == [
        Axis("optimiser.lr", low=1e-5, high=1e-3, log=True),
        Axis("schedule.batch_size", (16, 32)),
        Axis("loss.loss", ("ce",)),
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "holds no settings"),
        ("- 1\n- 2\n", "holds no settings"),
        ("a: [1, [2]]\n", "word or a number"),
        ("a: {low: 1}\n", "needs low and high"),
        ("a: {low: 1, high: 2, lug: 1}\n", "'lug' is not known"),
        ("a: {low: 1, high: many}\n", "high must be a number"),
        ("a: [1\n", "is no YAML"),
    ],
)
def test_bad_files(tmp_path, content, told):
    path = tmp_path / "space.yaml"
    path.write_text(content)
    with pytest.raises(UsageError, match=told) as raised:
        read_space(path)
    assert str(path) in str(raised.value)
    with pytest.raises(UsageError, match="no such file"):
        read_space(tmp_path / "other.yaml")


values = st.one_of(
    st.integers(-99, 99),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
    st.sampled_from("abc"),
)


@given(st.lists(values, min_size=1, max_size=5, unique=True))
def test_axes_survive_their_dictionary_and_yaml(listed):
    axis = Axis("network.arguments.anything", tuple(listed))
    assert Axis.of_dict(yaml.safe_load(yaml.safe_dump(axis.to_dict()))) == axis
    assert axes_of({axis.name: listed}) == [axis]


def test_the_grid_has_every_combination_once():
    axes = settled("optimiser.lr=1e-3,1e-4", "schedule.batch_size=16,32,64")
    grid = grid_of(axes)
    assert len(grid) == len({tuple(cell.items()) for cell in grid}) == 6
    plan = settle_plan(Plan(SETTINGS, axes, "grid", seed=1))
    assert plan.trials == 6
    assert plan.cells() != grid
    assert sorted(map(str, plan.cells())) == sorted(map(str, grid))
    assert settle_plan(Plan(SETTINGS, axes, "grid", trials=4)).trials == 4
    assert settle_plan(Plan(SETTINGS, axes, "grid", trials=400)).trials == 6


def test_a_grid_needs_values():
    axes = settled("optimiser.lr=1e-5..1e-3:log")
    with pytest.raises(UsageError, match="points=5"):
        settle_plan(Plan(SETTINGS, axes, "grid"))
    with pytest.raises(UsageError, match="more than"):
        grid_of([Axis(f"a{i}", tuple(range(10))) for i in range(6)])


def test_plans_survive_their_dictionary():
    plan = settle_plan(Plan(SETTINGS, settled("optimiser.lr=1e-5..1e-3:log"), "random", prune="median"))
    assert plan.trials == 20
    assert Plan.of_dict(plan.to_dict()) == plan
    other = Plan(changed(SETTINGS, {"schedule.epochs": 7}), settled("optimiser.lr=1e-5..1e-2:log"), "random", 5)
    assert differences(other, plan) == ["prune", "space", "schedule.epochs"]


@pytest.mark.parametrize("change", [{"trials": -1}, {"method": "luck"}, {"prune": "harshly"}, {"seed": -1}])
def test_wrong_plans(change):
    with pytest.raises(UsageError):
        settle_plan(Plan(SETTINGS, settled("optimiser.lr=1e-3,1e-4"), **change))


def test_the_preset_is_the_mel_cnns_grid():
    preset = find_search_preset("mel-cnn-grid")
    settings = settle(find_preset(preset.recipe).layer, {"data": {"data": "somewhere"}})
    plan = settle_plan(Plan(settings, preset.axes, preset.method))
    named = {"network.arguments.channels", "optimiser.lr", "schedule.batch_size", "schedule.epochs"}
    assert {axis.name for axis in plan.axes} == named
    assert plan.trials == len(plan.cells()) == 60
    chosen = {
        "network.arguments.channels": 1,
        "optimiser.lr": 1e-4,
        "schedule.batch_size": 32,
        "schedule.epochs": 10,
    }
    assert chosen in plan.cells(), "what the report settled on is one of them"
    assert find_search_preset("mel-cnn") is None
    with pytest.raises(UsageError, match="did you mean mel-cnn-grid"):
        find_search_preset("mel-cnn-gird")
