"""Where a benchmark works: a scratch folder, a clean environment, a managed server of its own, a
place for results.

Hides that nothing of the user's own settings, server or results is read or touched.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sweeptree.engine import server
from tests.bench import repos
from tests.bench.measure import settled_cpu

SWEEPTREE = str(Path(sys.executable).with_name("sweeptree"))


@dataclass(frozen=True)
class Lab:
    """A scratch folder and the environment of everything that runs in it."""

    folder: Path
    env: dict[str, str]
    results: Path
    quick: bool

    @property
    def home(self) -> Path:
        """Of the managed server."""
        return Path(self.env["SWEEPTREE_HOME"])

    def size(self, full: int, quick: int) -> int:
        """How many jobs, records or repeats: the real number, or few for a smoke test."""
        return quick if self.quick else full

    def repo(self, shape: repos.Shape = repos.SMALL) -> Path:
        """The repository of this shape, made once."""
        folder = self.folder / shape.name
        return folder if folder.exists() else repos.make(folder, shape, self.env)

    def place(self, name: str) -> Path:
        """A new folder."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))

    def commands(self, command: str, count: int) -> Path:
        """A JSON list of `count` commands; {i} in `command` becomes the number of each."""
        file = self.place("commands") / "commands.json"
        file.write_text(
            json.dumps([command.replace("{i}", str(number)) for number in range(count)])
        )
        return file

    def warm_server(self) -> server.Server:
        """The managed server, running and at rest."""
        running = server.ensure(self.home, 0)
        settled_cpu(running.pid)
        return running

    def report(self, bench: str, rows: Sequence[Mapping[str, object]], *, note: str) -> None:
        """Print the rows as a table and append them as one line to <results>/<bench>.jsonl."""
        self.results.mkdir(parents=True, exist_ok=True)
        facts = machine()
        with (self.results / f"{bench}.jsonl").open("a") as stream:
            stream.write(
                json.dumps({"bench": bench, "quick": self.quick, **facts, "rows": list(rows)})
                + "\n"
            )
        quick = ", quick: no figures" if self.quick else ""
        print(f"\n{bench}: {note} ({facts['cores']} cores, load {facts['load']}{quick})")
        print("\n".join(_table(rows)), flush=True)


@contextlib.contextmanager
def lab(results: Path, *, quick: bool) -> Iterator[Lab]:
    """A lab that is taken down at the end, server included."""
    folder = Path(tempfile.mkdtemp(prefix="sweeptree-bench-"))
    made = Lab(folder, _environment(folder), results, quick)
    try:
        yield made
    finally:
        server.stop(made.home)
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path) -> dict[str, str]:
    foreign = ("GIT_", "SWEEPTREE_", "PREFECT_", "CUDA_", "XDG_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    (folder / "user").mkdir()
    return kept | {
        "HOME": str(folder / "user"),
        "GIT_CONFIG_GLOBAL": str(folder / "user" / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "SWEEPTREE_HOME": str(folder / "home"),
        "SWEEPTREE_SLOT_DIR": str(folder / "slots"),
        "SWEEPTREE_SERVER_PORT": "0",
    }


def machine() -> dict[str, object]:
    """When and where: a figure means nothing without."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 2),
    }


def _table(rows: Sequence[Mapping[str, object]]) -> Iterator[str]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [columns, *([_cell(row.get(name)) for name in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for first, *rest in lines:
        yield "  ".join([first.ljust(widths[0]), *map(str.rjust, rest, widths[1:])])


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
    return "" if value is None else str(value)
