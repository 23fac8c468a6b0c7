"""`sweeptree hosts` on real hosts: each has the driver's Python, and no network but the bridge."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rig import HOME, Hosts, Rig, RigHost

from sweeptree import __version__
from sweeptree.hosts.setting_up import packages

SWEEPTREE = (sys.executable, "-m", "sweeptree", "hosts")


@pytest.fixture(scope="session")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the packages are kept that one test fetched and the others use."""
    return tmp_path_factory.mktemp("fetched")


@pytest.fixture(autouse=True)
def state(git_env: Path, fetched: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The driver's own folder."""
    if not (Path(sys.executable).with_name("uv").exists() or shutil.which("uv")):
        pytest.skip("hosts are made ready by uv: requirements/install.sh gets it")
    monkeypatch.setenv("UV_CACHE_DIR", str(fetched / "uv"))
    home = git_env / "state"
    home.mkdir(mode=0o700)
    (home / "hosts").symlink_to(fetched)
    return home


@pytest.fixture
def host(hosts: Hosts) -> RigHost:
    """One host with two GPUs."""
    return hosts(1)[0]


@pytest.fixture
def ready(host: RigHost) -> RigHost:
    """A host that was added."""
    assert call("add", "gpu1").returncode == 0
    return host


def call(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run `sweeptree hosts`."""
    return subprocess.run([*SWEEPTREE, *words], capture_output=True, text=True, timeout=600)


def document(*words: str) -> dict:
    """What `sweeptree hosts ... --json` says of the only host."""
    done = call(*words, "--json")
    (host,) = json.loads(done.stdout)["hosts"]
    return host


def test_a_host_is_added_checked_listed_and_removed(host: RigHost, state: Path) -> None:
    added = call("add", "gpu1")
    assert added.returncode == 0, added.stderr
    listed = document("list")
    assert listed["host"]["home"] == f"{HOME}/.sweeptree"
    assert (listed["version"], listed["slots"], listed["trouble"]) == (__version__, 2, "")
    assert listed["gpu_memory"] == [24576, 24576]
    assert (state / "hosts.json").stat().st_mode & 0o777 == 0o600
    python = listed["host"]["python"]
    said = host.inside(python, "-m", "sweeptree", "--version").stdout
    assert said.strip() == __version__
    assert call("check").returncode == 0

    assert call("remove", "gpu1").returncode == 0
    assert call("list").stdout == "no host was added yet\n"
    assert not (host.home / ".sweeptree" / "env").exists()
    assert not (host.home / ".sweeptree" / "packages").exists()


def test_nothing_of_the_driver_is_used_there(rig: Rig) -> None:
    root = Path(__file__).parents[2]
    rig.add("gpu1", hidden=[root])
    assert call("add", "gpu1").returncode == 0
    python = document("list")["host"]["python"]
    lane = "import prefect.engine, sweeptree.flows.sweep as flow; print(flow.__file__)"
    said = rig.hosts["gpu1"].inside(python, "-c", lane).stdout
    assert said.startswith(f"{HOME}/.sweeptree/env/")


def test_adding_again_changes_nothing(ready: RigHost) -> None:
    before = document("list")
    made = ready.home / ".sweeptree" / "env" / before["digest"]
    inode = made.stat().st_ino
    assert call("add", "gpu1").returncode == 0
    assert document("list")["digest"] == before["digest"]
    assert made.stat().st_ino == inode


def test_a_lost_environment_is_noticed_and_mended(ready: RigHost) -> None:
    shutil.rmtree(ready.home / ".sweeptree" / "env")
    found = call("check", "gpu1")
    assert found.returncode == 1
    assert "has lost its environment" in found.stderr
    assert "sweeptree hosts check gpu1 --mend" in found.stderr
    assert "has lost its environment" in document("list")["trouble"]
    assert call("check", "gpu1", "--mend").returncode == 0
    assert call("check", "gpu1").returncode == 0


def test_a_python_that_was_upgraded_is_noticed_and_mended(ready: RigHost) -> None:
    """As after an upgrade of the system: the environment's Python is another one now."""
    entry = document("list")
    note = ready.home / ".sweeptree" / "env" / entry["digest"] / "made.json"
    made = json.loads(note.read_text())
    note.write_text(json.dumps({**made, "python_version": "3.11.0"}))
    found = call("check", "gpu1")
    assert found.returncode == 1
    assert "had Python 3.11.0 when sweeptree was set up, and now: 3." in found.stderr
    assert call("check", "gpu1", "--mend").returncode == 0
    assert call("check", "gpu1").returncode == 0


def test_another_version_is_refused_with_both(ready: RigHost, state: Path) -> None:
    entry = document("list")
    note = ready.home / ".sweeptree" / "env" / entry["digest"] / "made.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "version": "0.0.9"}))
    found = call("check")
    assert found.returncode == 1
    assert f"gpu1 has sweeptree 0.0.9, and this machine {__version__}" in found.stderr


@pytest.mark.parametrize(("lacking", "text"), [("git", "no git"), ("python3", "no Python")])
def test_a_host_that_lacks_something(rig: Rig, lacking: str, text: str) -> None:
    host = rig.add("gpu1")
    tools = {name: shutil.which(name) for name in ("sh", "cat", "git")}
    tools["python3"] = os.path.realpath(sys.executable)
    (host.home / "bin").mkdir()
    for name in tools.keys() - {lacking}:
        (host.home / "bin" / name).symlink_to(tools[name])
    host.set_environment(PATH=f"{HOME}/bin")
    refused = call("add", "gpu1")
    assert refused.returncode in (3, 4)
    assert f"gpu1 has {text}" in refused.stderr
    assert "apt install" in refused.stderr
    assert call("list").stdout == "no host was added yet\n"


def test_a_full_disk_is_refused_before_anything_is_sent(rig: Rig) -> None:
    rig.add("gpu1", disk="64m")
    refused = call("add", "gpu1")
    assert refused.returncode == 3
    assert "GB free" in refused.stderr
    assert not rig.hosts["gpu1"].path(f"{HOME}/.sweeptree").exists()


def test_a_disk_that_fills_up_on_the_way_leaves_nothing_half(rig: Rig) -> None:
    """The program's own part: the check before would not let it come so far."""
    host = rig.add("gpu1", disk="20m")
    program = Path(packages.__file__).with_name("environment_program.py").read_text()
    words = ["-I", "-S", "-c", program, "packages", f"{HOME}/.sweeptree", "abc", "0" * 64]
    big = subprocess.run(["sh", "-c", BIG], capture_output=True, check=True).stdout
    python = os.path.realpath(sys.executable)
    enter = ["nsenter", "-t", str(host.pid), "-m", "--", python]
    done = subprocess.run([*enter, *words], input=big, capture_output=True)
    assert done.returncode == 1
    assert b"No space left on device" in done.stderr
    assert not list(host.path(f"{HOME}/.sweeptree/packages").iterdir())


BIG = "d=$(mktemp -d); head -c 40000000 /dev/urandom >$d/big; tar -C $d -czf - big; rm -r $d"


def test_a_host_that_cannot_be_reached_is_not_noted(host: RigHost) -> None:
    host.kill()
    refused = call("add", "gpu1")
    assert refused.returncode == 4
    assert "gpu1 cannot be reached" in refused.stderr
    assert call("list").stdout == "no host was added yet\n"


def test_a_host_that_died_after_it_was_added(ready: RigHost) -> None:
    ready.kill()
    found = call("check")
    assert found.returncode == 1
    assert "gpu1 cannot be reached" in found.stderr
    forgotten = call("remove", "gpu1")
    assert forgotten.returncode == 0
    assert "nothing could be removed there" in forgotten.stderr
    assert call("list").stdout == "no host was added yet\n"


def test_a_clock_that_is_off_is_a_remark(ready: RigHost) -> None:
    if not ready.set_clock(-3600):
        pytest.skip("no C compiler")
    found = call("check")
    assert found.returncode == 0, found.stderr
    assert "the clock of gpu1 is 36" in found.stderr
    assert "s behind this machine's" in found.stderr


def test_a_name_that_another_host_has(hosts: Hosts) -> None:
    hosts(2)
    assert call("add", "gpu1").returncode == 0
    refused = call("add", "gpu2", "--name", "gpu1")
    assert refused.returncode == 3
    assert "there is a host gpu1 already: gpu1" in refused.stderr


def test_one_machine_under_two_names_keeps_what_the_other_needs(ready: RigHost) -> None:
    added = call("add", "gpu1", "--name", "second")
    assert added.returncode == 0
    assert "second is the same machine as gpu1: a sweep needs it once" in added.stderr
    removed = call("remove", "second")
    assert "its machine is gpu1 as well: nothing was removed there" in removed.stderr
    assert call("check", "gpu1").returncode == 0
