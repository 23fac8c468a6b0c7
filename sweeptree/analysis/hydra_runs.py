"""A finished multirun of Hydra as a sweep: a record for each of its runs, beside them.

Hydra keeps the overrides of a run (`.hydra/overrides.yaml`), its number and the name of its script
(`.hydra/hydra.yaml`), and no exit code: a run whose metrics are found counts as succeeded, of any
other nobody knows. Source: hydra/core/utils.py, run_job.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeptree.analysis import metrics
from sweeptree.errors import RecordError
from sweeptree.model import JobState
from sweeptree.plan import config_ids, read_command
from sweeptree.records import SweepPaths, SweepStore, read_bytes

_OVERRIDES = ".hydra/overrides.yaml"
_SETTINGS = ".hydra/hydra.yaml"
_DEPTH = 3  # hydra.sweep.subdir may hold a folder or two
_NOTE = "imported from Hydra, which keeps no exit code"
_LIMIT = 1024 * 1024
_MAX_NAME = 200
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class _Run:
    """One run: its folder, its number, and its command as far as it is known."""

    folder: Path
    number: int
    command: str
    script: str


def is_multirun(folder: Path) -> bool:
    """Whether this is the folder of a multirun: runs of Hydra, and no sweep of ours."""
    is_ours = (folder / "sweep.json").exists()
    return not is_ours and next(_run_folders(folder), None) is not None


def import_multirun(paths: SweepPaths, wanted: metrics.Wanted) -> int:
    """Write a record for each run, its metrics found as in a sweep; how many runs there are.

    Raises Refused where the folder cannot be written.
    """
    runs = _numbered(list(_run_folders(paths.root)))
    names = config_ids([read_command(run.command) for run in runs])
    with SweepStore.open(paths) as store:
        for run, name in zip(runs, names, strict=True):
            _record(store, run, name, wanted)
    return len(runs)


def _run_folders(folder: Path, depth: int = _DEPTH) -> Iterator[Path]:
    for place in _inside(folder):
        if place.is_symlink() or not place.is_dir() or place.name.startswith("."):
            continue
        if (place / _OVERRIDES).is_file():
            yield place
        elif depth > 1:
            yield from _run_folders(place, depth - 1)


def _inside(folder: Path) -> Sequence[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return ()


def _numbered(folders: Sequence[Path]) -> list[_Run]:
    """The runs by Hydra's own numbers; by their names where those are missing or not unique."""
    settings = [_settings(folder) for folder in folders]
    numbers = [job.get("num") for job in settings]
    are_good = all(map(_is_number, numbers)) and len(set(numbers)) == len(numbers)
    found = []
    for place, (folder, job) in enumerate(zip(folders, settings, strict=True)):
        number = int(job["num"]) if are_good else place
        script = _script(job)
        found.append(_Run(folder, number, _command(folder, script), script))
    return sorted(found, key=lambda run: run.number)


def _is_number(value: object) -> bool:
    return isinstance(value, str) and _NUMBER.fullmatch(value) is not None


def _script(job: Mapping[str, Any]) -> str:
    """The name of the script, which names the log; one that would lead elsewhere is none."""
    name = str(job.get("name") or "")
    is_good = name.isprintable() and 0 < len(name) <= _MAX_NAME
    return name if is_good and Path(name).name == name else "main"


def _settings(folder: Path) -> Mapping[str, Any]:
    """What `hydra.yaml` says of the job; nothing where it is missing or says something else."""
    found = _yaml(folder / _SETTINGS)
    for key in ("hydra", "job"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _command(folder: Path, script: str) -> str:
    overrides = _yaml(folder / _OVERRIDES)
    words = _texts(overrides) if isinstance(overrides, list) else []
    return shlex.join(["python", f"{script}.py", *words])


def _yaml(file: Path) -> Any:
    """What a file holds, its words as text: neither a date nor a number can be wrong."""
    import yaml

    try:
        return yaml.load(read_bytes(file, limit=_LIMIT), yaml.BaseLoader)  # noqa: S506
    except (RecordError, yaml.YAMLError, UnicodeDecodeError, RecursionError):
        return None


def _texts(items: Sequence[object]) -> list[str]:
    """The texts among the items; half a character, and what no command can hold, becomes '?'."""
    texts = [item for item in items if isinstance(item, str)]
    return [text.encode("utf-8", "replace").decode().replace("\0", "?") for text in texts]


def _record(store: SweepStore, run: _Run, config: str, wanted: metrics.Wanted) -> None:
    reading = read_command(run.command)
    log = run.folder / f"{run.script}.log"
    places = metrics.Places(run.folder / "metrics.jsonl", log, run.folder)
    collected = metrics.collect(places, wanted)
    found = collected.metrics
    metrics.write_history(store.paths.history(run.number), collected.points)
    store.update(
        run.number,
        cmd=run.command,
        params=dict(reading.params),
        seed=reading.seed,
        config_id=config,
        state=JobState.SUCCEEDED if found.values else None,
        reason=None if found.values else _NOTE,
        metrics=dict(found.values),
        best=dict(found.best) if found.best else None,
        metrics_source=found.source,
        diverged=found.diverged,
        notes=(_NOTE, f"its folder is {run.folder.relative_to(store.paths.root)}"),
    )
