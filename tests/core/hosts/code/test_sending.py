"""A project to a host in one call: a job's worktree there is what it would be here."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import git

from core.worktree_kit import make_pool, sh
from sweeptree.hosts.code.sending import Sent, data_digests, send, wanted_beside
from sweeptree.hosts.remote import Site
from sweeptree.model import Job
from sweeptree.repository import find_repository, resolve_base
from sweeptree.worktrees import Pool, changes

JOBS = [
    Job(0, "python train.py", {}, None, "a"),
    Job(1, "python train.py data=data/small", {"data": "data/small"}, None, "b"),
]


@pytest.fixture
def project(repo: Path) -> Path:
    for name, digest in (("processed", "abc"), ("small", "def")):
        folder = repo / "data" / name
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps({"digest": digest}))
    (repo / ".worktreeinclude").write_text("*.secret\n")
    (repo / "a.secret").write_text("s")
    return repo


@pytest.fixture
def site_with_data(site: Site, project: Path, tmp_path: Path) -> Site:
    there = tmp_path / "far/data"
    (project / "data").rename(there)
    (project / "data").symlink_to(there)
    return replace(site, host=replace(site.host, data=str(there)))


def send_all(project: Path, site: Site) -> Sent:
    found = find_repository(project)
    base = resolve_base(found, "HEAD")
    return send(found, base.commit, site, wanted_beside(found, base, None, JOBS))


def listing(top: Path) -> list[str]:
    return sorted(str(path.relative_to(top)) for path in top.iterdir() if path.name != ".git")


def test_a_worktree_there_has_what_one_here_has(project: Path, site_with_data: Site) -> None:
    sent = send_all(project, site_with_data)
    cache = find_repository(Path(sent.cache))
    base = resolve_base(cache, sent.commit)
    with Pool(cache, base, "exp", size=1, extras=sent.extras) as there, make_pool(project) as here:
        far, near = there.acquire(0), here.acquire(0)
        assert listing(far.top) == listing(near.top)
        assert (far.top / "a.secret").read_text() == "s"
        assert (far.top / "data/small/manifest.json").is_file()
        assert changes(far).made == ()
        sh(far, "echo edited > a.secret")
        assert changes(far).made == ("a.secret",)


def test_a_slot_is_made_clean_again_from_there(project: Path, site_with_data: Site) -> None:
    sent = send_all(project, site_with_data)
    cache = find_repository(Path(sent.cache))
    base = resolve_base(cache, sent.commit)
    with Pool(cache, base, "exp", size=1, extras=sent.extras) as pool:
        first = pool.acquire(0)
        sh(first, "rm a.secret data; echo x > train.py")
        pool.release(first, keep=False)
        second = pool.acquire(1)
        assert (second.top / "a.secret").read_text() == "s"
        assert (second.top / "data").is_dir()
        assert not changes(second).tracked


def test_all_of_it_is_named(project: Path, site_with_data: Site) -> None:
    sent = send_all(project, site_with_data)
    assert (sent.how, sent.notes, sent.environ) == ("push", (), {})
    assert send_all(project, site_with_data) == replace(sent, how="there")


def test_the_datasets_of_all_jobs_are_found(project: Path) -> None:
    found = find_repository(project)
    digests = data_digests(found, resolve_base(found, "HEAD"), JOBS)
    assert digests == {"data/processed": "abc", "data/small": "def"}


def test_jobs_with_submodules_get_the_variable_they_need(
    project: Path, site_with_data: Site
) -> None:
    (project / ".gitmodules").write_text('[submodule "lib"]\n\tpath = lib\n\turl = /lib\n')
    head = git("rev-parse", "HEAD", cwd=project)
    git("update-index", "--add", "--cacheinfo", f"160000,{head},lib", cwd=project)
    git("add", ".gitmodules", cwd=project)
    git("commit", "-qm", "modules", cwd=project)
    sent = send_all(project, site_with_data)
    assert "GIT_ALLOW_PROTOCOL" in sent.environ
    assert sent.notes == ("the submodule lib is not here: jobs must fetch it themselves",)
