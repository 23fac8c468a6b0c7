"""`sweeptree demo`: the main job for real, in a folder of its own: a git repository with a small ECG training,
a sweep of 3 learning rates with 2 seeds each in worktrees, through Prefect, to the leaderboard."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import sweeptree
from sweeptree.cli.engine import say
from sweeptree.cli.options import RunOptions
from sweeptree.cli.run import run
from sweeptree.errors import UsageError
from sweeptree.settings import Settings

CONFIGS = ("linear_lr_3e-4", "linear_lr_3e-3", "linear_lr_3e-2")
SEEDS = (1, 2)
SCRIPTS = "*.py"


def demo(
    *,
    folder: Path | None = None,
    records: int = 300,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Run a small real sweep in a new folder, to see what it looks like.

    Parameters
    ----------
    folder
        Where to make it; default: a new temporary folder, which is left for you to look at.
    records
        How many ECG records to train on.
    as_json
        Print the aggregated results as one JSON document.
    """
    if records < 60:  # fewer leave a fold without a class
        raise UsageError(f"--records {records} is too few to train on", hint="give at least 60")
    top = _new_folder(folder)
    say(f"the demo's repository: {top}")
    _make_repository(top)
    say(_make_data(top / "data" / "ptb-xl", records))
    _use_our_python()
    os.chdir(top)
    commands = [f"python run_training.py --exp {config} --seed {seed}" for config in CONFIGS for seed in SEEDS]
    (top / "commands.json").write_text("[\n" + ",\n".join(f'  "{command}"' for command in commands) + "\n]\n")
    _commit(top, "The demo's commands")
    options = RunOptions(
        exp_name="demo", commands="commands.json", metric="val_auc:max", use_worktree=True, as_json=as_json
    )
    code = run(options)
    say(f"Everything stands in {top}; delete it when you have seen it.")
    return code


def _new_folder(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="sweeptree-demo-")).resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not an empty folder", hint="give --folder a new one")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def _make_repository(top: Path) -> None:
    example = Path(sweeptree.__file__).with_name("examples") / "ecg"
    for script in sorted(example.glob(SCRIPTS)):
        shutil.copyfile(script, top / script.name)
    (top / ".gitignore").write_text("data/\nresults/\n__pycache__/\n")
    _git(top, "init", "--quiet", "--initial-branch=main")
    _commit(top, "A small ECG training")


def _commit(top: Path, message: str) -> None:
    _git(top, "add", "--all")
    _git(top, "-c", "user.name=sweeptree demo", "-c", "user.email=demo@localhost", "commit", "--quiet", "-m", message)


def _git(top: Path, *words: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(
        ["git", "-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", *words],
        cwd=top,
        env=environment,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


def _make_data(dest: Path, records: int) -> str:
    """Get the records with the example's own script: PTB-XL if it can be had, else records shaped like it."""
    source = Settings().ptbxl
    if source is not None:
        os.environ["SWEEPTREE_PTBXL"] = str(source.resolve())
    done = subprocess.run(
        [sys.executable, "prepare_data.py", str(dest), "--records", str(records)],
        cwd=dest.parent.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found, said = done.stdout.strip().split("\n", 1)
    if Path(found).resolve() != dest.resolve():
        dest.parent.mkdir(parents=True, exist_ok=True)
        dest.symlink_to(Path(found).resolve(), target_is_directory=True)
    return said


def _use_our_python() -> None:
    """The demo's experiment has no environment of its own: `python` in its commands is the one that runs this."""
    if sys.prefix != sys.base_prefix:
        os.environ["VIRTUAL_ENV"] = sys.prefix
        os.environ["PATH"] = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
