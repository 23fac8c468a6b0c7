"""What a chat costs before it has done anything: a client of the SDK connects to `sweeptree mcp`,
lists the tools and calls one (`status`), against a Python that imports Prefect.

CPU of the server alone, with all that it started, as the system counts it for a child that has
ended; the client's own is left out. The two are interleaved, after a round that compiles.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path

import anyio
from mcp import Client, StdioServerParameters

from tests.bench.lab import SWEEPTREE, Lab
from tests.bench.measure import Cost, measured


def run(lab: Lab) -> None:
    """A small repository without a sweep."""
    _talk(lab)
    rounds = [(_talk(lab), _import_prefect(lab)) for _ in range(lab.size(9, 1))]
    chats, imports = zip(*rounds, strict=True)
    ratio = statistics.median(chat.cpu / other.cpu for chat, other in rounds)
    rows = [_row("connect, list, status", chats), _row("import prefect", imports)]
    lab.report("mcp", [{**rows[0], "ratio": ratio}, rows[1]], note="the server's CPU")


def _row(name: str, costs: tuple[Cost, ...]) -> dict[str, object]:
    return {
        "way": name,
        "cpu_s": statistics.median(cost.cpu for cost in costs),
        "wall_s": statistics.median(cost.wall for cost in costs),
        "other": statistics.median(cost.other for cost in costs),
    }


def _import_prefect(lab: Lab) -> Cost:
    return _checked(measured([sys.executable, "-c", "import prefect"], cwd=lab.repo(), env=lab.env))


def _talk(lab: Lab) -> Cost:
    """The server under the measuring process, which the client starts."""
    return anyio.run(_measured_server, lab)


async def _measured_server(lab: Lab) -> Cost:
    result = lab.place("mcp") / "cost.json"
    server = _server(lab.repo(), lab.env, result)
    async with Client(server) as client:
        await client.list_tools()
        answer = await client.call_tool("status", {})
        assert not answer.is_error
    with anyio.fail_after(60):
        while not result.exists():
            await anyio.sleep(0.05)
    return _checked(Cost(**json.loads(result.read_bytes())))


def _server(folder: Path, env: Mapping[str, str], result: Path) -> StdioServerParameters:
    measure = Path(__file__).with_name("measure.py")
    words = ["-I", "-S", str(measure), str(result), "--", str(SWEEPTREE), "mcp"]
    return StdioServerParameters(
        command=sys.executable, args=words, cwd=folder, env={**os.environ, **env}
    )


def _checked(cost: Cost) -> Cost:
    assert cost.code == 0
    return cost
