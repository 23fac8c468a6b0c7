"""Run a repository's tests and tell test by test how they ended.

Hides: the plugin that goes into a pytest run from outside and leaves no trace there, JUnit files of
other runners, and that of some commands nothing but the exit code can be known.
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from sweeptree import worktrees
from sweeptree.publish.checks.command import find_test_command
from sweeptree.publish.checks.events import Recorded, read_events
from sweeptree.publish.checks.junit import find_cases, junit_variables
from sweeptree.publish.checks.results import Runner, TestResults
from sweeptree.publish.checks.running import (
    Finished,
    Order,
    TestPlace,
    link_environments,
    private_files,
    python_path,
    run_command,
    temporary_place,
)
from sweeptree.publish.checks.stamps import stamps_of, written_since
from sweeptree.repository import Repository, patches
from sweeptree.repository.commits import commit_tree

PLUGIN = "sweeptree_capture"
_PLUGIN_SOURCE = Path(__file__).with_name("pytest_plugin.py")


@dataclass(frozen=True, slots=True)
class Selection:
    """What to run and to watch.

    `only`: just these node ids; `trace_lines`: which lines each test runs; `hides_pytest`: the
    tests cannot tell from the environment that pytest runs them.
    """

    only: tuple[str, ...] = ()
    trace_lines: bool = False
    hides_pytest: bool = False


EVERYTHING = Selection()


def capture_tests(  # noqa: PLR0913 - a command and its options, which are keyword-only
    repo: Repository,
    commit: str,
    command: str | None,
    timeout: float,
    *,
    patch: bytes = b"",
    only: tuple[str, ...] = (),
    trace_lines: bool = False,
) -> TestResults:
    """Test a commit, with a patch if there is one, in a fresh worktree that is gone afterwards.

    `command` None: the repository's own; `timeout`: seconds; `only`: run just these node ids (where
    the runner is pytest); `trace_lines`: also tell which lines each test ran.

    Raises Refused when the patch does not apply.
    """
    tested = with_patch(repo, commit, patch) if patch else commit
    with worktrees.temporary_worktree(repo, tested) as top:
        words = find_test_command(top, command)
        link_environments(repo, top, words)
        place = temporary_place(repo, top, commit)
        return capture_at(place, words, timeout, Selection(only, trace_lines))


def with_patch(repo: Repository, commit: str, patch: bytes) -> str:
    """A commit on top of `commit` that no ref names. Raises Refused if the patch does not apply."""
    tree = patches.tree_with_patch(repo.start, commit, patch)
    return commit_tree(repo.start, tree, (commit,), "a patch to be tested")


def capture_in(  # noqa: PLR0913 - the same
    top: Path,
    command: str,
    timeout: float,
    *,
    commit: str = "",
    subfolder: Path = Path(),
    only: tuple[str, ...] = (),
    trace_lines: bool = False,
) -> TestResults:
    """The same in a worktree that the caller holds, with its files as they are.

    `subfolder`: where in it the command runs.
    """
    place = TestPlace(top.resolve(), commit, subfolder)
    return capture_at(place, command, timeout, Selection(only, trace_lines))


def capture_at(
    place: TestPlace, command: str, timeout: float, selection: Selection = EVERYTHING
) -> TestResults:
    """Run the tests that are selected where they are."""
    stamps = stamps_of(place)
    with private_files(place) as files:
        results = _Capture(place, command, timeout, files).run(selection)
    return dataclasses.replace(results, written=written_since(place, stamps))


@dataclass(frozen=True, slots=True)
class _Capture:
    """One run. `files`: a private folder for its log, and for what the runner writes."""

    place: TestPlace
    command: str
    timeout: float
    files: Path

    def run(self, selection: Selection) -> TestResults:
        """The results, by the best source that there is."""
        nonce, since = secrets.token_hex(16), time.time_ns()
        finished = run_command(self.place, self._order(nonce, selection), self.files)
        recorded = read_events(self._plugin_folder, nonce)
        if recorded is not None:
            return self._from_pytest(finished, recorded)
        if f'Error importing plugin "{PLUGIN}"' in finished.tail:  # `python -I`, a cleared PATH
            again = self.files / "again"
            again.mkdir()
            finished = run_command(self.place, Order(self.command, self.timeout), again)
        return self._from_files(finished, since)

    @property
    def _plugin_folder(self) -> Path:
        return self.files / "plugin"

    def _order(self, nonce: str, selection: Selection) -> Order:
        given = os.environ.get("PYTEST_ADDOPTS")
        plan = {
            "nonce": nonce,
            "top": str(self.place.top.resolve()),
            "only": selection.only,
            "trace_lines": selection.trace_lines,
            "hides_pytest": selection.hides_pytest,
            "restore": {"PYTEST_ADDOPTS": given, "PYTHONPATH": python_path(self.place.top)},
        }
        folder = self._plugin_folder
        folder.mkdir(mode=0o700)
        shutil.copyfile(_PLUGIN_SOURCE, folder / f"{PLUGIN}.py")
        (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        options = f"{given or ''} -p {PLUGIN}".strip()
        env = {"PYTEST_ADDOPTS": options, "PYTHONDONTWRITEBYTECODE": "1"}
        env.update(junit_variables(self.files))
        return Order(self.command, self.timeout, env, python_path=(str(folder),))

    def _from_pytest(self, finished: Finished, recorded: Recorded) -> TestResults:
        return TestResults(
            command=self.command,
            commit=self.place.commit,
            runner=Runner.PYTEST,
            cases=recorded.cases,
            collected=recorded.collected,
            deselected=recorded.deselected,
            exit_code=finished.exit_code,
            seconds=finished.seconds,
            tail=finished.tail,
            is_complete=recorded.is_complete and finished.exit_code is not None,
            reason=finished.reason,
            changed_machinery=recorded.changed,
            runner_codes=recorded.exit_codes,
            early_files=recorded.early_files,
        )

    def _from_files(self, finished: Finished, since: int) -> TestResults:
        cases = find_cases((self.place.top, self.files), since)
        return TestResults(
            command=self.command,
            commit=self.place.commit,
            runner=Runner.JUNIT if cases else Runner.EXIT_CODE,
            cases=cases,
            collected=len(cases),
            exit_code=finished.exit_code,
            seconds=finished.seconds,
            tail=finished.tail,
            is_complete=finished.exit_code is not None,
            reason=finished.reason,
        )
