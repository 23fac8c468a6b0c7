"""What the worktrees would lack: found before anything starts, without changing a byte."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from helpers import git

from sweeptree.repository import find_repository, resolve_base
from sweeptree.worktrees import DirtyReport, absolute_notes, inspect

TRAIN = ["python train.py --lr 1e-3"]


def look(start: Path, commands: Sequence[str] = TRAIN, ignore: Sequence[Path] = ()) -> DirtyReport:
    found = find_repository(start)
    return inspect(found, resolve_base(found, "HEAD"), commands, ignore)


def needed(report: DirtyReport) -> list[tuple[str, str]]:
    return [(need.path, need.by) for need in report.needed]


def commit(repo: Path, **files: str) -> None:
    for name, text in files.items():
        path = repo / name.replace("__", "/").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "more", cwd=repo)


def everything(top: Path) -> dict[str, str]:
    files = [path for path in sorted(top.rglob("*")) if path.is_file()]
    return {
        str(p): f"{p.stat().st_mtime_ns} {hashlib.sha1(p.read_bytes()).hexdigest()}" for p in files
    }


def test_clean_tree_is_clean(repo: Path) -> None:
    report = look(repo)
    assert report.is_clean
    assert not report.must_refuse
    assert report.lines == ()


def test_changed_staged_and_deleted_files_are_named(repo: Path) -> None:
    (repo / "train.py").write_text("1\n")
    (repo / "new.py").write_text("1\n")
    git("add", "new.py", cwd=repo)
    (repo / "ecg/model.py").unlink()
    report = look(repo)
    assert set(report.changed) == {"train.py", "new.py", "ecg/model.py"}
    assert report.must_refuse


def test_untracked_imported_module_is_named_first(repo: Path) -> None:
    commit(repo, run_training_py="from ecg import augment\n")
    (repo / "ecg/augment.py").write_text("")
    (repo / "train.py").write_text("1\n")
    report = look(repo, ["python run_training.py"])
    assert (
        report.lines[0] == "ecg/augment.py is imported by run_training.py and is not in the commit"
    )
    assert report.must_refuse


def test_imports_are_followed_through_modules_and_relatively(repo: Path) -> None:
    commit(repo, a_py="import pkg.one\n", pkg____init___py="", pkg__one_py="from . import two\n")
    (repo / "pkg/two.py").write_text("from .sub.three import x\n")
    (repo / "pkg/sub").mkdir()
    (repo / "pkg/sub/three.py").write_text("x = 1\n")
    assert needed(look(repo, ["python a.py"])) == [
        ("pkg/two.py", "pkg/one.py"),
        ("pkg/sub/three.py", "pkg/two.py"),
    ]


def test_relative_import_goes_up_by_its_dots(repo: Path) -> None:
    commit(repo, a_py="import pkg.sub.one\n", pkg__sub__one_py="from .. import up\n")
    (repo / "pkg/up.py").write_text("")
    (repo / "pkg/sub/up.py").write_text("")
    assert needed(look(repo, ["python a.py"])) == [("pkg/up.py", "pkg/sub/one.py")]


def test_script_in_a_subfolder_finds_its_neighbours(repo: Path) -> None:
    commit(repo, scripts__go_py="import near\nimport json\n")
    (repo / "scripts/near.py").write_text("")
    (repo / "json.py").write_text("")
    assert needed(look(repo, ["python scripts/go.py"])) == [("scripts/near.py", "scripts/go.py")]


def test_ignored_module_counts_as_missing(repo: Path) -> None:
    commit(repo, b_py="import local_secret\n")
    (repo / ".git/info/exclude").write_text("local_secret.py\n")
    (repo / "local_secret.py").write_text("")
    assert needed(look(repo, ["python b.py"])) == [("local_secret.py", "b.py")]


@pytest.mark.parametrize(
    "command",
    [
        "python train.py --config conf.yaml",
        "python train.py --config=conf.yaml",
        "cd ecg && python ../train.py ../conf.yaml",
        "cat conf.yaml|python train.py",
        "bash -c 'x'; wc < conf.yaml",
    ],
)
def test_file_named_by_a_command_is_needed(repo: Path, command: str) -> None:
    (repo / "conf.yaml").write_text("")
    assert needed(look(repo, [command])) == [("conf.yaml", "")]


@pytest.mark.parametrize("command", ["python -m tools.go", "PYTHONPATH=tools python -m go"])
def test_module_started_by_name_is_needed(repo: Path, command: str) -> None:
    (repo / "tools").mkdir()
    (repo / "tools/go.py").write_text("")
    assert [need.path for need in look(repo, [command]).needed] == ["tools/go.py"]


def test_command_is_read_from_the_subfolder(repo: Path) -> None:
    (repo / "ecg/go.py").write_text("")
    assert needed(look(repo / "ecg", ["python go.py"])) == [("ecg/go.py", "")]


def test_other_untracked_files_are_only_a_note(repo: Path) -> None:
    for name in "abcd":
        (repo / f"{name}.txt").write_text("")
    report = look(repo)
    assert not report.must_refuse
    assert report.notes == (
        "4 untracked files will not be in the worktrees: a.txt, b.txt, c.txt, ...",
    )


def test_results_and_links_do_not_count(repo: Path) -> None:
    for folder in ("out/x", "data"):
        (repo / folder).mkdir(parents=True)
        (repo / folder / "f.csv").write_text("")
    report = look(repo, ["python train.py data/f.csv out/x/f.csv"], ignore=[repo / "out"])
    assert report.is_clean
    assert report.links == ("data",)


def test_inspection_changes_no_byte(repo: Path) -> None:
    (repo / "train.py").write_text("1\n")
    os.utime(repo / "ecg/model.py", (1, 1))  # git would note that its content is the same
    before = everything(repo)
    look(repo)
    assert everything(repo) == before


def test_broken_script_is_no_obstacle(repo: Path) -> None:
    commit(repo, bad_py="def (:\n", nul_py="\0")
    assert look(repo, ["python bad.py", "python nul.py", "it's"]).is_clean


def test_names_with_newline_and_quotes(repo: Path) -> None:
    (repo / 'a\n"b.py').write_text("")
    report = look(repo, ["python 'a\n\"b.py'"])
    assert needed(report) == [('a\n"b.py', "")]


def test_submodule_and_sparse_checkout_are_explained(repo: Path) -> None:
    git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        repo.as_uri(),
        "libs",
        cwd=repo,
    )
    git("commit", "-q", "-m", "sub", cwd=repo)
    git("sparse-checkout", "set", "ecg", cwd=repo)
    notes = " ".join(look(repo).notes)
    assert "submodules are empty in the worktrees (libs)" in notes
    assert "your checkout is sparse" in notes


def test_lfs_without_git_lfs_is_explained(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo / ".gitattributes").write_text("*.bin filter=lfs\n")
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "lfs", cwd=repo)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert "git-lfs is not installed" in look(repo).notes[0]


def test_change_that_the_base_holds_is_none(repo: Path) -> None:
    (repo / "train.py").write_text("2\n")
    git("commit", "-qam", "second", cwd=repo)
    git("checkout", "-q", "--detach", "HEAD~1", cwd=repo)
    (repo / "train.py").write_text("2\n")
    found = find_repository(repo)
    assert inspect(found, resolve_base(found, "main"), TRAIN).changed == ()


def test_what_git_ignores_is_told_apart(repo: Path) -> None:
    (repo / ".git/info/exclude").write_text("prepared.npz\n")
    (repo / "prepared.npz").touch()
    (repo / "conf.yaml").touch()
    report = look(repo, ["python train.py prepared.npz conf.yaml"])
    assert {need.path for need in report.needed} == {"prepared.npz", "conf.yaml"}
    assert report.ignored == ("prepared.npz",)


def test_a_file_of_a_submodule_is_for_the_setup_to_bring(repo: Path) -> None:
    allow = ("-c", "protocol.file.allow=always")
    git(*allow, "submodule", "--quiet", "add", repo.as_uri(), "libs", cwd=repo)
    git("commit", "-q", "-m", "sub", cwd=repo)
    report = look(repo, ["python libs/train.py"])
    assert report.in_submodules == ("libs/train.py",) and not report.must_refuse
    assert "libs/train.py is in a submodule: the setup command must bring it" in report.notes


def test_lfs_files_whose_content_is_not_here_are_counted(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    oids = ["a" * 64, "b" * 64]
    for number, oid in enumerate(oids):
        text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 3\n"
        (repo / f"{number}.bin").write_text(text)
    git("add", ".", cwd=repo)
    (repo / ".gitattributes").write_text("*.bin filter=lfs\n")
    git("add", ".gitattributes", cwd=repo)
    git("commit", "-q", "-m", "lfs", cwd=repo)
    program = tmp_path / "bin/git-lfs"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    store = repo / ".git/lfs/objects/aa/aa"
    store.mkdir(parents=True)
    (store / oids[0]).write_text("abc")
    assert any(
        note.startswith("1 Git LFS files of the commit are not") for note in look(repo).notes
    )
    monkeypatch.setenv("GIT_LFS_SKIP_SMUDGE", "1")
    assert any("only pointers" in note for note in look(repo).notes)


def test_an_absolute_path_into_the_checkout_is_named(repo: Path) -> None:
    found = find_repository(repo)
    base = resolve_base(found, "HEAD")
    [note] = absolute_notes(found, base, [f"python {repo}/train.py --lr 1"])
    assert note.startswith("commands name train.py by an absolute path")
    assert absolute_notes(found, base, ["python train.py", f"x {repo}/nowhere"]) == []
