"""Keys: which trial is bona fide and which is spoof, without the recordings. What score files are judged by.

Read are the ASVspoof protocols and keys (2019, 2021 with its stage-1 form, 5), lists such as `UTT spoof`, and tables
with a header. The meaning of a column comes from its content or its name, never from a guess at the position of the
label. Column lists: https://github.com/asvspoof-challenge/2021 (eval-package/README.md), ASVspoof2019 README,
https://github.com/asvspoof-challenge/asvspoof5.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from truevoice.data.labels import is_class_word, read_labels
from truevoice.data.manifest import LABEL_COLUMNS, meta_columns
from truevoice.data.table import Table, content_of, decode, delimiter_of, read_table, split_rows
from truevoice.data.trial import BONAFIDE
from truevoice.errors import UsageError

TRIAL_COLUMNS = (
    *("trial", "trialid", "utt", "uttid", "utterance", "utteranceid", "flacfilename", "filename", "file", "path"),
    *("audio", "name", "id", "clip", "wav"),
)
EXTRA_LABEL_COLUMNS = ("cmlabel", "cmkey", "truth", "target")
UNKNOWN = "-"
ASV_WORDS = {"target", "nontarget"}
LINES_LOOKED_AT = 2000

# Headerless layouts by their number of words: what each word is. "" = nothing of use.
ASVSPOOF_2019 = ("speaker", "trial", "environment", "attack", "label")
ASVSPOOF_2021_LA = ("speaker", "trial", "codec", "transmission", "attack", "label", "trim", "subset")
ASVSPOOF_2021_DF = (
    *("speaker", "trial", "codec", "source", "attack", "label", "trim", "subset"),
    *("vocoder", "task", "team", "gender_pair", "language"),
)
ASVSPOOF_2021_PA = (
    *("speaker", "trial", "room", "mic", "distance", "attacker_room", "attacker_mic", "attack"),
    *("attacker_distance", "label", "trim", "subset"),
)
ASVSPOOF_5 = ("speaker", "trial", "gender", "codec", "codec_q", "group", "attack_tag", "attack", "label", "")
KNOWN: tuple[tuple[str, ...], ...] = (ASVSPOOF_2019, ASVSPOOF_2021_LA, ASVSPOOF_2021_DF, ASVSPOOF_2021_PA, ASVSPOOF_5)
LAYOUTS = {len(names): names for names in KNOWN}
# Stage-1 keys say hidden_track; the physical access keys number the hidden parts, which column trim tells apart too.
SUBSETS = {"hidden_track": "hidden", "hidden1_pa": "hidden", "hidden2_pa": "hidden", "hidden1": "hidden"}
SUBSETS |= {"hidden2": "hidden", "hidden_track_1": "hidden", "hidden_track_2": "hidden", "prog": "progress"}


@dataclass(frozen=True)
class KeyRow:
    """One trial of a key. label: "bonafide", "spoof", or "" where the key leaves it open. meta: its further columns
    by name (speaker, attack, codec, subset, …), "" where unknown."""

    trial: str
    label: str
    meta: Mapping[str, str] = field(default_factory=dict, compare=False)


def read_key(
    path: str | os.PathLike[str],
    *,
    label_column: str | None = None,
    label_map: Mapping[str, str] | None = None,
) -> list[KeyRow]:
    """Reads a protocol, a key or any table with trials and labels, in the order of the file.

    Raises UsageError, one line, where it has no labels, numeric ones without a map, or no column of trials.
    """
    path = Path(path)
    content = content_of(path)
    if content.startswith(b"PAR1") or (text := decode(path, content)).startswith(("{", "[")):
        return _from_table(read_table(path), label_column, label_map)
    first = text.split("\n", 1)[0]
    delimiter = delimiter_of(first)
    rows = _lines(path, text, delimiter)
    if label_column is not None or _is_header(rows[0]):
        table = read_table(path) if delimiter else _as_table(path, rows)
        return _from_table(table, label_column, label_map)
    return _from_words(path, rows, label_map)


def asvspoof_meta(meta: dict[str, str]) -> dict[str, str]:
    """Cells of an ASVspoof protocol as manifests have them: - is "", the attack of a bona fide trial is "", subsets are
    called eval, progress and hidden."""
    cleaned = {name: "" if cell == UNKNOWN else cell for name, cell in meta.items()}
    if is_class_word(cleaned.get("attack", "")):
        cleaned["attack"] = ""
    if "subset" in cleaned:
        cleaned["subset"] = SUBSETS.get(cleaned["subset"].lower(), cleaned["subset"])
    return cleaned


def _lines(path: Path, text: str, delimiter: str) -> list[list[str]]:
    if delimiter:
        return [cells for _, cells in split_rows(path, text, delimiter)]
    return [words for line in text.split("\n") if (words := line.split())]


def _is_header(words: list[str]) -> bool:
    """By its words: it names columns and holds no label."""
    folded = {word.lower().replace("_", "").replace("-", "").replace(" ", "") for word in words}
    names_columns = folded & {
        *TRIAL_COLUMNS,
        *LABEL_COLUMNS,
        *EXTRA_LABEL_COLUMNS,
        "speaker",
        "spk",
        "system",
        "attack",
    }
    return bool(names_columns) and not any(map(is_class_word, words))


def _as_table(path: Path, rows: list[list[str]]) -> Table:
    """A header and rows divided by blanks."""
    header = rows[0]
    odd = next((row for row in rows if len(row) != len(header)), None)
    if odd is not None:
        raise UsageError(f"{path}: the line '{' '.join(odd)[:60]}' has {len(odd)} words, the first {len(header)}")
    return Table(path, header, [dict(zip(header, row)) for row in rows[1:]])


def _from_table(table: Table, label_column: str | None, label_map: Mapping[str, str] | None) -> list[KeyRow]:
    found = ", ".join(table.columns[:12])
    label = table.column(label_column) if label_column else table.column(*LABEL_COLUMNS, *EXTRA_LABEL_COLUMNS)
    if label is None:
        missing = f"column {label_column!r}" if label_column else "column of labels; name it with --label-column"
        raise UsageError(f"{table.path}: has no {missing} (it has {found})")
    trial = table.column(*TRIAL_COLUMNS)
    if trial is None or trial == label:
        raise UsageError(f"{table.path}: has no column 'trial' (or file, filename, path, utt) (it has {found})")
    meanings = read_labels((row[label] for row in table.rows), label_map, table.path)
    columns = meta_columns(table.columns, (trial, label))
    return [
        KeyRow(row[trial], meanings[row[label]], {n: row[c] for n, c in columns}) for row in table.rows if row[trial]
    ]


def _from_words(path: Path, rows: list[list[str]], label_map: Mapping[str, str] | None) -> list[KeyRow]:
    width = len(rows[0])
    odd = next(((number, row) for number, row in enumerate(rows, 1) if len(row) != width), None)
    if odd is not None:
        raise UsageError(f"{path}: row {odd[0]} has {len(odd[1])} words, the first has {width}; it is not one key")
    if width == 1:
        raise UsageError(
            f"{path}: has one word a line and no labels: it is a list of trials; the labels are in the set's key file"
        )
    names = LAYOUTS.get(width)
    if names and {row[names.index("label")] for row in rows[:LINES_LOOKED_AT]} & ASV_WORDS:
        raise UsageError(f"{path}: is a key for speaker verification (target, nontarget); give the one under CM/")
    if names is None or not _fits(names, rows, label_map):
        names = _by_content(path, rows, label_map)
    trial, label = names.index("trial"), names.index("label")
    meanings = read_labels((row[label] for row in rows), label_map, path)
    kept = [at for at, name in enumerate(names) if name not in ("", "trial", "label")]
    empty = {at for at in kept if names[at] not in ("attack", "codec") and all(row[at] == UNKNOWN for row in rows)}
    kept = [at for at in kept if at not in empty]
    alike: dict[tuple[str, ...], dict[str, str]] = {}  # rows repeat one another but for the trial: one copy is kept
    found = []
    for row in rows:
        key = (meanings[row[label]], *[row[at] for at in kept])
        if key not in alike:
            alike[key] = _meta(names, key[0], {names[at]: row[at] for at in kept})
        found.append(KeyRow(row[trial], key[0], alike[key]))
    return found


def _meta(names: tuple[str, ...], label: str, cells: dict[str, str]) -> dict[str, str]:
    meta = asvspoof_meta(cells)
    if names is ASVSPOOF_5 and not meta["codec"]:
        meta["codec"] = "none"  # the dash means uncoded here, which is a value to compare with, not an unknown one
    if names is ASVSPOOF_2019 and label == BONAFIDE and meta["attack"]:
        meta["source"], meta["attack"] = meta["attack"], ""  # DECRO: a corpus stands there, and attacks none
    return meta


def _fits(names: tuple[str, ...], rows: list[list[str]], label_map: Mapping[str, str] | None) -> bool:
    at = names.index("label")
    return all(_is_label(row[at], label_map) for row in rows[:LINES_LOOKED_AT])


def _by_content(path: Path, rows: list[list[str]], label_map: Mapping[str, str] | None) -> tuple[str, ...]:
    """Columns of an unknown list: the labels are the last column of nothing but class words, the trials the first
    column in which no word repeats (or the first of all)."""
    sample = rows[:LINES_LOOKED_AT]
    columns = list(zip(*sample))
    labels = [at for at, cells in enumerate(columns) if all(_is_label(cell, label_map) for cell in cells)]
    if not labels:
        number = next((at for at in range(len(columns) - 1, -1, -1) if set(columns[at]) <= {"0", "1", "-1"}), None)
        if number is not None:
            read_labels(columns[number], label_map, path)  # says what to do about numbers
        raise UsageError(f"{path}: has no column of labels (bonafide or spoof); is it a key or a protocol?")
    others = [at for at in range(len(columns)) if at not in labels]
    if not others:
        raise UsageError(f"{path}: has no column of trials beside the labels")
    trial = next((at for at in others if len(set(columns[at])) == len(sample)), others[0])
    fixed = {trial: "trial", labels[-1]: "label"}
    return tuple(fixed.get(at, f"column_{at + 1}") for at in range(len(columns)))


def _is_label(word: str, label_map: Mapping[str, str] | None) -> bool:
    return is_class_word(word) or bool(label_map and word.lower() in label_map)
