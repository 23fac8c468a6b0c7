"""Which Python environments the commands of a sweep may run in, as folders with a lib/python3*.

Hides the ways to name one: PATH, an activated environment, a path in a command, `conda run -n`,
`uv run`. Rather one too many than one too few: nothing is run to find out.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_ALWAYS = ("python", "python3")
_ACTIVE = ("VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT", "PYTHONUSERBASE")
_BIN = re.compile(r"(?:^|(?<=[\s'\";&|()<>=]))([^\s'\";&|()<>=]+)/bin/(?=\w)")
_PROGRAM = re.compile(r"(?<![\w./-])(?:python[\d.]*|torchrun|accelerate|deepspeed)(?![\w./-])")
_CONDA = re.compile(
    r"(?<![\w.-])(?:micromamba|mamba|conda)\s+"
    r"(?:run\b[^;&|\n]*?(?:-n|--name|-p|--prefix)[\s=]+|activate\s+)"
    r"([^\s;&|'\"-][^\s;&|'\"]*)"
)
_PROJECT = re.compile(r"(?<![\w.-])(?:uv|poetry|pdm|hatch|pixi|pipenv)\s+run\b")
_CONDA_HOMES = ("CONDA_ENVS_PATH", "CONDA_ENVS_DIRS", "MAMBA_ROOT_PREFIX")


def environments(commands: Iterable[str], environ: Mapping[str, str], cwd: Path) -> list[Path]:
    """The environments that commands started in `cwd` may use; each once."""
    texts = set(commands)
    found = [
        *_on_path({*_ALWAYS, *_found(_PROGRAM, texts)}, environ),
        *(Path(environ[name]) for name in _ACTIVE if environ.get(name)),
        *(cwd / folder for folder in _found(_BIN, texts)),
        *_conda(_found(_CONDA, texts), environ),
        *([cwd / ".venv"] if any(map(_PROJECT.search, texts)) else []),
        Path(environ.get("HOME", "/nonexistent"), ".local"),
    ]
    return [place for place in dict.fromkeys(found) if place.is_dir()]


def _found(pattern: re.Pattern[str], texts: set[str]) -> list[str]:
    found = {match for text in texts for match in pattern.findall(text)}
    return sorted(found)


def _on_path(names: Iterable[str], environ: Mapping[str, str]) -> Iterator[Path]:
    for name in sorted(names):
        program = shutil.which(name, path=environ.get("PATH", ""))
        if program:
            yield Path(program).parent.parent


def _conda(names: Iterable[str], environ: Mapping[str, str]) -> Iterator[Path]:
    """Where conda environments of these names may stand; a name may be a path too."""
    homes = [Path(environ[home]) for home in _CONDA_HOMES if environ.get(home)]
    if environ.get("CONDA_EXE"):
        homes.append(Path(environ["CONDA_EXE"]).parent.parent)
    homes.append(Path(environ.get("HOME", "/nonexistent"), ".conda"))
    for name in names:
        for home in homes:
            yield home / "envs" / name
            yield home / name
