"""This sweeptree as files to send."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

from sweeptree.hosts.setting_up import ours

ASK = """
import sys; sys.path[:] = [sys.argv[1], *[p for p in sys.path if 'site-packages' not in p]]
import sweeptree; from importlib.metadata import version
print(sweeptree.__file__, version('sweeptree'))
"""


def test_the_files_are_those_of_a_wheel() -> None:
    names = [name for name, _ in ours.files()]
    for wanted in ("__init__.py", "flows/sweep.py", "py.typed", "prefect.yaml", "requirements.txt"):
        assert f"sweeptree/{wanted}" in names
    assert names == sorted(set(names))
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_the_lock_has_hashes() -> None:
    assert "prefect==" in ours.lock().read_text()
    assert "--hash=sha256:" in ours.lock().read_text()


def test_the_digest_is_of_the_content() -> None:
    assert ours.digest() == ours.digest()
    assert len(ours.digest()) == 64


def test_the_archive_is_a_package_that_pip_would_know(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(ours.archive())) as tar:
        tar.extractall(tmp_path, filter="data")
    argv = [sys.executable, "-I", "-S", "-c", ASK, str(tmp_path)]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert said.split() == [f"{tmp_path}/sweeptree/__init__.py", ours.version()]
