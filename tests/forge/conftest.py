"""The running test forge, a clone of its repository, and what every test must leave: no breach, no
token."""

import fcntl
import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import git

from forge.cut_openapi import OPERATIONS, PACKAGE, make
from forge.hub import Hub
from forge.openapi import OpenApi
from forge.server import serving
from sweeptree.publish.delivery import Context
from sweeptree.publish.forge.pace import Pace


@pytest.fixture(scope="session")
def openapi(request: pytest.FixtureRequest) -> OpenApi:
    """GitHub's description, cut; fetched once by npm and kept in pytest's cache."""
    folder = request.config.cache.mkdir("sweeptree-openapi")
    version = hashlib.sha256(repr((PACKAGE, OPERATIONS)).encode()).hexdigest()[:12]
    target = folder / f"github-{version}.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            try:
                make(target)
            except (OSError, subprocess.SubprocessError) as error:
                pytest.skip(f"GitHub's OpenAPI document cannot be fetched by npm: {error}")
    return OpenApi(json.loads(target.read_text(encoding="utf-8")))


@pytest.fixture
def hub(git_env: Path, tmp_path: Path, openapi: OpenApi) -> Iterator[Hub]:
    """A running forge with an empty repository.

    Fails the test on any breach of GitHub's description.
    """
    with serving(Hub(tmp_path / "forge", openapi)) as hub:
        yield hub
    assert "\n".join(hub.errors) == ""


@pytest.fixture
def clone(hub: Hub, repo: Path) -> Path:
    """The small repository, pushed to the forge's main; `origin` is the forge."""
    git("push", "-q", hub.repo.path, "main:main", cwd=repo)
    git("remote", "add", "origin", hub.remote, cwd=repo)
    git("fetch", "-q", hub.repo.path, "main:refs/remotes/origin/main", cwd=repo)
    git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main", cwd=repo)
    return repo


@pytest.fixture
def worktree(clone: Path, tmp_path: Path) -> Path:
    """An agent's worktree with a changed, a new and an ignored file."""
    top = tmp_path / "agent"
    git("worktree", "add", "-q", "-b", "agent/work", top, cwd=clone)
    (top / "ecg" / "model.py").write_text("WIDTH = 16\n")
    (top / "notes.md").write_text("wider\n")
    (top / "key.secret").write_text("ignored\n")
    return top


@pytest.fixture
def context(hub: Hub, tmp_path: Path) -> Context:
    """Context with the forge's token, and no pause between writes."""
    host = hub.url.removeprefix("http://")
    environ = {"GH_HOST": host, "GH_ENTERPRISE_TOKEN": hub.token, "PATH": "/usr/bin:/bin"}
    state = tmp_path / "state"
    return Context(environ, state, pace=Pace(state / "forge.lock", interval=0.0, max_wait=5.0))
