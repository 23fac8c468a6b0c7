"""Code to hosts and results back, over real ssh."""

import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from core.worktree_kit import make_pool
from helpers import git
from rig import HOME, Hosts, Rig, RigHost, wait_for

from sweeptree.errors import Refused, SweeptreeError
from sweeptree.hosts.back import files
from sweeptree.hosts.back.commits import fetch_commit, materialise, quarantine_ref
from sweeptree.hosts.back.files import Order, bring
from sweeptree.hosts.back.live import Follower
from sweeptree.hosts.code.commits import SentCommit, send_commit
from sweeptree.hosts.remote import Site
from sweeptree.hosts.ssh import Master, Target
from sweeptree.hosts.values import Host
from sweeptree.repository import find_repository
from sweeptree.worktrees import changes

REF = quarantine_ref("exp-0a1b2c3d-4e5f6a7b", 3, 1)
JOB = f"""
from pathlib import Path
from sweeptree.hosts.back.commits import keep_for_return
from sweeptree.repository import find_repository, resolve_base
from sweeptree.worktrees import Pool
repo = find_repository(Path({{cache!r}}))
with Pool(repo, resolve_base(repo, {{commit!r}}), "exp", size=1) as pool:
    worktree = pool.acquire(3)
    (worktree.top / "train.py").write_text("changed there")
    (worktree.top / "made.bin").write_bytes(bytes(range(256)))
    keep_for_return(worktree, {REF!r})
"""


def site_of(host: RigHost) -> Site:
    target = Target(host.name, host.name, config=host.rig.ssh_config)
    values = Host(host.name, host.name, f"{HOME}/.sweeptree", sys.executable)
    return Site(values, Master(target, beat=0.2, patience=1.0))


@pytest.fixture
def host(hosts: Hosts) -> RigHost:
    return hosts(1)[0]


@pytest.fixture
def site(host: RigHost) -> Iterator[Site]:
    found = site_of(host)
    yield found
    found.remote.close()


def send(repo: Path, site: Site) -> SentCommit:
    return send_commit(find_repository(repo), git("rev-parse", "HEAD", cwd=repo), site)


def add_commit(repo: Path) -> None:
    git("commit", "-q", "--allow-empty", "-m", "more", cwd=repo)


def test_commits_go_there_and_changes_come_back(repo: Path, host: RigHost, site: Site) -> None:
    assert send(repo, site).how == "push"
    add_commit(repo)
    sent = send(repo, site)
    assert (sent.how, send(repo, site).how) == ("push", "there")
    host.inside(sys.executable, "-c", JOB.format(cache=sent.cache, commit=sent.commit))
    with make_pool(repo) as pool:
        here = pool.acquire(3)
        materialise(here, fetch_commit(find_repository(repo), site, sent.cache, REF))
        assert (changes(here).tracked, changes(here).made) == (("train.py",), ("made.bin",))
        assert (here.top / "made.bin").read_bytes() == bytes(range(256))


def test_hosts_are_sent_to_at_once(repo: Path, hosts: Hosts) -> None:
    sites = [site_of(host) for host in hosts(2)]
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda site=site: found.append(send(repo, site).how))
        for site in sites * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for site in sites:
        site.remote.close()
    assert len(found) == 4
    assert set(found) <= {"push", "there"}


def test_lines_come_again_after_a_cut_cable(host: RigHost, site: Site, tmp_path: Path) -> None:
    log, here = host.path(f"{HOME}/job_3.log"), tmp_path / "job_3.log"
    log.write_text("one\n")
    with Follower(site, silence=3.0) as follower:
        follower.follow(f"{HOME}/job_3.log", here)
        wait_for(lambda: here.exists() and here.read_text() == "one\n", "the first line")
        host.cut()
        with log.open("a") as stream:
            stream.write("two\n")
        wait_for(lambda: follower._stream is None, "the end of the connection")
        assert here.read_text() == "one\n"
        host.mend()
        wait_for(lambda: here.read_text() == "one\ntwo\n", "the second line", patience=60)


def test_a_fetch_that_a_cut_cable_ended_goes_on(
    host: RigHost, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = host.path(f"{HOME}/lane/job_3/artifacts")
    there.mkdir(parents=True)
    (there / "big").write_bytes(os.urandom(30_000_000))
    order = Order(f"{HOME}/lane", ("job_3",), tmp_path, tmp_path / ".state/coming")

    def cut_after_the_first(*words: object) -> bytes:
        host.cut()
        return real(*words)

    real = files._exactly
    with monkeypatch.context() as patch, pytest.raises(SweeptreeError):
        patch.setattr(files, "_exactly", cut_after_the_first)
        bring(site, order)
    partial = (order.staging / "job_3/artifacts/big").stat().st_size
    host.mend()
    bring(site, order)
    assert 0 <= partial < 30_000_000
    assert (tmp_path / "job_3/artifacts/big").read_bytes() == (there / "big").read_bytes()


def test_a_full_disk_there_is_refused_and_named(repo: Path, rig: Rig) -> None:
    host = rig.add("gpu1", disk="3m")
    (repo / "big.bin").write_bytes(os.urandom(6_000_000))
    git("add", ".", cwd=repo)
    git("commit", "-qm", "big", cwd=repo)
    site = site_of(host)
    with site.remote, pytest.raises(Refused, match="the disk of gpu1 is full"):
        send(repo, site)


def test_a_host_without_that_python_is_named(repo: Path, site: Site) -> None:
    other = replace(site, host=replace(site.host, python="/no/python"))
    with pytest.raises(SweeptreeError, match=r"gpu1 did not do what it was asked: .*not found"):
        send(repo, other)
