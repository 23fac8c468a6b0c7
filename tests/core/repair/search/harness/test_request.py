"""Requests and answers survive the way through JSON."""

import json
from pathlib import Path

from sweeptree.repair.search.harness.request import Answers, as_json, candidate_of, read_request
from sweeptree.repair.search.harness.source import Candidate, Edit

CANDIDATE = Candidate("/r/f.py", (Edit(1, 2, "x"),), "negate", 3, 0.5)


def test_a_candidate_comes_back() -> None:
    assert candidate_of(json.loads(json.dumps(as_json(CANDIDATE)))) == CANDIDATE


def test_a_request_is_read(tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    paths = dict.fromkeys(("root", "origin", "answers", "scratch"), "/r")
    seconds = {"cpu_seconds": 1.0, "wall_seconds": 2.0, "memory_bytes": 3, "most_hits": 4}
    lists = {"failing": ["a"], "passing": [], "known": [as_json(CANDIDATE)]}
    file.write_text(json.dumps({**paths, **seconds, **lists}))
    request = read_request(file)
    assert (request.root, request.failing, request.known) == (Path("/r"), ("a",), (CANDIDATE,))


def test_an_answer_is_there_at_once(tmp_path: Path) -> None:
    Answers(tmp_path / "answers").say("hit", line=3)
    assert json.loads((tmp_path / "answers").read_text()) == {"event": "hit", "line": 3}
