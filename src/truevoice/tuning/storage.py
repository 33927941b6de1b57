"""The study on disk: Optuna's journal in the search's folder, which several processes read and write at once."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from truevoice.errors import MissingExtraError, TruevoiceError, UsageError, one_line
from truevoice.tuning.locks import JournalLock, locked
from truevoice.tuning.plan import Plan, differences
from truevoice.tuning.taking import give_another_chance

JOURNAL, NAME = "study.journal", "tune"
_PLAN = "plan"


def turn(folder: Path) -> AbstractContextManager[None]:
    """Held while a trial is taken or given back and while the tables are written: one process at a time."""
    return locked(folder / ".lock")


def begin(folder: Path, plan: Plan, *, as_many_as_before: bool = False) -> Plan:
    """Makes the study, or finds the one that the folder holds; of that, another number of trials may be asked.

    as_many_as_before: keep the number that was asked of it then. Gives the plan as it is kept. Raises UsageError where
    the folder holds a search of something else.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with turn(folder):
            study = open_study(folder, create=plan)
            kept = plan_of(study)
            if found := differences(plan, kept):
                raise UsageError(
                    f"{folder}: holds a search with other settings ({', '.join(found[:4])}): choose another -o"
                )
            give_another_chance(study)
            if plan.trials != kept.trials and not as_many_as_before:
                study.set_user_attr(_PLAN, plan.to_dict())
                return plan
            return kept
    except OSError as error:
        raise TruevoiceError(f"{folder}: cannot be written ({error.strerror or one_line(error)})") from None


def open_study(folder: Path, create: Plan | None = None) -> Any:
    """Optuna's study in the folder, made for `create` where there is none. Raises UsageError, MissingExtraError."""
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
    except ImportError:
        raise MissingExtraError("a search", "train") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = folder / JOURNAL
    if create is None and not path.exists():
        raise UsageError(f"{folder}: holds no search ({JOURNAL} is not there)")
    try:
        storage = JournalStorage(JournalFileBackend(str(path), lock_obj=JournalLock(path)))  # type: ignore[arg-type]
        if not any(one.study_name == NAME for one in optuna.get_all_study_summaries(storage)) and create:
            optuna.create_study(
                storage=storage, study_name=NAME, direction="maximize" if create.higher_is_better else "minimize"
            )
        study = optuna.load_study(storage=storage, study_name=NAME)
    except (ValueError, KeyError) as error:
        raise UsageError(f"{path}: is no journal of a search ({one_line(error, 80)}): choose another -o") from None
    if _PLAN not in study.user_attrs and create:
        study.set_user_attr(_PLAN, create.to_dict())
    return study


def plan_of(study: Any) -> Plan:
    return Plan.of_dict(study.user_attrs[_PLAN])
