"""The program that looks at a machine, on this one."""

import json
import subprocess
import sys
from pathlib import Path

from sweeptree.hosts.setting_up import probe_program


def looked(home: str, cwd: Path) -> dict:
    argv = [sys.executable, "-I", "-S", "-", home]
    program = Path(probe_program.__file__).read_bytes()
    done = subprocess.run(argv, input=program, capture_output=True, cwd=cwd, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_this_machine(tmp_path: Path) -> None:
    found = looked(str(tmp_path / "not" / "there"), tmp_path)
    assert found["home"] == str(tmp_path / "not" / "there")
    assert found["git"].startswith("2.")
    assert found["writable"]
    assert found["disk_free"] > 0
    assert found["environments"] == []
    assert not (tmp_path / "not").exists()
    versions = [python["version"] for python in found["pythons"]]
    assert versions
    assert all(version.startswith("3.") for version in versions)


def test_environments_and_what_their_python_is_now(tmp_path: Path) -> None:
    works, dead = tmp_path / "env" / "a", tmp_path / "env" / "b"
    for folder in (works, dead):
        (folder / "bin").mkdir(parents=True)
        (folder / "made.json").write_text(json.dumps({"digest": folder.name}))
    (works / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "env" / "torn").mkdir()
    (tmp_path / "env" / "torn" / "made.json").write_text("{")
    found = {
        each["digest"]: each["python_now"]
        for each in looked(str(tmp_path), tmp_path)["environments"]
    }
    assert found == {"a": "{}.{}.{}".format(*sys.version_info), "b": ""}
