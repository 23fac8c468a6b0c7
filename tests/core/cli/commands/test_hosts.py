"""`sweeptree hosts`; on real hosts it is tested in tests/hosts."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.cli_records import call
from core.hosts.far_host_kit import entry_of
from core.hosts.ssh_kit import FarSide, far_side
from core.hosts.test_inventory import ENTRY
from sweeptree.hosts.far.leavings import NOTE, write
from sweeptree.hosts.inventory import Inventory


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FarSide:
    """The far side of ssh."""
    return far_side(tmp_path / "far", monkeypatch)


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inventory:
    """A file with one host."""
    monkeypatch.setenv("SWEEPTREE_HOME", str(tmp_path / "state"))
    inventory = Inventory(tmp_path / "state")
    inventory.put(ENTRY)
    return inventory


def test_the_list(inventory: Inventory) -> None:
    listed = call("hosts", "list")
    for text in ("gpu2", "ada@gpu2", "24 GB, 24 GB", "0.1.0", "ok"):
        assert text in listed.out
    why = "gpu2 cannot be reached (ssh: connect to host gpu2 port 22: Connection timed out)"
    inventory.put(replace(ENTRY, trouble=f"{why}; {why}"))
    listed = call("hosts", "list")
    assert f"! {why}; {why}\n    sweeptree hosts check gpu2\n" in listed.out
    assert "not usable" in listed.out
    (host,) = json.loads(call("hosts", "list", "--json").out)["hosts"]
    assert (host["host"]["address"], host["slots"]) == ("ada@gpu2", 2)


def test_no_host_yet(inventory: Inventory) -> None:
    inventory.remove("gpu2")
    listed = call("hosts", "list")
    assert "no host was added yet" in listed.out
    assert "sweeptree hosts add user@machine" in listed.err


def test_a_host_that_is_away(inventory: Inventory, far: FarSide) -> None:
    far.fail("ssh: connect to host gpu2 port 22: Connection timed out\n")
    checked = call("hosts", "check", "--mend")
    assert checked.code == 1
    assert "! gpu2 cannot be reached" in checked.err
    assert "ssh ada@gpu2 must work" in checked.err
    assert "cannot be reached" in inventory.entry("gpu2").trouble
    document = json.loads(call("hosts", "check", "gpu2", "--json").out)
    assert document["hosts"][0]["troubles"][0]["next"]


def test_what_ended_sweeps_have_left_is_named_and_what_may_go_goes(
    inventory: Inventory, far: FarSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWEEPTREE_SSH_CONFIG", "/etc/ssh/lab")
    inventory.put(entry_of(far))
    lanes = far.home / ".sweeptree" / "lanes"
    for name in ("done-1-2", "open-1-2"):
        (lanes / name).mkdir(parents=True)
    write(lanes / "done-1-2" / NOTE, {"brought": {}, "artifacts": 0})
    checked = call("hosts", "check", "gpu2")
    assert "gpu2 has leavings that nobody needs: 1 lane" in checked.err
    assert "sweeptree hosts check gpu2 --repair" in checked.err
    repaired = call("hosts", "check", "--repair")
    assert "removed from gpu2: 1 lane" in repaired.err
    assert "of open: no driver has said that it has all results" in repaired.err
    assert f"ssh -F /etc/ssh/lab ada@gpu2 rm -r {lanes}/open-1-2" in repaired.err
    (host,) = json.loads(call("hosts", "check", "--json").out)["hosts"]
    assert [each["sweep"] for each in host["left"]] == ["open-1-2"]


def test_of_worktrees_that_were_kept_the_folder_is_named_not_that_of_the_lane(
    inventory: Inventory, far: FarSide
) -> None:
    inventory.put(entry_of(far))
    lane = far.home / ".sweeptree" / "lanes" / "done-1-2"
    folder = far.home / "cache.git" / ".sweeptree" / "wt" / "done"
    for path in (lane, folder / "job_0"):
        path.mkdir(parents=True)
    spec = {"repo": str(far.home / "cache.git"), "exp_name": "done"}
    (lane / "start.json").write_text(json.dumps({"order": {"spec": spec}}))
    write(lane / NOTE, {"brought": {}, "artifacts": 0})
    checked = call("hosts", "check", "gpu2")
    assert f"of done: 1 worktree was kept in {folder}" in checked.err
    assert f"ssh ada@gpu2 ls {folder}\n" in checked.err
    assert "sweeptree hosts check gpu2 --repair" in checked.err
    assert "rm -r" not in checked.err


def test_one_of_two_names_is_forgotten_alone(inventory: Inventory, far: FarSide) -> None:
    inventory.put(replace(ENTRY, host=replace(ENTRY.host, name="second")))
    removed = call("hosts", "remove", "second")
    assert (removed.code, removed.out) == (0, "second is forgotten\n")
    assert "! its machine is gpu2 as well: nothing was removed there" in removed.err
    assert far.calls() == []


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("check", "gpu9"), 2, "there is no host 'gpu9'; there is gpu2"),
        (("remove", "gpu9"), 2, "there is no host 'gpu9'"),
        (("add", "gpu2; id"), 2, "is no address for ssh"),
        (("add", "bob@gpu2"), 3, "there is a host gpu2 already"),
        (("add", "gpu3", "--name", "all"), 2, "--hosts all means every host"),
        (("add", "gpu3", "--worker"), 2, "PREFECT_API_URL is not set"),
    ],
)
def test_bad_input(
    inventory: Inventory, far: FarSide, words: tuple[str, ...], code: int, text: str
) -> None:
    refused = call("hosts", *words)
    assert (refused.code, refused.out) == (code, "")
    assert text in refused.err
    assert far.calls() == []
