"""`sweeptree ci-fix`: the CI Fixer for a repository, a worktree or a pull request."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sweeptree.cli.options import FLAG, JSON, fault
from sweeptree.cli.screens.terminal import printable, say, write_out
from sweeptree.errors import UsageError
from sweeptree.model.text import parse_duration, parse_words

if TYPE_CHECKING:
    from sweeptree.repair import CIFixSpec, FixReport

_FAILING, _WIDTH = 20, 160


def ci_fix(  # noqa: PLR0913 - the options of the agent
    *,
    repo: Path = Path(),
    worktree: Path | None = None,
    pull_request: Annotated[int | None, Parameter(name="--pr")] = None,
    test_command: str | None = None,
    timeout: str = "30m",
    apply_patch: Annotated[bool, FLAG] = False,
    fixer_cmd: str | None = None,
    keep_env: str | None = None,
    model: str | None = None,
    budget: str | None = None,
    remote: str = "origin",
    allow_forks: Annotated[bool, FLAG] = False,
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Run the tests, show what fails, and propose a patch that passes the gate.

    Parameters
    ----------
    repo
        A folder inside the repository; its HEAD is tested.
    worktree
        A worktree that is tested as it stands, with what is uncommitted.
    pull_request
        Number of a pull request whose head is tested.
    test_command
        How to test; default: test_command under [tool.sweeptree] in pyproject.toml, make test,
        pytest.
    timeout
        Longest time for one run of the tests: 90s, 30m, 2h.
    apply_patch
        Open a draft pull request with the patch; else only write the patch file.
    fixer_cmd
        A command-line coding agent to ask; {prompt} stands for the file with its task.
    keep_env
        Secrets that the coding agent may see: names of variables, separated by commas.
    model
        A language model to ask: openai:gpt-5 (pip install 'sweeptree[agent]').
    budget
        Time for each rung; default: 60s for those without a model, 15m for an agent or a model.
    remote
        Name of the remote that is pushed to.
    allow_forks
        Run the code of a pull request from a fork too.
    as_json
        Print one JSON document.
    """
    spec = _spec(
        repo=repo,
        worktree=worktree,
        pull_request=pull_request,
        test_command=test_command,
        timeout=parse_duration(timeout),
        apply_patch=apply_patch,
        fixer_cmd=fixer_cmd,
        keep_env=parse_words(keep_env or ""),
        model=model,
        budget=parse_duration(budget) if budget else None,
        remote=remote,
        allow_forks=allow_forks,
    )
    with _ended_as_by_ctrl_c():
        report = _fix(spec)
    write_out(report.model_dump_json() + "\n") if as_json else _show(report)
    return report.exit_code


@contextlib.contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """SIGTERM leaves nothing behind either: no worktree, no process, no file."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _spec(**given: Any) -> CIFixSpec:
    from pydantic import ValidationError

    from sweeptree.repair import CIFixSpec

    try:
        return CIFixSpec(**given)
    except ValidationError as error:
        raise UsageError(fault(error), hint="sweeptree ci-fix --help") from error


def _fix(spec: CIFixSpec) -> FixReport:
    from sweeptree.publish.delivery import Context
    from sweeptree.repair import fix, report_on
    from sweeptree.settings import Settings

    return report_on(fix(spec, Context.of(Settings(), os.environ)))


def _show(report: FixReport) -> None:
    write_out(f"{printable(report.outcome.replace('-', ' '))}: {printable(report.reason)}\n")
    for line in (*_failing(report), *_tried(report), *_places(report)):
        write_out(f"  {printable(line)}\n")
    for line in report.warnings:
        say(f"! {printable(line)}")
    if report.patch_file and not report.branch:
        say(f"  git apply {printable(report.patch_file)}   or again with --apply_patch")


def _failing(report: FixReport) -> Iterator[str]:
    for each in report.failing[:_FAILING]:
        words = each.advice or each.message
        kind = "" if each.kind == "real" else f" ({each.kind})"
        yield f"{each.node_id}{kind}: {words}"[:_WIDTH]
        if each.where:
            yield f"    {each.where}"
    if len(report.failing) > _FAILING:
        yield f"and {len(report.failing) - _FAILING} more failing tests"


def _tried(report: FixReport) -> Iterator[str]:
    for each in report.tried:
        why = "; ".join([*each.reasons, *(f"look at {flag}" for flag in each.flags)])
        words = " - ".join(filter(None, [each.note, why]))
        yield f"{each.rung}: {each.state}{f': {words}' if words else ''}"[: 2 * _WIDTH]


def _places(report: FixReport) -> Iterator[str]:
    if report.patch_file:
        yield f"patch    {report.patch_file}"
    if report.branch:
        yield f"branch   {report.branch}"
    if report.pr_url:
        yield f"PR       {report.pr_url}"
    if report.folder:
        yield f"report   {report.folder}"
