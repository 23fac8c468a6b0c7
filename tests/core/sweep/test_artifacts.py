"""What is kept of a job's files, and what a job cannot make us do."""

import json
import os
import threading
from pathlib import Path

import pytest
from helpers import git

from sweeptree.sweep.artifacts import Kept, keep, put_aside


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "worktree").mkdir()
    return tmp_path / "worktree"


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "results" / "exp" / "job_0" / "artifacts"


def write(path: Path, data: bytes = b"data") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_files_keep_their_relative_paths(top: Path, dest: Path) -> None:
    write(top / "out" / "a b.txt", b"one")
    write(top / "model.pt", b"two" * 100_000)
    assert keep(top, ["out/a b.txt", "model.pt"], dest) == Kept(("out/a b.txt", "model.pt"), ())
    assert (dest / "out" / "a b.txt").read_bytes() == b"one"
    assert (dest / "model.pt").read_bytes() == b"two" * 100_000


def test_a_folder_is_kept_with_all_in_it(top: Path, dest: Path) -> None:
    write(top / "out" / "deep" / "a.txt")
    write(top / "out" / ".git" / "config")
    assert keep(top, ["out/"], dest).names == ("out/.git/config", "out/deep/a.txt")


def test_caches_and_git_are_left_out_silently(top: Path, dest: Path) -> None:
    paths = ["__pycache__/a.py", "a.pyc", ".git/config", "x/.GIT/hooks/a"]
    for path in paths:
        write(top / path)
    assert keep(top, paths, dest) == Kept()


def test_no_link_is_followed_and_each_is_named(top: Path, dest: Path, tmp_path: Path) -> None:
    write(tmp_path / "secret" / "key")
    (top / "folder").symlink_to(tmp_path / "secret")
    (top / "file").symlink_to(tmp_path / "secret" / "key")
    kept = keep(top, ["folder/key", "folder", "file"], dest)
    assert kept.names == ()
    assert kept.skipped == (
        "folder/key: behind a link, which is not followed",
        "folder: a link that leads outside",
        "file: a link that leads outside",
    )
    assert not list(dest.rglob("*"))


@pytest.mark.parametrize("path", ["/etc/passwd", "../secret", "a/../../secret", "", ".", "a\0b"])
def test_only_paths_inside_the_worktree_are_kept(top: Path, dest: Path, path: str) -> None:
    write(top.parent / "secret")
    kept = keep(top, [path], dest)
    assert kept.names == ()
    assert "not a path inside the worktree" in kept.skipped[0]


def test_special_files_are_named_and_never_opened(top: Path, dest: Path) -> None:
    os.mkfifo(top / "fifo")
    assert keep(top, ["fifo"], dest).skipped == ("fifo: not a regular file",)


def test_the_job_cannot_lead_the_copies_outside(top: Path, dest: Path, tmp_path: Path) -> None:
    write(top / "a.txt")
    (tmp_path / "outside").mkdir()
    dest.parent.mkdir(parents=True)
    dest.symlink_to(tmp_path / "outside")
    kept = keep(top, ["a.txt"], dest)
    assert kept.names == ()
    assert "nothing could be kept" in kept.skipped[0]
    assert not list((tmp_path / "outside").iterdir())


def test_a_link_at_the_place_of_a_copy_is_replaced(top: Path, dest: Path, tmp_path: Path) -> None:
    write(top / "a.txt", b"new")
    write(tmp_path / "victim", b"old")
    dest.mkdir(parents=True)
    (dest / "a.txt").symlink_to(tmp_path / "victim")
    assert keep(top, ["a.txt"], dest).names == ("a.txt",)
    assert (tmp_path / "victim").read_bytes() == b"old"
    assert (dest / "a.txt").read_bytes() == b"new"


def test_a_file_over_the_cap_is_named_and_smaller_ones_go_on(top: Path, dest: Path) -> None:
    for name, size in (("big", 100), ("small", 10), ("second", 45), ("last", 40)):
        write(top / name, b"x" * size)
    kept = keep(top, ["big", "small", "second", "last"], dest, cap_bytes=50)
    assert kept.names == ("small", "last")
    assert kept.skipped == (
        "big: 100 bytes, over the cap on a job's artifacts (50 bytes left)",
        "second: 45 bytes, over the cap on a job's artifacts (40 bytes left)",
    )


def test_nothing_is_over_the_cap_by_default(top: Path, dest: Path) -> None:
    paths = [f"f{i}" for i in range(200)]
    for path in paths:
        write(top / path)
    with (top / "sparse").open("wb") as stream:
        stream.truncate(1 << 40)
    kept = keep(top, [*paths, "sparse"], dest)
    assert (len(kept.names), kept.skipped, kept.left) == (201, (), 0)
    assert (dest / "sparse").stat().st_size == 1 << 40
    assert (dest / "sparse").stat().st_blocks < 100


def test_left_out_names_are_counted_beyond_a_hundred(top: Path, dest: Path) -> None:
    paths = [f"f{i}" for i in range(200)]
    for path in paths:
        write(top / path)
    kept = keep(top, paths, dest, cap_bytes=12)
    assert kept.names == ("f0", "f1", "f2")
    assert kept.skipped[-1] == "and 97 more files that were not kept"
    assert kept.left


def test_a_movable_file_is_renamed_and_others_stay(top: Path, dest: Path) -> None:
    write(top / "out" / "best.ckpt", b"weights")
    write(top / "train.py")
    (top / "last.ckpt").symlink_to("out/best.ckpt")
    made = top / "out" / "best.ckpt"
    made.chmod(0o4711)
    number = made.stat().st_ino
    paths = ["out/best.ckpt", "last.ckpt", "train.py"]
    kept = keep(top, paths, dest, movable=["out/best.ckpt", "last.ckpt"])
    assert set(kept.names) == set(paths)
    assert not made.exists()
    assert (top / "train.py").exists()
    assert (dest / "out" / "best.ckpt").stat().st_ino == number
    assert (dest / "out" / "best.ckpt").stat().st_mode & 0o7777 == 0o755
    assert (dest / "last.ckpt").read_bytes() == b"weights"


def test_a_file_with_another_name_is_copied(top: Path, dest: Path, tmp_path: Path) -> None:
    write(tmp_path / "cache", b"shared")
    (tmp_path / "cache").chmod(0o600)
    (top / "linked").hardlink_to(tmp_path / "cache")
    assert keep(top, ["linked"], dest, movable=["linked"]).names == ("linked",)
    assert (dest / "linked").stat().st_ino != (tmp_path / "cache").stat().st_ino
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o600


def test_an_environment_is_named_and_only_work_in_it_is_kept(top: Path, dest: Path) -> None:
    paths = ["env/pyvenv.cfg", "env/bin/python", "env/lib/p/site.py", "env/best.ckpt", "lib/a"]
    for path in paths:
        write(top / path)
    kept = keep(top, paths, dest)
    assert kept.names == ("env/best.ckpt", "lib/a")
    assert kept.skipped == ("env: an environment, whose installed files are not kept",)
    assert kept.left == 0


def test_a_file_that_is_gone_is_named(top: Path, dest: Path) -> None:
    assert keep(top, ["gone"], dest).skipped == ("gone: gone before it could be kept",)


def test_names_that_are_no_text_can_stand_in_a_record(top: Path, dest: Path) -> None:
    name = os.fsdecode(b"caf\xe9\n.txt")
    write(top / name)
    kept = keep(top, [name], dest)
    assert json.dumps(kept.names).encode() == b'["caf\\\\xe9\\n.txt"]'
    assert (dest / name).exists()


def test_scripts_stay_executable_and_nothing_more(top: Path, dest: Path) -> None:
    write(top / "run.sh")
    (top / "run.sh").chmod(0o4755)
    keep(top, ["run.sh"], dest)
    assert (dest / "run.sh").stat().st_mode & 0o7777 == 0o755


def test_a_file_that_grows_meanwhile_is_kept_as_it_was(top: Path, dest: Path) -> None:
    write(top / "log", b"x" * 1000)
    stop = threading.Event()

    def grow() -> None:
        with (top / "log").open("ab") as stream:
            while not stop.is_set():
                stream.write(b"x" * 4096)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        assert keep(top, ["log"], dest, cap_bytes=1 << 40).names == ("log",)
    finally:
        stop.set()
        writer.join()
    assert (dest / "log").stat().st_size >= 1000


def test_a_folder_at_the_place_of_a_copy_is_said(top: Path, dest: Path) -> None:
    write(top / "a")
    (dest / "a").mkdir(parents=True)
    assert keep(top, ["a"], dest).skipped[0].startswith("a: cannot be written")


def test_links_among_outputs_are_kept(top: Path, dest: Path) -> None:
    write(top / "ck" / "epoch=3.ckpt", b"weights")
    write(top / "wandb" / "run-1" / "log.txt")
    (top / "ck" / "last.ckpt").symlink_to("epoch=3.ckpt")
    (top / "best.ckpt").symlink_to(top / "ck" / "last.ckpt")
    (top / "wandb" / "latest-run").symlink_to("run-1")
    kept = keep(top, ["best.ckpt", "ck/epoch=3.ckpt", "ck/last.ckpt", "wandb/"], dest)
    assert kept.skipped == ()
    assert set(kept.names) == {
        "ck/epoch=3.ckpt",
        "wandb/run-1/log.txt",
        "best.ckpt",
        "ck/last.ckpt",
    }
    assert (dest / "ck" / "last.ckpt").readlink() == Path("epoch=3.ckpt")
    assert (dest / "best.ckpt").readlink() == Path("ck/epoch=3.ckpt")
    assert (dest / "wandb" / "latest-run" / "log.txt").read_bytes() == b"data"


def test_links_to_what_is__are_named(top: Path, dest: Path) -> None:
    write(top / "train.py")
    write(top / "out" / "a.txt")
    for name, target in {
        "gone": "nowhere",
        "code": "train.py",
        "out/up": "..",
        "out/me": ".",
    }.items():
        (top / name).symlink_to(target)
    kept = keep(top, ["gone", "code", "out/"], dest)
    assert kept.names == ("out/a.txt",)
    assert sorted(kept.skipped) == [
        "code: a link to what is not kept",
        "gone: a link to what is not kept",
        "out/me: a link to what is not kept",
        "out/up: a link to what is not kept",
    ]
    assert sorted(path.name for path in dest.rglob("*")) == ["a.txt", "out"]


def test_a_link_is_replaced_and_never_written_through(top: Path, dest: Path) -> None:
    write(top / "a", b"new")
    write(dest.parent / "precious", b"old")
    (top / "last").symlink_to("a")
    dest.mkdir()
    (dest / "last").symlink_to("../precious")
    assert keep(top, ["a", "last"], dest).names == ("a", "last")
    assert (dest / "last").readlink() == Path("a")
    assert (dest.parent / "precious").read_bytes() == b"old"


def test_earlier_attempts_are_put_aside(dest: Path) -> None:
    write(dest / "a", b"one")
    put_aside(dest, 1)
    put_aside(dest, 2)
    write(dest / "a", b"two")
    put_aside(dest, 1)
    found = sorted(path.relative_to(dest.parent) for path in dest.parent.rglob("a"))
    assert sorted(map(str, found)) == ["attempt_1-2/a", "attempt_1/a"]


def test_a_repository_of_the_jobs_own_is_kept_with_its_commits(top: Path, dest: Path) -> None:
    for words in (("init", "-q"), ("commit", "-q", "--allow-empty", "-m", "work")):
        (top / "inner").mkdir(exist_ok=True)
        git(*words, cwd=top / "inner")
    git("pack-refs", "--all", cwd=top / "inner")
    kept = keep(top, ["inner/"], dest)
    assert (kept.skipped, kept.left) == ((), 0)
    assert git("log", "--format=%s", cwd=dest / "inner") == "work"


def test_a_worktree_inside_the_worktree_is_left_there(top: Path, dest: Path) -> None:
    write(top / "inner" / ".git", b"gitdir: /elsewhere")
    write(top / "inner" / "a.txt")
    kept = keep(top, ["inner/"], dest)
    assert (kept.names, kept.left) == (("inner/a.txt",), 1)
    assert "its commits are in the repository" in kept.skipped[0]
