"""`sweeptree demo`: the main job for real, in a folder of its own.

A git repository with a small ECG training; a sweep of 3 learning rates with 2 seeds each in
worktrees, through Prefect, to the leaderboard.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from itertools import product
from pathlib import Path
from shlex import quote
from typing import Annotated

import sweeptree
from sweeptree.cli.commands.run import run
from sweeptree.cli.options import JSON, RunOptions
from sweeptree.engine.connect import say
from sweeptree.errors import SweeptreeError, UsageError
from sweeptree.settings import Settings

CONFIGS = ("linear_lr_3e-4", "linear_lr_3e-3", "linear_lr_3e-2")
SEEDS = (1, 2)
FILES = ("*.py", "*.txt")
PATIENCE = 3.0  # seconds for the mirror's first answer


def demo(
    *,
    folder: Path | None = None,
    records: int = 300,
    as_json: Annotated[bool, JSON] = False,
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
    say(make_data(top, records))
    _use_our_python()
    os.chdir(top)
    _write_commands(top)
    options = RunOptions(
        exp_name="demo",
        commands="commands.json",
        metric="val_auc:max",
        use_worktree=True,
        as_json=as_json,
    )
    code = run(options)
    folder_word = quote(str(top))
    say(
        f"Everything is in {top}; when you have seen it: "
        f"chmod -R u+w {folder_word} && rm -r {folder_word}"
    )
    return code


def _write_commands(top: Path) -> None:
    runs = product(CONFIGS, SEEDS)
    commands = [f"python run_training.py --exp {config} --seed {seed}" for config, seed in runs]
    (top / "commands.json").write_text(json.dumps(commands, indent=2) + "\n")
    _commit(top, "The demo's commands")


def _new_folder(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="sweeptree-demo-")).resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not an empty folder", hint="give --folder a new one")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def _make_repository(top: Path) -> None:
    example = Path(sweeptree.__file__).with_name("examples") / "ecg"
    for pattern in FILES:
        for path in sorted(example.glob(pattern)):
            shutil.copyfile(path, top / path.name)
    (top / ".gitignore").write_text("data/\nresults/\n__pycache__/\n")
    _git(top, "init", "--quiet", "--initial-branch=main")
    _commit(top, "A small ECG training")


def _commit(top: Path, message: str) -> None:
    _git(top, "add", "--all")
    author = ("-c", "user.name=sweeptree demo", "-c", "user.email=demo@localhost")
    _git(top, *author, "commit", "--quiet", "-m", message)


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


def make_data(top: Path, records: int, mirror: str | None = None) -> str:
    """Curate records into data/processed, and say whose: the user's, the mirror's, or generated.

    `mirror` is the address of a PTB-XL folder in place of the public one.
    """
    from sweeptree.ecg import ptbxl

    if (own := Settings().ptbxl) is not None:
        _curate(top, str(own.resolve()), records)
        return f"PTB-XL records: the folder {own.resolve()} that $SWEEPTREE_PTBXL names."
    mirror = mirror or ptbxl.MIRROR_URL
    try:
        _ask(mirror)
        kept = _curate(top, mirror, records)
    except SweeptreeError as error:
        return _generate(top, records, str(error))
    return f"PTB-XL: {kept} real records from the public mirror (CC BY 4.0)."


def _curate(top: Path, source: str, records: int) -> int:
    """Make data/processed. Returns how many records it holds: damaged ones are left out."""
    from sweeptree.ecg import CurateSpec
    from sweeptree.ecg.curate import curate
    from sweeptree.ecg.progress import TextReporter

    spec = CurateSpec(
        source=source, out=top / "data" / "processed", limit=records, on_bad_record="quarantine"
    )
    return curate(spec, TextReporter()).counts["records"]


def _ask(mirror: str) -> None:
    """Raise SweeptreeError unless the mirror answers soon: name look-ups have no time limit."""
    from sweeptree.ecg.curate.fetch import Client, Wanted

    found: list[str] = []

    def ask() -> None:
        client = Client(mirror, pause=0.05)
        try:
            client.get(Wanted("scp_statements.csv", 1 << 20, None))
            found.append("")
        except SweeptreeError as error:
            found.append(str(error))
        finally:
            client.close()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if found != [""]:
        raise SweeptreeError(found[0] if found else f"no answer within {PATIENCE:g} s")


def _generate(top: Path, records: int, why: str) -> str:
    source = top / "data" / "ptb-xl"
    argv = [sys.executable, "generate_records.py", str(source), "--records", str(records)]
    subprocess.run(argv, cwd=top, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    _curate(top, str(source), records)
    return (
        f"PTB-XL's mirror cannot be used ({why}): "
        f"{records} generated records of PTB-XL's shape instead. "
        "They are not real ECGs; set SWEEPTREE_PTBXL to use your own copy."
    )


def _use_our_python() -> None:
    """The experiment has no environment of its own: `python` in its commands is our python."""
    if sys.prefix == sys.base_prefix:
        return
    path = os.environ.get("PATH", os.defpath)
    os.environ["VIRTUAL_ENV"] = sys.prefix
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.prefix) / "bin"), path])
