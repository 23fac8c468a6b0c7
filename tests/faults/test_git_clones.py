"""Sweeps in bare, shallow, sparse and partial clones, with submodules, and without git-lfs."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from fault_kit import Sweeper
from helpers import git

from sweeptree.model import SweepSpec
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import prepare


@pytest.mark.parametrize("kind", ["--bare", "--depth=1"])
def test_row_16_bare_and_shallow_repositories(sweeper: Sweeper, tmp_path: Path, kind: str) -> None:
    git("clone", "-q", kind, sweeper.repo.as_uri(), tmp_path / "clone", cwd=tmp_path)
    spec = sweeper.spec(
        ["cat train.py"], repo=str(tmp_path / "clone"), results_dir=str(tmp_path / "results")
    )
    assert sweeper.run(spec)["message"] == "1 succeeded"


def sparse(repo: Path) -> Path:
    git("sparse-checkout", "set", "--no-cone", "train.py", cwd=repo)
    return repo


def partial(repo: Path) -> Path:
    git("config", "uploadpack.allowFilter", "true", cwd=repo)
    git(
        "clone",
        "-q",
        "--filter=blob:none",
        "--no-checkout",
        repo.as_uri(),
        "partial",
        cwd=repo.parent,
    )
    return repo.parent / "partial"


def with_submodule(repo: Path) -> Path:
    git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        repo.as_uri(),
        "inner",
        cwd=repo,
    )
    git("commit", "-qm", "inner", cwd=repo)
    return repo


@pytest.mark.parametrize("kind", [sparse, partial, with_submodule])
def test_row_17_a_sparse_or_partial_clone_or_one_with_a_submodule_works_and_says_what_is_missing(
    sweeper: Sweeper, kind: Callable[[Path], Path]
) -> None:
    repo = kind(sweeper.repo)
    spec = sweeper.spec(["cat train.py"], repo=str(repo), dirty="ignore")
    dirty = prepare(SweepSpec.model_validate({**spec, "dirty": "refuse"}), Settings()).dirty
    assert dirty is not None and dirty.notes
    sweeper.repo = repo
    assert sweeper.run(spec)["message"] == "1 succeeded"


def test_row_17_lfs_files_without_git_lfs_are_named(
    sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sweeper.repo / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    git("add", ".", cwd=sweeper.repo)
    git("commit", "-qm", "lfs", cwd=sweeper.repo)
    if shutil.which("git-lfs"):
        pytest.skip("git-lfs is installed")
    dirty = prepare(SweepSpec.model_validate(sweeper.spec(["true"])), Settings()).dirty
    assert dirty is not None and "git-lfs is not installed" in " ".join(dirty.notes)
