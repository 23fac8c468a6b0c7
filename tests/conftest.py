"""A sealed environment for every test that touches git, and a small repository."""

import itertools
import os
import shutil
import signal
from pathlib import Path

import pytest
from helpers import git

# `make test &` in a script is told to ignore Ctrl-C, and so would be every process that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_homes = itertools.count()

TRAIN = """\
import json, os, sys
metrics = os.environ.get("SWEEPTREE_METRICS")
if metrics:
    with open(metrics, "a") as out:
        out.write(json.dumps({"step": 1, "val_auc": 0.9}) + "\\n")
print("trained", *sys.argv[1:])
"""


@pytest.fixture
def git_env(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private HOME, no configuration of the machine, fixed author and dates. Returns the HOME."""
    for name in list(os.environ):
        if name.startswith(("GIT_", "SWEEPTREE_", "PREFECT_", "CUDA_", "XDG_")):
            monkeypatch.delenv(name)
    # Its own number: pytest would look at all folders of the run for the next one.
    home = tmp_path_factory.mktemp(f"home-{next(_homes)}", numbered=False)
    fixed = {
        "HOME": str(home),
        "SWEEPTREE_SLOT_DIR": str(home / "slots"),
        "GIT_CONFIG_GLOBAL": str(
            home / ".gitconfig"
        ),  # not /dev/null: a git that writes it as root would replace the device
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada Author",
        "GIT_AUTHOR_EMAIL": "ada@example.invalid",
        "GIT_AUTHOR_DATE": "2026-01-02T03:04:05+00:00",
        "GIT_COMMITTER_NAME": "Cora Committer",
        "GIT_COMMITTER_EMAIL": "cora@example.invalid",
        "GIT_COMMITTER_DATE": "2026-01-02T03:04:05+00:00",
    }
    for name, value in fixed.items():
        monkeypatch.setenv(name, value)
    return home


@pytest.fixture
def repo(git_env: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit: train.py, a module in a folder, and a .gitignore."""
    top = tmp_path / "repo"
    shutil.copytree(_pattern(tmp_path_factory), top)
    git("update-index", "--refresh", cwd=top)  # these are other files than those of the pattern
    return top


def _pattern(folders: pytest.TempPathFactory) -> Path:
    """The repository that the others are copies of: git makes it once in a process."""
    top = folders.getbasetemp() / "repository"
    if not top.exists():
        _make(top)
    return top


def _make(top: Path) -> None:
    (top / "ecg").mkdir(parents=True)
    (top / "train.py").write_text(TRAIN)
    (top / "ecg" / "model.py").write_text("WIDTH = 8\n")
    (top / ".gitignore").write_text("results/\n__pycache__/\n*.secret\n")
    git("init", "-q", "-b", "main", cwd=top)
    git("add", ".", cwd=top)
    git("commit", "-q", "-m", "first", cwd=top)
    for sample in (top / ".git" / "hooks").iterdir():
        sample.unlink()
