"""`sweeptree mcp` with a real client over stdio: what the seed document's prompts ask for, and what
happens when clients die, come in pairs, and stop what they began."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from conftest import BIN, Cli
from helpers import git
from mcp import Client, StdioServerParameters
from mcp.types import TextContent
from sweep_kit import processes_under, wait_for

from sweeptree.dispatch.tools import TOOLS

pytestmark = [pytest.mark.engine, pytest.mark.e2e]

JOB = "python run_training.py --exp unet_{}"
TRAINING = "import sys\nprint('trained', *sys.argv[1:])\nsys.exit('bad' in sys.argv[-1])\n"
PLOTS = "open('plot.svg', 'w').write('<svg/>')\nprint('plots are made')\n"
TESTS = """from sizes import half


def test_half():
    assert half(4) == 2
    assert half(10) == 5
"""
WAITS = "echo up; while ! test -e {}; do sleep 0.05; done; echo over"


class Chat:
    """Somebody's client: what it calls, what it gets, and the progress that it was told."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.told: list[str] = []

    async def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """A call that must go well: its fields, and its text as `page`."""
        done = await self._client.call_tool(tool, arguments, progress_callback=self._hear)
        (content,) = done.content
        assert isinstance(content, TextContent)
        assert not done.is_error, content.text
        return {**(done.structured_content or {}), "page": content.text}

    async def _hear(self, done: float, total: float | None, text: str | None) -> None:
        self.told.append(f"{done:.0f}/{total or 0:.0f} {text}")

    async def start(self, **spec: Any) -> dict[str, Any]:
        """Plan a sweep, and start what was planned."""
        plan = await self.call("plan", **spec)
        return await self.call("start", plan_id=plan["plan_id"])

    async def until_over(self, handle: str) -> dict[str, Any]:
        """Ask until it is over."""
        for _ in range(6):
            found = await self.call("status", id=handle, wait_s=50)
            if "still at work" not in found["message"]:
                return found
        raise AssertionError(found)


@asynccontextmanager
async def chat_in(cli: Cli) -> AsyncIterator[Chat]:
    """A client of a server of its own."""
    server = StdioServerParameters(
        command=str(BIN / "sweeptree"), args=["mcp"], cwd=cli.folder, env=dict(cli.env)
    )
    async with Client(server) as client:
        yield Chat(client)


def talk(cli: Cli, what: Callable[[Chat], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with chat_in(cli) as chat:
            return await what(chat)

    return anyio.run(run)


def servers_of(cli: Cli) -> list[int]:
    """The servers of chats that run in this folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (place / "cmdline").read_bytes().split(b"\0")
            if words[-2:] == [b"mcp", b""] and (place / "cwd").resolve() == cli.folder:
                found.append(int(place.name))
    return found


def log_of(cli: Cli, name: str) -> str:
    """What the first job of a sweep has printed."""
    log = cli.paths(name).log(0)
    return log.read_text() if log.exists() else ""


@pytest.fixture
def work(cli: Cli) -> Cli:
    """The repository of the seed document's prompts."""
    (cli.folder / "run_training.py").write_text(TRAINING)
    (cli.folder / "scripts").mkdir()
    (cli.folder / "scripts" / "generate_presentation_plots.py").write_text(PLOTS)
    names = ("3e-4", "1e-4", "bad")
    lines = ", ".join(f'"{JOB.format(name)}"' for name in names)
    (cli.folder / "commands.json").write_text(f"[{lines}]")
    git("add", "-A", cwd=cli.folder)
    git("commit", "-q", "-m", "training", cwd=cli.folder)
    return cli


def test_a_3_job_sweep_with_its_exit_codes(work: Cli) -> None:
    """Run a 3-job LR sweep: commands.json, parallel 2, results under results/unet_sweep/."""

    async def prompt(chat: Chat) -> dict[str, Any]:
        began = await chat.start(exp_name="unet_sweep", commands_file="commands.json", parallel=2)
        ended = await chat.until_over(began["id"])
        assert ended["sweeps"][0]["exit_code"] == 1 and chat.told[-1].startswith("3/3")
        return await chat.call("results", name="unet_sweep")

    found = talk(work, prompt)
    assert found["exit_codes"] == [0, 0, 1] and "exit codes: 0, 0, 1" in found["page"]
    assert (work.folder / "results" / "unet_sweep" / "aggregated.csv").is_file()


def test_a_script_in_a_worktree_named_plots_run_with_its_logs(work: Cli) -> None:
    """Run python scripts/generate_presentation_plots.py in an isolated worktree plots-run."""
    line = "python scripts/generate_presentation_plots.py"

    async def prompt(chat: Chat) -> tuple[dict[str, Any], dict[str, Any]]:
        done = await chat.call("auto_run", command=line, name="plots-run")
        if done["state"] == "running":
            await chat.until_over(done["id"])
        return await chat.call("status", id="plots-run"), await chat.call("logs", id="plots-run")

    status, log = talk(work, prompt)
    assert status["sweeps"][0]["exit_codes"] == [0]
    assert "plots are made" in log["text"] and not (work.folder / "plot.svg").exists()
    kept = work.folder / "results" / "plots-run" / "job_0" / "artifacts" / "plot.svg"
    assert kept.read_text() == "<svg/>"


@pytest.mark.skipif("ci_fix" not in TOOLS, reason="this installation has no CI Fixer")
def test_failing_tests_are_attached_and_a_patch_is_proposed(work: Cli) -> None:
    """Run pytest -q, attach failing tests, propose minimal patch."""
    (work.folder / "sizes.py").write_text("def half(n):\n    return n * 2\n")
    (work.folder / "test_sizes.py").write_text(TESTS)
    git("add", "-A", cwd=work.folder)
    git("commit", "-q", "-m", "sizes", cwd=work.folder)
    before = git("for-each-ref", cwd=work.folder)

    async def prompt(chat: Chat) -> dict[str, Any]:
        done = await chat.call("ci_fix", test_command=f"{BIN}/python -m pytest -q")
        return await chat.until_over(done["id"])

    report = talk(work, prompt)["report"]
    assert [each["node_id"] for each in report["failing"]] == ["test_sizes.py::test_half"]
    assert report["patch_file"] and Path(report["patch_file"]).read_text().count("\n+") == 2
    assert git("for-each-ref", cwd=work.folder) == before


def test_a_worktree_is_shown_tested_and_merged_when_all_is_green(work: Cli) -> None:
    """Review worktrees/exp-123, show diffs, run tests, and merge if all checks pass."""
    place = work.folder / "worktrees" / "exp-123"
    git("worktree", "add", "-q", "-b", "exp-123", place, cwd=work.folder)
    (place / "run_training.py").write_text("print('better')\n")
    git("commit", "-qam", "better", cwd=place)
    subject = {"subject": "worktrees/exp-123", "base": "main"}
    tests = {"test_command": "python3 run_training.py"}

    async def prompt(chat: Chat) -> tuple[dict[str, Any], dict[str, Any]]:
        shown = await chat.call("merge", **subject, **tests)
        return shown, await chat.call("merge", **subject, **tests, dry_run=False)

    shown, landed = talk(work, prompt)
    assert "+print('better')" in shown["page"] and shown["report"]["decision"] == "ready"
    assert landed["report"]["decision"] == "merged"
    assert "better" in git("show", "main:run_training.py", cwd=work.folder)


def test_a_client_that_dies_leaves_the_sweep_running(work: Cli, tmp_path: Path) -> None:
    go = tmp_path / "go"

    async def die(chat: Chat) -> None:
        began = await chat.start(exp_name="lasting", commands=[WAITS.format(go)])
        await chat.call("status", id=began["id"], wait_s=0)
        for pid in servers_of(work):
            os.kill(pid, signal.SIGKILL)

    with suppress(Exception):  # the client may complain that its server is gone
        talk(work, die)
    wait_for(lambda: "up" in log_of(work, "lasting"))
    go.touch()
    found = talk(work, lambda chat: chat.until_over("lasting"))
    assert found["sweeps"][0]["exit_codes"] == [0]


def test_two_clients_at_once_see_the_same_and_do_not_meet(work: Cli) -> None:
    async def both() -> list[dict[str, Any]]:
        async with chat_in(work) as first, chat_in(work) as second:
            began: dict[str, dict[str, Any]] = {}

            async def one(chat: Chat, name: str) -> None:
                began[name] = await chat.start(exp_name=name, commands=[JOB.format(name)])

            async with anyio.create_task_group() as group:
                group.start_soon(one, first, "one")
                group.start_soon(one, second, "two")
            return [
                await first.until_over(began["two"]["id"]),
                await second.until_over(began["one"]["id"]),
            ]

    ended = anyio.run(both)
    assert [found["sweeps"][0]["exit_codes"] for found in ended] == [[0], [0]]


def test_start_returns_while_the_job_runs_and_stop_ends_its_processes(work: Cli) -> None:
    async def prompt(chat: Chat) -> dict[str, Any]:
        plan = await chat.call("plan", exp_name="long", commands=["echo up; sleep 600"])
        handle = (await chat.call("start", plan_id=plan["plan_id"]))["id"]
        with anyio.fail_after(120):
            while "up" not in log_of(work, "long"):
                await anyio.sleep(0.1)
        await chat.call("stop", id=handle)
        return await chat.until_over(handle)

    assert talk(work, prompt)["sweeps"][0]["exit_code"] != 0
    assert not processes_under(work.folder)
