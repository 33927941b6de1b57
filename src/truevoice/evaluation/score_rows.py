"""A score file as its rows stand: trial, score and label as words, before anything is judged or left out.

Read are tables with a header (truevoice's own scores.csv, ASVspoof 5's `filename cm-score`, anyone's) and the lists
without one that the field writes: `UTT SCORE` (ASVspoof 2021), `UTT ATTACK KEY SCORE` (ASVspoof 2019, as in
asvspoof-challenge and clovaai/aasist), and the like. Columns of such a list are told by their content.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from truevoice.data.keys import EXTRA_LABEL_COLUMNS, TRIAL_COLUMNS
from truevoice.data.labels import is_class_word, read_label
from truevoice.data.manifest import LABEL_COLUMNS, meta_columns
from truevoice.data.table import Table, content_of, decode, delimiter_of, read_table, split_rows
from truevoice.errors import UsageError

SCORE_COLUMNS = (
    *("score", "scores", "cm-score", "cm", "llr", "logit", "logits", "yscore", "output", "prediction", "pred"),
    *("bonafide-score", "predict-score-1"),
)
TRUTH_COLUMNS = (*LABEL_COLUMNS, *EXTRA_LABEL_COLUMNS, "ytrue", "gt")
# What truevoice writes beside the score: facts of the run, not of the trial.
RUN_COLUMNS = frozenset(
    {"p_spoof", "verdict", "reason", "error", "warning", "worst_start", "worst_end", "worst_score", "windows"}
    | {"duration", "model", "checksum", "policy", "prior_spoof", "threshold"}
    | {"segments", "engine", "decoder", "rate", "channels"}
)
CONSTANTS = ("model", "checksum", "policy", "threshold", "prior_spoof")
AVERAGE_COLUMNS = ("eer", "auc", "rocauc", "accuracy", "acc", "f1", "loss", "valloss", "valeer", "valauc", "valacc")
LINES_LOOKED_AT = 2000


@dataclass(frozen=True)
class ScoreRows:
    """N rows in the order of the file; every list has N words, "" where a cell is empty.

    labels: None where the file has none. errors: why a row has no score, None where the file does not say.
    p_spoof: None where the file has none. columns: further facts. constants: model, checksum, policy, threshold and
    prior of truevoice's own files, where all rows agree. unnamed: trials have no names but their row numbers. notes:
    sentences.
    """

    path: Path
    trials: list[str]
    scores: list[str]
    labels: list[str] | None = None
    errors: list[str] | None = None
    p_spoof: list[str] | None = None
    columns: dict[str, list[str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    unnamed: bool = False
    notes: list[str] = field(default_factory=list)


def read_score_rows(
    path: Path,
    *,
    path_column: str | None = None,
    label_column: str | None = None,
    score_column: str | None = None,
    label_map: Mapping[str, str] | None = None,
) -> ScoreRows:
    """Reads a score file. Raises UsageError, one line, where no column of scores is found or a named one is absent."""
    content = content_of(path)
    if content.startswith(b"PAR1") or (text := decode(path, content)).startswith(("{", "[")):
        return _from_table(read_table(path), path_column, label_column, score_column)
    first = text.split("\n", 1)[0]
    delimiter = _delimiter(first)
    cells = [cell.strip().strip('"') for cell in (first.split(delimiter) if delimiter else first.split())]
    if not any(map(_is_number, cells)):
        if any(map(is_class_word, cells)):
            raise UsageError(f"{path}: row 1 ({first.strip()[:60]}) has no score; verdicts are no scores")
        table = read_table(path) if delimiter or len(cells) < 2 else _divided_by_blanks(path, text)
        return _from_table(table, path_column, label_column, score_column)
    if path_column or label_column or score_column:
        raise UsageError(f"{path}: its first line names no columns, so none can be chosen by name")
    rows = [row for _, row in split_rows(path, text, delimiter)] if delimiter else _words(path, text)
    return _from_words(path, rows, label_map)


def _delimiter(line: str) -> str:
    """As `delimiter_of`; but `UTT 1,5` is divided by its blank."""
    words = line.split()
    return "" if len(words) > 1 and _is_decimal_comma(words[-1]) and line.count(",") == 1 else delimiter_of(line)


def _from_table(table: Table, path_column: str | None, label_column: str | None, score_column: str | None) -> ScoreRows:
    path, rows = table.path, table.rows
    score = _named(table, score_column, "score") or table.column(*SCORE_COLUMNS)
    if score is None:
        raise UsageError(f"{path}: {_why_no_scores(table)}")
    label = _named(table, label_column, "label") or table.column(*TRUTH_COLUMNS)
    trial = _named(table, path_column, "path") or table.column(*TRIAL_COLUMNS)
    label, trial = (None if column == score else column for column in (label, trial))
    if label == trial:
        trial = None
    own = {name for name in RUN_COLUMNS if name in table.columns}
    kept = meta_columns(table.columns, {score, label, trial, *own})
    columns = {name: [row[column] for row in rows] for name, column in kept}
    constants, notes = _constants(table)
    return ScoreRows(
        path=path,
        trials=[row[trial] for row in rows] if trial else _numbered(len(rows)),
        scores=[row[score] for row in rows],
        labels=[row[label] for row in rows] if label else None,
        errors=[row["error"] for row in rows] if "error" in own else None,
        p_spoof=[row["p_spoof"] for row in rows] if "p_spoof" in own and score != "p_spoof" else None,
        columns={name: cells for name, cells in columns.items() if any(cells)},
        constants=constants,
        unnamed=trial is None,
        notes=notes,
    )


def _named(table: Table, name: str | None, what: str) -> str | None:
    if name is None:
        return None
    column = table.column(name)
    if column is None:
        raise UsageError(f"{table.path}: has no column {name!r} (--{what}-column); it has {_listed(table.columns)}")
    return column


def _why_no_scores(table: Table) -> str:
    if averages := [name for name in AVERAGE_COLUMNS if table.column(name)]:
        shown = ", ".join(str(table.column(name)) for name in averages[:4])
        return (
            f"holds figures ({shown}), not scores; averages over batches or epochs are not pooled figures, nor can "
            "they become such: give the score of every trial"
        )
    return f"has no column of scores: name it with --score-column (it has {_listed(table.columns)})"


def _constants(table: Table) -> tuple[dict[str, str], list[str]]:
    found, notes = {}, []
    for name in CONSTANTS:
        if name not in table.columns:
            continue
        values = {row[name] for row in table.rows} - {""}
        if len(values) == 1:
            found[name] = values.pop()
        elif values:
            notes.append(f"rows differ in {name} ({', '.join(sorted(values)[:3])}), so none is named")
    return found, notes


def _from_words(path: Path, rows: list[list[str]], label_map: Mapping[str, str] | None) -> ScoreRows:
    """Rows without a header: the score is the last column of numbers, the label the last one of class words, the trial
    the first of the others."""
    width = len(rows[0])
    odd = next((number for number, row in enumerate(rows, 1) if len(row) != width), None)
    if odd is not None:
        raise UsageError(f"{path}: row {odd} has {len(rows[odd - 1])} words, the first has {width}")
    columns = list(zip(*rows[:LINES_LOOKED_AT]))
    if any({"nontarget"} <= {word.lower() for word in cells} for cells in columns):
        raise UsageError(f"{path}: holds scores of speaker verification (target, nontarget), not of spoofing detection")
    numeric = [at for at, cells in enumerate(columns) if _is_number(cells[0])]
    binary = [at for at in numeric if set(columns[at]) <= {"0", "1"}]
    score = max([at for at in numeric if at not in binary] or numeric)
    labels = [at for at, cells in enumerate(columns) if at != score and all(is_class_word(cell) for cell in cells)]
    if not labels and label_map:
        labels = [at for at, cells in enumerate(columns) if at != score and _all_mapped(cells, label_map)]
    if not labels and (width > 2 or (len(numeric) == 2 and len(rows) > 2)):  # whoever reads them asks for a label map
        labels = [at for at in binary if at != score]
    label = labels[-1] if labels else None
    others = [at for at in range(width) if at not in (score, label)]
    trial = next((at for at in others if len(set(columns[at])) == len(columns[at])), others[0] if others else None)
    rest = [at for at in others if at != trial]
    names = {at: "attack" if width == 4 and rest == [at] and label is not None else f"column_{at + 1}" for at in rest}
    return ScoreRows(
        path=path,
        trials=_numbered(len(rows)) if trial is None else [row[trial] for row in rows],
        scores=[row[score] for row in rows],
        labels=None if label is None else [row[label] for row in rows],
        columns={name: ["" if row[at] == "-" else row[at] for row in rows] for at, name in names.items()},
        unnamed=trial is None,
    )


def _all_mapped(cells: Sequence[str], label_map: Mapping[str, str]) -> bool:
    try:
        return all(read_label(cell, label_map) for cell in set(cells))
    except UsageError:
        return False


def _divided_by_blanks(path: Path, text: str) -> Table:
    header, *rows = _words(path, text)
    odd = next((number for number, row in enumerate(rows, 2) if len(row) != len(header)), None)
    if odd is not None:
        raise UsageError(f"{path}: row {odd} has {len(rows[odd - 2])} words, the first line names {len(header)}")
    return Table(path, header, [dict(zip(header, row)) for row in rows])


def _words(path: Path, text: str) -> list[list[str]]:
    return [words for line in text.splitlines() if (words := line.split())]


def _numbered(count: int) -> list[str]:
    return [f"row {number}" for number in range(1, count + 1)]


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(columns[:12]) + (", …" if len(columns) > 12 else "")


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return _is_decimal_comma(word)
    return True


def _is_decimal_comma(word: str) -> bool:
    return re.fullmatch(r"[+-]?\d+,\d+", word) is not None
