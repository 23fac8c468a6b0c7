"""The pytest plugin: collect as pytest would, then search instead of running the tests."""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from .request import Answers, Request, read_request
from .search import Search

_SILENCED = {"xdist": "-n0", "pytest_cov": "--no-cov"}


class SearchPlugin:
    """Takes the place of pytest's own loop over the tests."""

    def __init__(self, request: Request, answers: Answers) -> None:
        self._request, self._answers = request, answers

    def pytest_runtestloop(self, session: Any) -> bool:
        """Search with what was collected. pytest asks nobody after the first who answers."""
        try:
            self._search(session.items)
        except Exception:
            self._answers.say("end", reason=f"it failed: {traceback.format_exc()[-2000:]}")
        os._exit(0)  # what the user's code would do at exit is none of ours

    def _search(self, items: list[Any]) -> None:
        search = Search(self._request, items, self._answers)
        reason = search.run()
        self._answers.say(
            "end",
            reason=reason,
            tried=search.tried,
            cpu=search.cpu,
            trying_cpu=search.trying_cpu,
        )


def run(path: Path) -> int:
    """Serve one request; the exit code is 0 when there is an answer."""
    request = read_request(path)
    answers = Answers(request.answers)
    if importlib.util.find_spec("pytest") is None:
        answers.say("end", reason="there is no pytest in the environment of the tests")
        return 0
    _be_silent()
    os.chdir(request.root)
    sys.path.insert(0, str(request.root))
    import pytest

    pytest.hookimpl(tryfirst=True)(SearchPlugin.pytest_runtestloop)
    plugin = SearchPlugin(request, answers)
    code = pytest.main(_arguments(request), plugins=[plugin])
    reason = f"pytest ended before it had collected the tests (exit code {int(code)})"
    answers.say("end", reason=reason)
    return 0


def _arguments(request: Request) -> list[str]:
    """The files of the tests, and what keeps plugins from working beside us."""
    names = [*request.failing, *request.passing]
    files = dict.fromkeys(name.split("::", 1)[0] for name in names)
    there = [file for file in files if (request.root / file).is_file()]
    quiet = [word for name, word in _SILENCED.items() if importlib.util.find_spec(name)]
    cache = f"cache_dir={request.scratch / 'cache'}"
    basetemp = f"--basetemp={request.scratch / 'tests'}"
    return ["-q", "-s", "-o", cache, basetemp, *quiet, "--", *there]


def _be_silent() -> None:
    """Send what tests print to nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for file in (0, 1, 2):
        os.dup2(nowhere, file)
