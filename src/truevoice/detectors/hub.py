"""Converted folders on the Hugging Face Hub: getting one, putting one there.

The Hub's own conventions hold: its cache, `HF_HOME`, `HF_TOKEN` and the token of `hf auth login`, and `HF_HUB_OFFLINE`
where nothing may be fetched. A folder on disk is taken as it is, and nothing is asked of anyone.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from truevoice.detectors.card import Card
from truevoice.errors import CheckpointError, MissingExtraError, UsageError, one_line
from truevoice.models.converted import CONFIG, GRAPHS, WEIGHTS, is_converted

CARD = "README.md"  # the Hub's name of a model card
# All that is ever fetched; nothing else of a stranger's repository is looked at.
FETCHED = (CONFIG, WEIGHTS)
OF_OURS = (*FETCHED, *GRAPHS, CARD)
# What the Hub calls the licences that a card may name; any other is "other".
LICENCES = {"MIT": "mit", "Apache-2.0": "apache-2.0", "BSD-3-Clause": "bsd-3-clause"}
TRUE = ("1", "ON", "YES", "TRUE")


def local_folder(
    where: str | Path,
    *,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    token: str | bool | None = None,
    local_files_only: bool = False,
    graphs: bool = False,
) -> Path:
    """The converted folder at `where`, a path or the name of a repository on the Hub ("someone/something").

    graphs: its ONNX graph is wanted too. Raises CheckpointError where it is not to be had, in one line that says why;
    MissingExtraError for a repository without huggingface_hub.
    """
    if Path(where).is_dir():
        return Path(where)
    name = str(where)
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise CheckpointError(f"{name}: no such folder")
    hub = _hub()
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            hub.snapshot_download(
                name,
                revision=revision,
                cache_dir=cache_dir,
                token=token,
                local_files_only=local_files_only,
                allow_patterns=[*FETCHED, *(GRAPHS[:2] if graphs else ())],
            )
        )
    except HFValidationError:
        raise CheckpointError(f"{one_line(name, 100)}: is neither a folder nor the name of a repository") from None
    except LocalEntryNotFoundError as error:
        if local_files_only or os.environ.get("HF_HUB_OFFLINE", "").upper() in TRUE:
            raise CheckpointError(
                f"{name}: is not in the Hub's cache, and nothing may be fetched (HF_HUB_OFFLINE, local_files_only); "
                "name a folder"
            ) from None
        raise _not_had(name, error) from None
    except (HfHubHTTPError, OSError) as error:
        raise _not_had(name, error) from None


def _not_had(name: str, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{name}: cannot be had from the Hugging Face Hub ({one_line(error, 120)}); check the name and the connection, "
        "or download it elsewhere and name its folder"
    )


def upload(
    folder: Path,
    repo: str,
    *,
    private: bool | None = None,
    token: str | bool | None = None,
    revision: str | None = None,
    commit_message: str | None = None,
) -> str:
    """Puts a converted folder into the repository `repo`, made where it is not there yet; its address.

    Raises UsageError for a folder that is none of ours, CheckpointError where the Hub does not take it.
    """
    if not is_converted(folder):
        raise UsageError(f"{folder}: is not a folder of 'truevoice convert'")
    hub = _hub()
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        api = hub.HfApi(token=token)
        made = api.create_repo(repo, private=private, exist_ok=True)
        api.upload_folder(
            repo_id=made.repo_id,
            folder_path=folder,
            revision=revision,
            commit_message=commit_message or "Upload a detector with truevoice",
            allow_patterns=list(OF_OURS),
        )
    except HFValidationError:
        raise UsageError(f"{one_line(repo, 100)}: is no name of a repository, such as someone/something") from None
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{repo}: the Hugging Face Hub does not take it ({one_line(error, 120)}); check the name, the connection "
            "and the token ('hf auth login')"
        ) from None
    return str(made)


def write_model_card(folder: Path, card: Card) -> None:
    """README.md with what the Hub asks of a model, where the folder has none yet."""
    path = folder / CARD
    if path.exists():
        return
    head: dict[str, Any] = {
        "library_name": "truevoice",
        "pipeline_tag": "audio-classification",
        "license": LICENCES.get(card.licence, "other"),
        **({} if card.licence in LICENCES else {"license_name": card.licence}),
        "tags": ["anti-spoofing", "audio-deepfake-detection", "speech"],
    }
    lines = ["---", *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()), "---", ""]
    lines += [f"# {card.title}", "", card.summary.strip(), ""]
    facts = {
        "Score": f"{card.score}; higher = more bona fide",
        "Window": f"{card.window} samples at 16 kHz",
        "Training data": card.training_data,
        "Licence": card.licence,
        "Paper": card.paper,
        "Source": card.source,
    }
    lines += [f"- {name}: {value}" for name, value in facts.items()]
    lines += ["", "```python", "import truevoice", "", "detector = truevoice.Detector.from_pretrained(REPOSITORY)"]
    lines += ['print(detector.score("voice.mp3").score)', "```", ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError:
        raise MissingExtraError("The Hugging Face Hub", "ssl") from None
    return huggingface_hub
