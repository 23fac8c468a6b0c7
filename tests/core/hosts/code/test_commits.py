"""A commit to a host: the ways it may take, and that it is whole there."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers import git

from core.hosts.host_kit import make_site
from sweeptree.errors import Refused, SweeptreeError
from sweeptree.hosts.code.commits import SentCommit, clone_id, origin_url, send_commit
from sweeptree.hosts.remote import Site
from sweeptree.repository import find_repository, resolve_base, snapshot


def send(repo: Path, site: Site, name: str = "HEAD") -> SentCommit:
    found = find_repository(repo)
    return send_commit(found, resolve_base(found, name).commit, site)


def files(sent: SentCommit) -> list[str]:
    return git("ls-tree", "-r", "--name-only", sent.commit, cwd=Path(sent.cache)).split()


def add_commit(repo: Path, name: str = "new.py") -> None:
    (repo / name).write_text(name)
    git("add", ".", cwd=repo)
    git("commit", "-qm", name, cwd=repo)


def clone_with_origin(repo: Path, tmp_path: Path) -> Path:
    origin, clone = tmp_path / "origin.git", tmp_path / "clone"
    git("clone", "-q", "--bare", repo, origin, cwd=tmp_path)
    git("clone", "-q", origin, clone, cwd=tmp_path)
    return clone


def test_a_commit_is_pushed_and_the_next_time_it_is_there(repo: Path, site: Site) -> None:
    first, second = send(repo, site), send(repo, site)
    assert (first.how, second.how) == ("push", "there")
    assert "ecg/model.py" in files(second)
    git("fsck", "--strict", cwd=Path(second.cache))


def test_the_next_commit_is_pushed_to_the_same_place(repo: Path, site: Site) -> None:
    first = send(repo, site)
    add_commit(repo)
    second = send(repo, site)
    assert (second.how, second.cache) == ("push", first.cache)
    assert "new.py" in files(second)


def test_what_the_origin_has_is_fetched_from_there(repo: Path, site: Site, tmp_path: Path) -> None:
    clone = clone_with_origin(repo, tmp_path)
    sent = send(clone, site)
    assert (sent.how, "train.py" in files(sent)) == ("origin", True)


def test_what_the_origin_lacks_is_pushed(repo: Path, site: Site, tmp_path: Path) -> None:
    clone = clone_with_origin(repo, tmp_path)
    add_commit(clone)
    assert send(clone, site).how == "push"


def test_an_origin_that_the_host_cannot_reach_is_named(
    repo: Path, site: Site, tmp_path: Path
) -> None:
    clone = clone_with_origin(repo, tmp_path)
    shutil.rmtree(tmp_path / "origin.git")
    sent = send(clone, site)
    assert sent.how == "push"
    assert "origin.git" in sent.note


def test_a_host_where_git_is_not_on_the_path_gets_a_pack(repo: Path, tmp_path: Path) -> None:
    site = make_site(tmp_path / "far", path="/nowhere")
    first = send(repo, site)
    add_commit(repo)
    second = send(repo, site)
    assert (first.how, second.how) == ("pack", "pack")
    assert "new.py" in files(second)
    git("fsck", "--strict", cwd=Path(second.cache))


def test_four_at_once_do_not_disturb_each_other(repo: Path, site: Site) -> None:
    for number in range(3):
        add_commit(repo, f"{number}.py")
    names = ["HEAD", "HEAD", "HEAD~1", "HEAD~2"]
    with ThreadPoolExecutor(4) as threads:
        sent = list(threads.map(lambda name: send(repo, site, name), names))
    assert len({each.cache for each in sent}) == 1
    git("fsck", "--strict", cwd=Path(sent[0].cache))
    refs = git("for-each-ref", "--format=%(objectname)", cwd=Path(sent[0].cache)).split()
    assert sorted(refs) == sorted({each.commit for each in sent})


def test_a_snapshot_of_a_dirty_tree_is_a_commit_too(repo: Path, site: Site) -> None:
    (repo / "train.py").write_text("changed")
    found = find_repository(repo)
    made = snapshot(found, resolve_base(found, "HEAD"), "exp")
    sent = send_commit(found, made.commit, site)
    assert git("show", f"{made.commit}:train.py", cwd=Path(sent.cache)) == "changed"


def test_half_a_commit_is_not_taken_for_a_whole_one(repo: Path, site: Site) -> None:
    sent = send(repo, site)
    add_commit(repo)
    blob = git("rev-parse", "HEAD:new.py", cwd=repo)
    objects = Path(sent.cache, "objects")
    for name in git("rev-list", "--objects", "HEAD", "--not", "HEAD~1", cwd=repo).split("\n"):
        loose = Path(name[:2], name[2:40])
        if not name.startswith(blob):
            (objects / loose.parent).mkdir(exist_ok=True)
            shutil.copy(repo / ".git/objects" / loose, objects / loose)
    assert send(repo, site).how == "push"
    git("fsck", "--strict", cwd=Path(sent.cache))


def test_a_shallow_clone_is_refused_with_the_command_that_helps(
    repo: Path, site: Site, tmp_path: Path
) -> None:
    add_commit(repo)
    git("clone", "-q", "--depth=1", f"file://{repo}", tmp_path / "clone", cwd=tmp_path)
    git("remote", "remove", "origin", cwd=tmp_path / "clone")
    with pytest.raises(Refused, match="shallow") as caught:
        send(tmp_path / "clone", site)
    assert "git fetch --unshallow" in caught.value.hint


def test_a_home_that_cannot_be_written_is_named(repo: Path, site: Site) -> None:
    Path(site.host.home).write_text("")
    with pytest.raises(SweeptreeError, match="gpu2"):
        send(repo, site)


def test_a_clone_that_was_moved_keeps_its_place_and_another_has_its_own(
    repo: Path, site: Site, tmp_path: Path
) -> None:
    first = send(repo, site)
    git("clone", "-q", repo, tmp_path / "repo2", cwd=tmp_path)
    repo.rename(tmp_path / "moved")
    assert send(tmp_path / "repo2", site).cache != first.cache
    moved = find_repository(tmp_path / "moved")
    assert clone_id(moved) in first.cache


def test_an_id_that_is_none_is_refused(repo: Path) -> None:
    (repo / ".git/sweeptree.id").write_text("../../x")
    with pytest.raises(Refused, match="does not hold an id"):
        clone_id(find_repository(repo))


def test_hooks_of_the_host_do_not_run(repo: Path, site: Site, tmp_path: Path) -> None:
    cache = Path(send(repo, site).cache)
    hook = cache / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    add_commit(repo)
    assert send(repo, site).how == "push"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://ada:ghp_secret@example.invalid/a.git", "https://example.invalid/a.git"),
        ("git@example.invalid:a.git", "git@example.invalid:a.git"),
    ],
)
def test_no_password_of_the_origin_goes_to_a_host(repo: Path, url: str, sent: str) -> None:
    git("remote", "add", "origin", url, cwd=repo)
    assert origin_url(find_repository(repo)) == sent
