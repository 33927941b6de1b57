"""Inert stand-ins for the classes that training tools pickle beside the weights.

A fairseq file (`xlsr2_300m.pt` and its kin) holds its configuration as OmegaConf objects; others hold an
`argparse.Namespace`, an enumeration, a NumPy number. PyTorch's restricted unpickler refuses them all. Here each name on
a short list is answered with a class of our own that keeps what it is given and runs nothing: such a file is read
without fairseq and omegaconf, and without ever running what it holds. Any other name stays refused.
"""

from __future__ import annotations

import pickletools
import re
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch

# Packages whose objects may lie beside weights: all of them become stand-ins.
TOOLS = ("omegaconf", "fairseq", "hydra", "argparse", "numpy", "pytorch_lightning", "lightning", "lightning_fabric")
NAMES = {
    *(f"builtins.{name}" for name in ("list", "dict", "tuple", "object", "int", "float", "str", "bool", "NoneType")),
    *("typing.Any", "typing.Union", "typing.Optional", "collections.defaultdict", "copyreg._reconstructor"),
    *("pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath"),
}
PLAIN_TABLES = ("defaultdict", "dict", "MetersDict", "AttributeDict")  # filled item by item while they are read
OLD_NAMES = {"__builtin__": "builtins", "copy_reg": "copyreg", "long": "int", "unicode": "str"}  # of Python 2
HARMLESS = ("torch.", "collections.", "_codecs.encode", "builtins.set", "builtins.complex")  # PyTorch decides on these
# PyTorch permits these, and with them a file of a few bytes can fill any memory; no weights need them.
LONGER = "a text made longer and longer"
GREEDY = ("builtins.bytearray", LONGER)
ENCODE, LENGTHENING = "_codecs.encode", ("hex", "base64", "quopri", "quotedprintable", "uu")  # each call a longer text
ZIP_START = b"PK\x03\x04"  # by which PyTorch tells its two formats apart
OLD_FORMAT_PICKLES = 5  # magic number, version, system, content, keys of the values
DEPTH = 8  # how deep a configuration's node may be wrapped

_lock = threading.Lock()  # PyTorch's list of permitted names is one for the whole process


class StandIn:
    """An object of a class that is not here: it keeps what was pickled, and does nothing."""

    arguments: tuple[Any, ...] = ()
    state: Any = None

    def __new__(cls, *arguments: Any) -> StandIn:
        made = object.__new__(cls)
        made.arguments = arguments
        return made

    def __init__(self, *arguments: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _plain_table(*_: Any) -> OrderedDict[Any, Any]:
    """In place of a dictionary with habits of its own; what it was made with is dropped."""
    return OrderedDict()


def is_inert(name: str) -> bool:
    """Whether an object called `name` ("omegaconf.dictconfig.DictConfig") is read as a stand-in."""
    return name in NAMES or name.partition(".")[0] in TOOLS


def pickled_names(path: Path) -> list[str]:
    """Everything by name that a PyTorch file would have Python import, sorted. The file is parsed, never run.

    Only what comes before the place from which a pickle can no longer be followed.
    """
    found: set[str] = set()
    # A stranger's bytes: whatever is wrong with them, even a length beyond all memory, what stands before it counts.
    with suppress(Exception), _content(path) as pickles:
        for one in pickles:
            for name in _names(one):
                found.add(name)  # one by one: those before an error stay
    return sorted(found)


def foreign_names(names: Iterable[str]) -> list[str]:
    """Those of `names` that neither PyTorch's restricted unpickler nor a stand-in answers."""
    return [name for name in names if not is_inert(name) and not name.startswith(HARMLESS)]


@contextmanager
def stand_ins(names: Iterable[str]) -> Iterator[None]:
    """Within it PyTorch's restricted unpickler answers the inert ones of `names` with stand-ins."""
    inert: list[tuple[Callable[..., Any], str]] = [
        (_plain_table if name.rpartition(".")[2] in PLAIN_TABLES else StandIn, name) for name in names if is_inert(name)
    ]
    with _lock, torch.serialization.safe_globals(inert):  # type: ignore[arg-type]
        yield


def fairseq_settings(document: dict[Any, Any]) -> dict[str, Any]:
    """The model's settings in a fairseq file: numbers, words and booleans by name; empty where there are none.

    They lie in `cfg` (with `model` and `task` beneath), in older files flat in `args`. "normalize" is the task's:
    whether the model was trained on waveforms of zero mean and unit variance.
    """
    top = _entries(document.get("cfg")) or _entries(document.get("args"))
    model = _entries(top.get("model")) or top
    task = _entries(top.get("task"))
    found = {**{"normalize": task.get("normalize", top.get("normalize"))}, **model}
    settings = {str(key): _plain(value) for key, value in found.items()}
    return {key: value for key, value in settings.items() if isinstance(value, str | int | float | bool)}


def _entries(node: Any) -> dict[Any, Any]:
    """The table in a dictionary, an OmegaConf node or a namespace; empty for anything else."""
    for _ in range(DEPTH):
        if isinstance(node, dict):
            return node
        if not isinstance(node, StandIn) or not isinstance(node.state, dict):
            return {}
        node = node.state["_content"] if "_content" in node.state else dict(node.state)
    return {}


def _plain(node: Any) -> Any:
    """The value in an OmegaConf leaf or an enumeration's member."""
    for _ in range(DEPTH):
        if not isinstance(node, StandIn):
            return node
        if isinstance(node.state, dict) and "_val" in node.state:
            node = node.state["_val"]
        else:
            node = node.arguments[0] if len(node.arguments) == 1 else None
    return None


@contextmanager
def _content(path: Path) -> Iterator[Iterable[Any]]:
    """The pickles of a PyTorch file, in either format."""
    with path.open("rb") as file:
        if file.read(len(ZIP_START)) != ZIP_START:
            file.seek(0)
            yield [file] * OLD_FORMAT_PICKLES
            return
    with zipfile.ZipFile(path) as archive:
        yield (archive.open(entry) for entry in archive.infolist() if _is_pickle(entry))


def _is_pickle(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.lower().rpartition("/")[2] == "data.pkl"


def _names(pickled: Any) -> Iterator[str]:
    """The names of one pickle, in the words of today's Python."""
    encodes = lengthens = False  # in either order: a word may be kept for later
    for operation, argument, _ in pickletools.genops(pickled):
        if operation.name in ("GLOBAL", "INST"):
            module, _, name = str(argument).partition(" ")
            whole = f"{OLD_NAMES.get(module, module)}.{OLD_NAMES.get(name, name)}"
            encodes |= whole == ENCODE
            yield whole
        elif operation.name == "STACK_GLOBAL":  # PyTorch reads none of these, wherever the name came from
            yield "a name put together while it is read"
        elif isinstance(argument, str) and _codec(argument) in LENGTHENING:
            lengthens = True
        if encodes and lengthens:
            yield LONGER
            lengthens = False


def _codec(word: str) -> str:
    """A codec's name as Python would look it up, without what it ignores."""
    return re.sub("[^A-Za-z0-9]", "", word).lower().removesuffix("codec")
