"""Tells, line by line, how each test of a pytest run ends. Comes into the run from outside.

It runs in the user's environment: standard library and pytest (7 or later) only, Python 3.8 or
later, nothing of sweeptree. `capture` copies it into a private folder beside a `plan.json`; each
pytest process writes `events-<pid>.jsonl` there. Under pytest-xdist only the main process writes;
the workers hang what they know on their reports.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from types import FrameType, ModuleType
    from typing import Any

_FOLDER = Path(__file__).resolve().parent
_MOST_TEXT = 8000
_MOST_LINE = 500
_NOT_OURS = {"site-packages", "dist-packages", ".venv", ".tox", ".nox"}
_MACHINERY = ("_pytest.", "pluggy.", "unittest.")


def _read_plan() -> dict[str, Any]:
    text = (_FOLDER / "plan.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def _restore_environment(variables: dict[str, str | None]) -> None:
    """Pytest runs inside the tests are the tests' own business: they do not get this plugin."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _functions_of(module: ModuleType) -> Iterator[tuple[str, tuple[object, object]]]:
    """Each function and method that a module defines, by its full name."""
    for name, value in list(vars(module).items()):
        if getattr(value, "__module__", None) != module.__name__:
            continue
        members = vars(value).items() if isinstance(value, type) else [("", value)]
        for member, function in list(members):
            code = getattr(getattr(function, "__func__", function), "__code__", None)
            if code is not None:
                yield ".".join(filter(None, (module.__name__, name, member))), (function, code)


def _fingerprint() -> dict[str, tuple[object, object]]:
    """The functions that decide what a test's result is."""
    import builtins

    found: dict[str, tuple[object, object]] = {}
    found.update({"builtins." + name: (value, None) for name, value in vars(builtins).items()})
    found["os.write"] = (os.write, None)
    for name, module in list(sys.modules.items()):
        if name.startswith(_MACHINERY) or name == __name__:
            found.update(_functions_of(module))
    found.pop("builtins._", None)  # gettext and interactive shells set it
    return found


def _changes(old: dict[str, tuple[object, object]]) -> list[str]:
    """What is not any more what it was when the run began."""
    new = _fingerprint()
    gone = (None, None)
    return sorted(name for name, parts in old.items() if not _is_same(parts, new.get(name, gone)))


def _is_same(parts: tuple[object, object], others: tuple[object, object]) -> bool:
    return parts[0] is others[0] and parts[1] is others[1]


_PLAN = _read_plan()
_BEFORE: dict[str, tuple[object, object]] = {}
_EARLY: set[str] = set()


class BeforeAnyCode:
    """Looks at the machinery when all plugins have changed it, and no code of the user has."""

    def pytest_load_initial_conftests(self) -> None:
        """Pytest's own plugins come before this, conftest files after it."""
        _BEFORE.update(_fingerprint())
        _EARLY.update(filter(None, map(_file_of_ours, list(sys.modules.values()))))


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """The first moment at which there is somewhere to register."""
    pluginmanager.register(BeforeAnyCode(), "sweeptree-machinery")


@pytest.hookimpl(hookwrapper=True)
def pytest_load_initial_conftests(early_config: Any) -> Generator[None, Any, None]:
    """Tell of a conftest that cannot be loaded: pytest gives up before it begins."""
    outcome: Any = yield
    if outcome.excinfo is None or not hasattr(outcome.excinfo[1], "path"):
        return
    failure = outcome.excinfo[1]
    cause = getattr(failure, "cause", None) or failure.excinfo[1]
    trace = _tail("".join(traceback.format_exception(type(cause), cause, cause.__traceback__)))
    node_id = _from_top(early_config, str(failure.path))
    writer = EventWriter(early_config)
    writer.write("collect", id=node_id, outcome="failed", trace=trace, **_details(cause))
    writer.write("end", exit_code=4, changed=[], collected=0, deselected=0)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take part: everywhere in the tests, and in the main process with the record."""
    if getattr(config.option, "dist", "no") == "no":  # else the workers of pytest-xdist need it
        _restore_environment(_PLAN["restore"])
    config.pluginmanager.register(TestObserver(config), "sweeptree-observer")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(EventWriter(config), "sweeptree-events")


def _from_top(config: pytest.Config, node_id: str) -> str:
    """The node id with its file as a path from the top of the worktree."""
    path, separator, rest = node_id.partition("::")
    relative = os.path.relpath(str(config.rootpath / path), _PLAN["top"])
    return relative.replace(os.sep, "/") + separator + rest


def _relative(filename: str) -> str | None:
    """The path from the top of the worktree; None for what is not the user's code."""
    try:
        path = Path(filename if filename[:1] != "<" else "/").resolve().relative_to(_PLAN["top"])
    except (OSError, ValueError):
        return None
    return None if set(path.parts) & _NOT_OURS else path.as_posix()


def _file_of_ours(module: object) -> str | None:
    """The file of a module that lies in the worktree."""
    filename = getattr(module, "__file__", None)
    is_inside = isinstance(filename, str) and filename.startswith(_PLAN["top"])
    return _relative(str(filename)) if is_inside else None


def _tail(text: str | None) -> str:
    return (text or "")[-_MOST_TEXT:]


def _message(error: BaseException) -> str:
    lines = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()
    chosen = lines[-1:] if isinstance(error, SyntaxError) else lines[:1]
    return "".join(chosen)[:_MOST_LINE]


def _frame(error: BaseException) -> dict[str, Any] | None:
    if isinstance(error, SyntaxError) and error.filename:
        path = _relative(error.filename)
        if path:
            return {"path": path, "line": error.lineno or 0, "text": (error.text or "").strip()}
    for place in reversed(traceback.extract_tb(error.__traceback__)):
        path = _relative(place.filename)
        if path:
            return {"path": path, "line": place.lineno, "text": (place.line or "")[:_MOST_LINE]}
    return None


def _details(error: BaseException) -> dict[str, Any]:
    """What is told of an exception. An error of collection stands behind pytest's own."""
    cause = error.__cause__
    if type(error).__name__ == "CollectError" and cause is not None:
        error = cause
    try:
        return {"message": _message(error), "frame": _frame(error)}
    except Exception as problem:  # an exception whose text cannot be had
        return {"message": type(error).__name__ + ": " + type(problem).__name__, "frame": None}


class LineTracer:
    """Which lines of the user's code run, by file."""

    def __init__(self) -> None:
        self.lines: dict[str, set[int]] = {}
        self._known: dict[str, str | None] = {}
        self._former: Any = None

    def start(self) -> None:
        """Trace what this thread calls from now on."""
        self._former = sys.gettrace()
        sys.settrace(self._enter)

    def stop(self) -> None:
        """Trace as before."""
        sys.settrace(self._former)

    def as_lists(self) -> dict[str, list[int]]:
        """The lines so far."""
        return {path: sorted(numbers) for path, numbers in self.lines.items()}

    def _enter(self, frame: FrameType, _event: str, _arg: object) -> Any:
        filename = frame.f_code.co_filename
        if filename not in self._known:
            self._known[filename] = _relative(filename)
        path = self._known[filename]
        if path is None:
            return None
        lines = self.lines.setdefault(path, set())

        def step(frame: FrameType, event: str, _: object) -> Any:
            if event == "line":
                lines.add(frame.f_lineno)
            return step

        return step


class TestObserver:
    """Where tests run: selects them, and adds to each report what only this process knows."""

    __test__ = False

    def __init__(self, config: Any) -> None:
        self.config = config
        self.only = set(_PLAN["only"]) if _PLAN["only"] else None
        self.tracer = LineTracer() if _PLAN["trace_lines"] else None

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: Any, items: list[pytest.Item]
    ) -> Iterator[None]:
        """Count what was found and what the command leaves out; then leave all but `only`."""
        found = len(items)
        yield
        counts = {"collected": found, "deselected": max(0, found - len(items))}
        config.sweeptree_counts = counts
        if hasattr(config, "workeroutput"):
            config.workeroutput["sweeptree_counts"] = counts
        if self.only is not None:
            items[:] = [item for item in items if _from_top(config, item.nodeid) in self.only]

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_setup(self) -> Iterator[None]:
        """Trace fixtures too."""
        if self.tracer:
            self.tracer.lines = {}
            self.tracer.start()
        yield
        if self.tracer:
            self.tracer.stop()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        """Trace the test itself."""
        if self.tracer:
            self.tracer.start()
        yield
        if self.tracer:
            self.tracer.stop()

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self) -> None:
        """In a repeat, code cannot tell from the environment that a test runs it."""
        if _PLAN["hides_pytest"]:
            os.environ.pop("PYTEST_CURRENT_TEST", None)
            os.environ.pop("PYTEST_VERSION", None)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, call: Any) -> Generator[None, Any, None]:
        """Add message, frame and lines to the report."""
        outcome: Any = yield
        report = outcome.get_result()
        details = _details(call.excinfo.value) if call.excinfo else {}
        if self.tracer and call.when in ("setup", "call"):
            details["lines"] = self.tracer.as_lists()
        report.sweeptree = details

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, Any, None]:
        """Add the same where a file cannot be collected."""
        outcome: Any = yield
        report = outcome.get_result()
        call = report.__dict__.get("call")
        if report.outcome != "passed" and call is not None and call.excinfo:
            report.sweeptree = _details(call.excinfo.value)


class EventWriter:
    """Writes what happens, a line each, as soon as it happens."""

    def __init__(self, config: Any) -> None:
        self.config = config
        self.pid = os.getpid()
        self.number = 0
        self.counts = {"collected": 0, "deselected": 0}
        path = _FOLDER / f"events-{self.pid}.jsonl"
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.set_inheritable(self.file, False)
        self.plugins = self._plugin_names()
        self.write("session", pytest=pytest.__version__, python=sys.version.split()[0])

    def write(self, event: str, **facts: Any) -> None:
        """Append one line. A forked child of a test says nothing."""
        if os.getpid() != self.pid:
            return
        facts.update(event=event, nonce=_PLAN["nonce"], number=self.number)
        self.number += 1
        os.write(self.file, json.dumps(facts).encode() + b"\n")

    def _plugin_names(self) -> set[str]:
        """Plugins that the user's code has registered, by what they are; no conftest."""
        return {_name_of(plugin) for plugin in self._users_plugins()}

    def _users_plugins(self) -> list[object]:
        plugins = [plugin for _, plugin in self.config.pluginmanager.list_name_plugin()]
        return [plugin for plugin in plugins if plugin is not None and _is_users(plugin)]

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins: if the run dies, this tells in which."""
        self.write("start", id=_from_top(self.config, nodeid))

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """A phase of a test has ended."""
        details = getattr(report, "sweeptree", None) or {}
        is_passed = report.outcome == "passed"
        self.write(
            "phase",
            id=_from_top(self.config, report.nodeid),
            when=report.when,
            outcome=report.outcome,
            expects_failure=hasattr(report, "wasxfail"),
            seconds=report.duration,
            trace="" if is_passed else _tail(report.longreprtext),
            output="" if is_passed else _tail(report.capstdout + report.capstderr),
            reason="" if is_passed else _reason(report),
            **details,
        )

    @pytest.hookimpl(trylast=True)
    def pytest_collectreport(self, report: Any) -> None:
        """A file could not be collected, or skips itself."""
        if report.outcome == "passed":
            return
        facts = dict(getattr(report, "sweeptree", None) or {})
        facts.update(trace=_tail(report.longreprtext), reason=_reason(report))
        node_id = _from_top(self.config, report.nodeid)
        self.write("collect", id=node_id, outcome=report.outcome, **facts)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker of pytest-xdist has ended; each of them collects everything."""
        told = getattr(node, "workeroutput", {}).get("sweeptree_counts")
        if told:
            self.counts = {name: max(self.counts[name], told[name]) for name in self.counts}

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """The run came to its end."""
        counts = getattr(self.config, "sweeptree_counts", self.counts)
        changed = _changes(_BEFORE)
        plugins = self._plugin_names() - self.plugins
        files = map(_file_of_ours, map(_module_of, self._users_plugins()))
        self.write(
            "end",
            exit_code=int(exitstatus),
            changed=changed + sorted("plugin " + name for name in plugins),
            early=sorted(_EARLY.union(filter(None, files))),
            **counts,
        )


def _is_users(plugin: object) -> bool:
    filename = getattr(_module_of(plugin), "__file__", None)
    is_conftest = filename is not None and Path(filename).name == "conftest.py"
    return filename is not None and not is_conftest and _relative(filename) is not None


def _module_of(plugin: object) -> object:
    return plugin if hasattr(plugin, "__file__") else sys.modules.get(type(plugin).__module__)


def _name_of(plugin: object) -> str:
    name = getattr(plugin, "__name__", None)
    return str(name or type(plugin).__module__ + "." + type(plugin).__qualname__)


def _reason(report: Any) -> str:
    """Why a test was skipped, or its last words where there is no exception."""
    longrepr = report.longrepr
    if isinstance(longrepr, tuple):
        return str(longrepr[2])[:_MOST_LINE]
    return str(getattr(report, "wasxfail", ""))[:_MOST_LINE]
