"""The program that reads the others."""

import io
import json
import sys

import pytest

from sweeptree.hosts.far import boot


class Stdin:
    def __init__(self, program: bytes, request: bytes, rest: bytes = b"") -> None:
        head = b"%d %d\n" % (len(program), len(request))
        self.buffer = io.BytesIO(head + program + request + rest)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("return {'n': request['n'], 'rest': stream.read().decode()}", {"n": 1, "rest": "rest"}),
        ("raise OSError(28, 'full', '/x')", {"error": "/x: full", "errno": 28}),
    ],
)
def test_it_runs_the_program_on_the_request_and_the_rest(
    body: str, answer: dict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    program = f"def main(request, stream):\n    {body}\n".encode()
    monkeypatch.setattr(sys, "stdin", Stdin(program, b'{"n": 1}', b"rest"))
    boot.run()
    assert json.loads(capsys.readouterr().out) == answer
