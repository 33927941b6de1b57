"""The structure holds: imports flow one way, torch stays in its rooms, the core starts fast and works without torch."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

import truevoice
from speech import clips

PACKAGE = Path(truevoice.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# Floors from the ground up: a module may import from its own floor and from those beneath it.
FLOORS = [
    {"errors"},
    {"cards", "files"},
    {"audio", "metrics"},
    {"windows", "data", "doctor", "augment"},
    {"models", "leaks"},
    {"detectors"},
    {"scoring"},
    {"evaluation"},
    {"comparison"},
    {"report"},
    {"tracking"},
    {"training"},
    {"tuning"},
    {"commands"},
    {"cli", "__main__", "__init__"},
]
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
TORCH_ROOMS = ("models/", "training/", "detectors/torch_engine.py")
BARRED_EVERYWHERE = {"torchaudio", "torchvision", "scipy", "sklearn", "pandas", "librosa", "fairseq", "omegaconf"}
LIBRARIES_OF = {"leaks/boosted.py": {"sklearn"}}  # the one file that each of these is for
HEAVY_AT_TOP = {
    *("matplotlib", "onnxruntime", "av", "soundfile", "jinja2", "pyarrow"),
    *("torch", "onnx", "safetensors", "transformers", "accelerate", "peft", "optuna"),
    *("tensorboard", "wandb", "trackio"),
}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path, *, top_only: bool = False) -> set[str]:
    """Dotted names that a file imports; with `top_only`, those at import time (not in functions, not for types)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree)
    if top_only:
        nodes = (node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            if node.module == "truevoice":
                found |= {f"truevoice.{name.name}" for name in node.names}
    return found


def test_every_room_has_its_floor():
    assert {room(path) for path in MODULES} <= set(FLOOR_OF)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_flow_one_way(path):
    if path == PACKAGE / "__init__.py":
        return  # the public face: names for type checkers, loaded on use
    own = FLOOR_OF[room(path)]
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "truevoice" and len(parts) > 1 and parts[1] in FLOOR_OF:
            assert FLOOR_OF[parts[1]] <= own, f"{path.name} imports {name} from above"
            same_floor_other_room = FLOOR_OF[parts[1]] == own and parts[1] != room(path)
            assert not same_floor_other_room or own == len(FLOORS) - 1, f"{path.name} imports its neighbour {name}"


def test_there_are_no_circles():
    """Between files too, and counting the imports inside functions; graphlib names the circle it finds."""
    known = {"truevoice." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in MODULES}
    graph = {name: imports(path) & set(known) - {name} for name, path in known.items() if name != "truevoice.__init__"}
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) >= len(graph)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_torch_stays_in_its_rooms(path):
    relative = str(path.relative_to(PACKAGE))
    roots = {name.split(".")[0] for name in imports(path)}
    assert not roots & BARRED_EVERYWHERE - LIBRARIES_OF.get(relative, set())
    if not relative.startswith(TORCH_ROOMS):
        assert not roots & {"torch", "safetensors", "onnx", "onnxscript"}
        top = {name.split(".")[0] for name in imports(path, top_only=True)}
        assert not top & HEAVY_AT_TOP, "heavy parts are imported where they are used"


def test_no_file_is_too_long():
    assert {path.name: n for path in MODULES if (n := len(path.read_text().splitlines())) > 400} == {}


OPTIONAL = ("torch", "safetensors", "transformers", "onnx", "onnxscript", "scipy", "sklearn", "pandas", "pyarrow")


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_brings_nothing_heavy():
    loaded = run("import sys, truevoice; print(*sys.modules)").split()
    heavy = {"numpy", "torch", "onnxruntime", "av", "soundfile", "matplotlib", "rich", "yaml", "cyclopts"}
    assert not heavy & set(loaded)


def test_scoring_works_where_torch_cannot_be_imported():
    code = f"""
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {OPTIONAL!r}:
            raise ImportError(f"{{name}} is not installed")

sys.meta_path.insert(0, NoTorch())
import truevoice
result = truevoice.load().score({str(clips()[0])!r})
assert result.verdict in ("bonafide", "spoof", "abstain"), result
assert 0 <= result.p_spoof <= 1
assert len(truevoice.score({[str(clip) for clip in clips()]!r})) == {len(clips())}
try:
    truevoice.load("aasist", checkpoint={str(clips()[0])!r})
except truevoice.MissingExtraError as error:
    print(error)
"""
    assert "pip install 'truevoice[torch]'" in run(code)


def test_the_public_face():
    for name in truevoice.__all__:
        assert getattr(truevoice, name) is not None
    assert callable(truevoice.metrics.eer)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = truevoice.nonsense
