"""`sweeptree run` with a forge, as a user gives it: through Prefect, with tokens nowhere on the way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from engine.conftest import server as server  # noqa: PLC0414 - the same managed server as the engine tests

from forge.hub import Fault, Hub
from sweeptree.records import read_json
from sweeptree.server import Server

pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.xdist_group("server")]
BIN = Path(sys.executable).parent
COMMANDS = '["echo 1 >> train.py", "true", "echo 3 >> train.py; exit 3"]'


def _run(clone: Path, hub: Hub, server: Server, *words: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")} | {
        "SWEEPTREE_HOME": str(server.home),
        "SWEEPTREE_SERVER_PORT": "0",
        "SWEEPTREE_SLOT_DIR": str(clone.parent / "slots"),
        "GH_HOST": hub.url.removeprefix("http://"),
        "GH_ENTERPRISE_TOKEN": hub.token,
    }
    argv = [str(BIN / "sweeptree"), "run", "--exp_name", "night", "--use_worktree", *words]
    return subprocess.run(argv, cwd=clone, env=env, capture_output=True, text=True, timeout=200)


def _seen(token: str, *folders: Path) -> list[Path]:
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
    return [file for file in files if token.encode() in file.read_bytes()]


def test_jobs_that_changed_code_become_pull_requests(hub: Hub, clone: Path, server: Server) -> None:
    done = _run(clone, hub, server, "--commands", COMMANDS, "--commit_and_pr", "--post_pr_labels", "auto")
    records = [read_json(clone / "results" / "night" / f"job_{index}.meta.json") for index in range(3)]
    assert [record["pr_number"] for record in records] == [1, None, None], done.stderr
    assert (done.returncode, hub.pulls[1].labels) == (1, ["auto"])
    assert f"{hub.url}/ada/ecg/pull/1" in done.stdout
    assert hub.token not in done.stdout + done.stderr
    assert _seen(hub.token, server.home, clone.parent) == []


def test_forge_in_trouble_costs_the_exit_code_only(hub: Hub, clone: Path, server: Server) -> None:
    hub.faults.append(Fault("POST", "/pulls$", 404, message="Not Found"))
    done = _run(clone, hub, server, "--commands", '["echo 1 >> train.py"]', "--commit_and_pr")
    record = read_json(clone / "results" / "night" / "job_0.meta.json")
    assert (done.returncode, record["exit_code"], record["pr_url"]) == (4, 0, None), done.stderr
    assert "sweeptree pr" in record["notes"][-1]
