"""The rig itself: what it says of its hosts holds."""

import subprocess
from pathlib import Path

from rig import HOME, Hosts, Rig, RigHost, wait_for


def ssh(host: RigHost, *words: str) -> str:
    """The output of a command line over ssh; fails when ssh does."""
    options = ["-F", host.rig.ssh_config, "-o", "BatchMode=yes", "-o", "ConnectTimeout=2"]
    argv = ["ssh", *options, host.name, *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def reaches(host: RigHost) -> bool:
    """Whether ssh gets through to it now."""
    try:
        return ssh(host, "true") == ""
    except AssertionError:
        return False


def test_each_host_is_a_machine_of_its_own(hosts: Hosts) -> None:
    one, two = hosts(2)
    assert [ssh(host, "hostname") for host in (one, two)] == ["gpu1", "gpu2"]
    assert ssh(one, "echo $HOME; echo mine > note; ls") == f"{HOME}\nnote"
    assert ssh(two, "ls") == ""
    assert (one.home / "note").read_text() == one.path(f"{HOME}/note").read_text() == "mine\n"
    assert str(one.pid) not in ssh(one, "ls /proc").split()


def test_a_host_has_its_own_fake_gpus(hosts: Hosts) -> None:
    (host,) = hosts(1)
    look = "import pynvml as n; n.nvmlInit(); print(n.nvmlDeviceGetCount())"
    python = Path(__file__).parents[2] / ".venv/bin/python"
    assert ssh(host, f"'{python}' -c '{look}'") == "2"


def test_a_cut_cable_and_a_mended_one(hosts: Hosts) -> None:
    (host,) = hosts(1)
    host.cut()
    assert not reaches(host)
    host.mend()
    wait_for(lambda: reaches(host), "the mended cable")


def test_a_killed_host_comes_back_with_its_files_and_another_boot_id(hosts: Hosts) -> None:
    (host,) = hosts(1)
    ask = "cat /proc/sys/kernel/random/boot_id"
    ssh(host, "touch kept; (setsid sleep 600 >/dev/null 2>&1 &)")
    before, boot = host.processes(), ssh(host, ask)
    host.kill()
    assert not reaches(host)
    host.start()
    assert before and boot != ssh(host, ask) == host.boot_id
    assert ssh(host, "ls") == "kept"
    assert "sleep" not in host.inside("ps", "-e", "-o", "comm").stdout


def test_a_small_disk_and_hidden_folders(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "driver's own").touch()
    host = rig.add("small", disk="1m", hidden=[tmp_path])
    filled = "head -c 2000000 /dev/zero > big 2>/dev/null; stat -c %s big"
    assert int(ssh(host, filled)) <= 1 << 20
    assert ssh(host, f"ls '{tmp_path}'") == ""


def test_a_clock_that_is_off(hosts: Hosts) -> None:
    (host,) = hosts(1)
    before = int(ssh(host, "date +%s"))
    if host.set_clock(3600):
        assert int(ssh(host, "date +%s")) - before >= 3600
