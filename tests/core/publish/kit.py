"""What the tests of publish share: commits, the branches of a remote, and a forge that says what it
is told to."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from helpers import git

from sweeptree.model import JobRecord, JobState, PullRequest, PullState
from sweeptree.publish.forge.client import Client
from sweeptree.publish.forge.pace import Pace
from sweeptree.publish.forge.tokens import Token

TOKEN = "ghp_" + "a1B2" * 10


def commit(top: Path, path: str, text: str, message: str = "next") -> str:
    """Write a file and commit it; the commit."""
    (top / path).parent.mkdir(parents=True, exist_ok=True)
    (top / path).write_text(text)
    git("add", "--force", path, cwd=top)
    git("commit", "-q", "-m", message, cwd=top)
    return git("rev-parse", "HEAD", cwd=top)


def tip(bare: Path, branch: str) -> str:
    """The commit of a branch on the remote, empty when there is none."""
    return git("rev-parse", "--verify", "-q", f"refs/heads/{branch}", cwd=bare, check=False)


def clone(bare: Path, top: Path) -> Path:
    """A clone of somebody else."""
    git("clone", "-q", bare, top, cwd=bare)
    return top


def a_pull(**fields: Any) -> PullRequest:
    """Pull request 1."""
    facts: dict[str, Any] = {"number": 1, "url": "https://h/o/r/pull/1", "state": PullState.OPEN}
    facts |= {"branch": "wider", "base": "main", "commit": "c" * 40, "author": "ada"}
    return PullRequest(**(facts | fields))


def pull_json(**fields: Any) -> dict[str, Any]:
    """Pull request 1 as GitHub writes it."""
    side = {"sha": "c" * 40, "repo": {"full_name": "o/r"}}
    item = {"number": 1, "html_url": "https://h/o/r/pull/1", "state": "open", "title": "Wider"}
    item |= {"head": side | {"ref": "wider"}, "base": side | {"ref": "main"}}
    return item | fields


def job(number: int, state: JobState = JobState.SUCCEEDED, **metrics: Any) -> JobRecord:
    """A job's record. `config`: its config, a by default."""
    config = metrics.pop("config", "a")
    return JobRecord(
        id=number, cmd="python3 train.py", state=state, config_id=config, metrics=metrics
    )


@dataclass
class Said:
    """An answer: status, JSON and headers."""

    status: int
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Scripted:
    """A forge. `answers`: by `VERB /path`, in turn, the last for ever; `log`: every request."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Said]] = {}
        self.log: list[str] = []
        self.bodies: list[Any] = []
        self.waits: list[float] = []
        self.url = ""

    def says(self, request: str, *answers: Said | Any) -> None:
        """What a request gets: JSON, or Said for anything but success."""
        self.answers[request] = [
            each if isinstance(each, Said) else Said(200, each) for each in answers
        ]

    def client(self, folder: Path, max_wait: float = 120.0) -> Client:
        """A client of this forge that notes its waits instead of waiting."""
        pace = Pace(folder / "forge.lock", interval=0.0, max_wait=max_wait, sleep=self.waits.append)
        return Client(self.url, "o/r", Token("t" * 20, "GH_TOKEN"), pace)

    def answer(self, request: str, body: Any) -> Said:
        """The next answer to a request."""
        self.log.append(request)
        self.bodies.append(body)
        found = self.answers.get(request, [Said(404, {"message": "Not Found"})])
        return found.pop(0) if len(found) > 1 else found[0]


@contextlib.contextmanager
def scripted() -> Iterator[Scripted]:
    """A running Scripted."""
    forge = Scripted()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            path = self.path.partition("?")[0].removeprefix("/repos/o/r")
            said = forge.answer(f"{self.command} {path}", body)
            data = json.dumps(said.data).encode()
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(data)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Nothing."""

    for verb in ("POST", "PATCH", "PUT"):
        setattr(Handler, f"do_{verb}", Handler.do_GET)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    forge.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
