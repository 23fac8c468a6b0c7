"""What stands beside the commit on a host: copies, links, and data that is never copied."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from core.hosts.host_kit import CONFIG
from sweeptree.errors import Refused
from sweeptree.hosts.code import stand
from sweeptree.hosts.code.set_up import SetUp
from sweeptree.hosts.code.stand import Wanted, link_targets, send_stand
from sweeptree.hosts.remote import Site
from sweeptree.worktrees.links import LinksAndCopies


@pytest.fixture
def source(tmp_path: Path) -> Path:
    top = tmp_path / "checkout"
    for folder in ("data/processed", "more", ".venv", "conf"):
        (top / folder).mkdir(parents=True)
    (top / ".venv/pyvenv.cfg").write_text("")
    (top / "conf/a.secret").write_text("s")
    (top / "conf/a.secret").chmod(0o600)
    (top / "link.secret").symlink_to("conf/a.secret")
    return top


@pytest.fixture
def data_there(tmp_path: Path) -> Path:
    folder = tmp_path / "far/data"
    (folder / "processed").mkdir(parents=True)
    (folder / "processed/manifest.json").write_text(json.dumps({"digest": "abc"}))
    return folder


def with_data(site: Site, folder: Path | str) -> Site:
    return replace(site, host=replace(site.host, data=str(folder)))


def wanted(source: Path, *links: str, copies: tuple[str, ...] = (), **digests: str) -> Wanted:
    named = {path.replace("__", "/"): digest for path, digest in digests.items()}
    return Wanted(LinksAndCopies(source, Path(), links, copies), named)


def test_copies_keep_their_modes_and_links_stay_links(source: Path, site: Site) -> None:
    copies = ("conf/a.secret", "link.secret")
    extras = send_stand(wanted(source, copies=copies), site, None)
    assert (extras.links, extras.copies) == ((), copies)
    assert (extras.source / "conf/a.secret").stat().st_mode & 0o777 == 0o600
    assert os.readlink(extras.source / "link.secret") == "conf/a.secret"


def test_the_same_content_is_sent_once(source: Path, site: Site) -> None:
    first = send_stand(wanted(source, copies=("conf/a.secret",)), site, None)
    assert send_stand(wanted(source, copies=("conf/a.secret",)), site, None) == first
    assert len(site.remote.streams) == 1
    (source / "conf/a.secret").write_text("other")
    assert send_stand(wanted(source, copies=("conf/a.secret",)), site, None) != first


def test_a_worktree_finds_the_data_of_the_host(source: Path, site: Site, data_there: Path) -> None:
    extras = send_stand(wanted(source, "data"), with_data(site, data_there), None)
    assert (extras.source / "data").resolve() == data_there.resolve()


def test_a_host_has_data_that_is_not_here(source: Path, site: Site, data_there: Path) -> None:
    extras = send_stand(wanted(source), with_data(site, data_there), None)
    assert extras.links == ("data",)


def test_data_in_the_commit_is_not_hidden(source: Path, site: Site, data_there: Path) -> None:
    there = with_data(site, data_there)
    assert send_stand(replace(wanted(source), default_link=""), there, None).links == ()


def test_several_folders_stand_in_the_data_folder(source: Path, site: Site) -> None:
    targets = link_targets(wanted(source, "data", "more"), with_data(site, "/big/").host, None)
    assert targets == {"data": "/big/data", "more": "/big/more"}


def test_environments_come_from_the_set_up(source: Path, site: Site) -> None:
    made = SetUp("/home/user/.sweeptree/setup/1/tree", (".venv",))
    targets = link_targets(wanted(source, ".venv"), site.host, made)
    assert targets == {".venv": "/home/user/.sweeptree/setup/1/tree/.venv"}


@pytest.mark.parametrize(
    ("link", "said", "hint"),
    [
        ("data", "gpu2 does not say where it has it", "[hosts.gpu2] data"),
        (".venv", "environment .venv, which gpu2 does not have", "[hosts.gpu2] setup"),
    ],
)
def test_what_the_host_does_not_have_is_refused(
    source: Path, site: Site, link: str, said: str, hint: str
) -> None:
    with pytest.raises(Refused, match=said.replace("[", r"\[")) as caught:
        send_stand(wanted(source, link), site, None)
    assert hint in caught.value.hint[0]


def test_a_data_folder_that_is_not_there_is_refused(source: Path, site: Site) -> None:
    with pytest.raises(Refused, match="gpu2 has no folder /no/such") as caught:
        send_stand(wanted(source, "data"), with_data(site, "/no/such"), None)
    assert caught.value.hint == (f"ssh -F {CONFIG} user@gpu2 ls -ld /no/such",)


def test_the_same_dataset_is_taken(source: Path, site: Site, data_there: Path) -> None:
    order = wanted(source, "data", data__processed="abc")
    assert send_stand(order, with_data(site, data_there), None).links == ("data",)


@pytest.mark.parametrize(
    ("folder", "said"), [("data__processed", "is abc"), ("data", "names no dataset")]
)
def test_another_dataset_is_refused_with_both_digests(
    source: Path, site: Site, data_there: Path, folder: str, said: str
) -> None:
    order = wanted(source, "data", **{folder: "0123456789abcdef0123"})
    with pytest.raises(Refused, match=f"here is 0123456789abcdef, but .* on gpu2 {said}"):
        send_stand(order, with_data(site, data_there), None)
    assert not Path(site.host.home, "included").exists()


def test_a_large_included_file_is_refused(
    source: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand, "MAX_SNAPSHOT_FILE", 0)
    with pytest.raises(Refused, match=r"conf/a\.secret of \.worktreeinclude has 1 bytes"):
        send_stand(wanted(source, copies=("conf/a.secret",)), site, None)
