"""How a command begins: as written, in its folder, with plain signals and no files of ours."""

import os
import sys
from pathlib import Path

import pytest

from core.keeper_kit import Kit

# signals 1 to 31; libc keeps 32 and 33 for itself, and may have inherited them ignored
STANDARD = 0x7FFFFFFF


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("echo 'a  \"b\"'", 'a  "b"\n'),
        ("echo one\necho two", "one\ntwo\n"),
        ("printf '%s\\n' 'é 漢 \U0001f600'", "é 漢 \U0001f600\n"),
        ("echo $((1+1)); echo `echo x`; echo \\$HOME", "2\nx\n$HOME\n"),
        ("echo a # comment", "a\n"),
    ],
)
def test_commands_run_as_written(kit: Kit, command: str, shown: str) -> None:
    assert kit.run(command)[1] == shown


def test_a_command_is_never_an_option_of_the_shell(kit: Kit) -> None:
    assert kit.run("-x")[0].exit_code == 127


def test_the_environment_is_exactly_the_given_one(kit: Kit) -> None:
    _, log = kit.run("env", env={"PATH": os.environ["PATH"], "MINE": "a=b\tc"})
    names = {line.partition("=")[0] for line in log.splitlines()}
    assert names - {"PWD", "_", "SHLVL", "OLDPWD"} == {"PATH", "MINE", "SWEEPTREE_COOKIE"}
    assert "MINE=a=b\tc\n" in log


def test_a_command_starts_with_plain_signals(kit: Kit) -> None:
    _, log = kit.run("grep -E 'Sig(Blk|Ign)' /proc/self/status")
    names, masks = log.split()[::2], log.split()[1::2]
    assert names == ["SigBlk:", "SigIgn:"]
    assert [int(mask, 16) & STANDARD for mask in masks] == [0, 0]


def test_a_command_gets_no_files_of_ours(kit: Kit) -> None:
    listing = (
        "import os; print(*sorted(os.listdir('/proc/self/fd')), os.readlink('/proc/self/fd/0'))"
    )
    _, log = kit.run(f'"{sys.executable}" -I -S -c "{listing}"')
    assert log == "0 1 2 3 /dev/null\n"  # 3 is the listing's own


def test_a_command_runs_in_its_folder_and_session(kit: Kit) -> None:
    _, log = kit.run("pwd -P; echo $$; ps -o sid= -p $$")
    folder, pid, session = log.split()
    assert folder == str(kit.root.resolve())
    assert pid == session


def test_the_users_umask_holds(kit: Kit) -> None:
    assert int(kit.run("umask")[1], 8) == int(
        Path("/proc/self/status").read_text().split("Umask:\t")[1][:4], 8
    )
