"""A language model behind an OpenAI-compatible server on loopback: it says what it is told."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Turn = str | tuple[str, dict[str, Any]]


@dataclass
class FakeModel:
    """`turns`: what is answered, one a request: words, or a tool with its arguments."""

    turns: list[Turn]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The next turn as a chat completion."""
        self.requests.append(request)
        turn = self.turns[min(len(self.requests), len(self.turns)) - 1]
        message = _message(turn, len(self.requests))
        ends = "tool_calls" if "tool_calls" in message else "stop"
        return {
            "id": "chat-1",
            "object": "chat.completion",
            "created": 1,
            "model": "fake",
            "choices": [{"index": 0, "message": message, "finish_reason": ends}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        }

    @property
    def tool_answers(self) -> list[str]:
        """What the tools answered, in order."""
        messages = self.requests[-1]["messages"]
        return [each["content"] for each in messages if each["role"] == "tool"]


def _message(turn: Turn, number: int) -> dict[str, Any]:
    if isinstance(turn, str):
        return {"role": "assistant", "content": turn}
    name, arguments = turn
    function = {"name": name, "arguments": json.dumps(arguments)}
    call = {"id": f"call-{number}", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


@contextlib.contextmanager
def serving(*turns: Turn) -> Iterator[FakeModel]:
    """The model, as long as it is needed."""
    model = FakeModel(list(turns))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            answer = json.dumps(model.answer(json.loads(self.rfile.read(length)))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    model.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
