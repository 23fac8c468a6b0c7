"""The command line: which commands there are, and how one is found and called.

Hides: cyclopts, and that a command's module is imported only when the command is called, so that
`--help` and the commands that only read records stay quick.
"""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeptree import __version__
from sweeptree.agents import AGENTS, Agent
from sweeptree.cli.options_file import find_options_file
from sweeptree.errors import UsageError

if TYPE_CHECKING:
    from cyclopts import App, CycloptsError

_HELP = frozenset({"--help", "-h", "--version"})
_IMPLIED = {"--smoke": "60s"}  # what an option means that is given without a value
_WITHOUT_FILE = frozenset({"init", "doctor"})
GROUPS = ("Start", "Sweep", "Agents", "Deliver", "Run it")


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: its group in `--help`, what it runs, its one line.

    `target` is module:attribute below `cli.commands`.
    """

    name: str
    group: str
    target: str
    help: str

    @property
    def exists(self) -> bool:
        """True when the module that holds the command is part of this installation."""
        module = Path(__file__).parent / "commands" / self.target.partition(":")[0]
        return module.with_suffix(".py").is_file() or module.is_dir()


_AGENT_COMMANDS = {
    "orchestrate": "run:run",
    "ci-fix": "ci_fix:ci_fix",
    "worktree": "worktree:app",
}


def _of_agent(agent: Agent) -> Entry:
    """An agent's verb: the module of its name, unless another command is the same."""
    module = agent.verb.replace("-", "_")
    target = _AGENT_COMMANDS.get(agent.verb, f"{module}:{module}")
    return Entry(agent.verb, "Agents", target, agent.summary)


REGISTRY = (
    Entry("demo", "Start", "demo:demo", "Run a small real sweep here, to see what it looks like."),
    Entry("init", "Start", "init:init", "Make a repository ready: options, chat, night, scripts."),
    Entry(
        "doctor",
        "Start",
        "doctor:doctor",
        "Check git, GPUs, disk, server and token: what works here.",
    ),
    Entry("run", "Sweep", "run:run", "Run a sweep: one command per job, each in its own worktree."),
    Entry(
        "resume", "Sweep", "resume:resume", "Go on with a sweep after Ctrl-C, a crash or a reboot."
    ),
    Entry(
        "extend",
        "Sweep",
        "extend:extend",
        "Add seeds, values or commands to a sweep, and run what is new.",
    ),
    Entry(
        "status",
        "Sweep",
        "status:status",
        "All sweeps, or the jobs of one: running, waiting, lost.",
    ),
    Entry("logs", "Sweep", "logs:logs", "Print the logs of a sweep's jobs; -f follows them."),
    Entry("show", "Sweep", "show:show", "The leaderboard: mean and spread over seeds per config."),
    Entry(
        "compare",
        "Sweep",
        "compare:compare",
        "Sweeps or configs side by side, with the test of their difference.",
    ),
    Entry(
        "report",
        "Sweep",
        "report:report",
        "Write or open report.html, the page that shows a sweep.",
    ),
    Entry(
        "share",
        "Sweep",
        "share:share",
        "Push a sweep's results for others, under a ref that is no branch.",
    ),
    Entry("fetch", "Sweep", "fetch:fetch", "Bring the sweeps that others have shared."),
    Entry(
        "export",
        "Sweep",
        "export:export",
        "A sweep as CSV or Parquet, or as runs of MLflow or W&B.",
    ),
    Entry(
        "reproduce",
        "Sweep",
        "reproduce:reproduce",
        "Run a job again as it was, and say whether its record holds.",
    ),
    Entry("cancel", "Sweep", "cancel:cancel", "Stop a sweep and the jobs that run."),
    *(_of_agent(agent) for agent in AGENTS),
    Entry("pr", "Deliver", "pr:pr", "A worktree's changes as a branch and a draft pull request."),
    Entry(
        "label", "Deliver", "label:label", "Labels and reviewers for a pull request that is open."
    ),
    Entry("server", "Run it", "server:app", "Start, stop or look at the local Prefect server."),
    Entry(
        "deploy",
        "Run it",
        "deploy:deploy",
        "Server, work pool, deployments and worker in one step.",
    ),
    Entry("mcp", "Run it", "mcp:mcp", "The tools of a chat for editors and agents, over stdio."),
    Entry("hosts", "Run it", "hosts:app", "Other machines that sweeps may use, over ssh."),
    Entry("gpus", "Run it", "gpus:gpus", "The GPUs, who holds their slots and who waits."),
)


def available() -> tuple[Entry, ...]:
    """The commands of this installation."""
    return tuple(entry for entry in REGISTRY if entry.exists)


def run_command_line(argv: Sequence[str]) -> int:
    """Run one command line (without the program's name) and return its exit code."""
    from sweeptree.cli.boundary import guarded, take_debug

    words, debug = take_debug(argv)
    return guarded(lambda: _dispatch(words), argv=words, debug=debug)


def _dispatch(words: Sequence[str]) -> int:
    from cyclopts import CycloptsError

    app = build_app()
    if _takes_options(words):
        find_options_file(Path.cwd()).apply_to(app, [entry.name for entry in REGISTRY])
    if not words:
        app.help_print([])
        return 0
    try:
        full = with_implied_values(words)
        command, bound, _ = app.parse_args(full, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        return _usage(error, words)
    call: Callable[..., Any] = command
    result = call(*bound.args, **bound.kwargs)
    return result if isinstance(result, int) else 0


def with_implied_values(words: Sequence[str]) -> list[str]:
    """The words, with a value behind each option that has one implied and none given."""
    full: list[str] = []
    for word, following in zip_longest(words, words[1:]):
        full.append(word)
        is_bare = following is None or following.startswith("-")
        if is_bare and word in _IMPLIED:
            full.append(_IMPLIED[word])
    return full


def _takes_options(words: Sequence[str]) -> bool:
    """Whether sweeptree.toml is read: help, and what finds faults, work beside a faulty one."""
    return bool(words) and words[0] not in _WITHOUT_FILE and not _HELP.intersection(words)


def build_app() -> App:
    """The cyclopts application: every available command, imported when called."""
    from cyclopts import App, Group

    app = App(
        name="sweeptree",
        version=__version__,
        help=(
            "Hyperparameter sweeps from one pinned commit: "
            "a git worktree, a GPU slot and a record for every job."
        ),
        help_format="plaintext",
        help_epilogue="Add --debug to see the traceback of an unexpected error.",
        group_commands=Group("Options", sort_key=len(GROUPS)),
        default_parameter=None,
    )
    groups = {name: Group(name, sort_key=number) for number, name in enumerate(GROUPS)}
    for number, entry in enumerate(available()):
        app.command(
            f"sweeptree.cli.commands.{entry.target}",
            name=entry.name,
            help=entry.help,
            group=groups[entry.group],
            sort_key=number,
        )
    app.register_install_completion_command(
        help="Install completion for your shell (bash, zsh or fish)."
    )
    return app


def _usage(error: CycloptsError, words: Sequence[str]) -> int:
    from sweeptree.cli.boundary import complain

    names = [entry.name for entry in available()]
    first = words[0]
    if first in names:
        complain(_wrong(error), (f"sweeptree {first} --help",))
    elif first.startswith("-"):
        complain(f"there is no option {first!r} before a command", ("sweeptree --help",))
    else:
        complain(f"there is no command {first!r}", (_suggestion(words, names),))
    return UsageError.exit_code


def _suggestion(words: Sequence[str], names: Sequence[str]) -> str:
    close = difflib.get_close_matches(words[0], names, n=1)
    if not close:
        return "sweeptree --help"
    return f"did you mean: {shlex.join(['sweeptree', close[0], *words[1:]])}"


def _wrong(error: CycloptsError) -> str:
    """What is wrong with an option, in one line; pydantic's own text would end in an address."""
    from pydantic import ValidationError

    from sweeptree.cli.options import fault

    cause = error.__cause__
    return fault(cause) if isinstance(cause, ValidationError) else _lower_first(str(error))


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
