"""Which files decide about tests, so that a fix may not change them.

Tests, what configures and starts them, what Python runs by itself, what continuous integration
reads. A test lies where the repository's own pytest configuration says, and where the usual names
say. Source files with a test's name (`load_test.py`) are taken for tests.
"""

from __future__ import annotations

import configparser
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from sweeptree.publish.checks.results import Runner, TestResults
from sweeptree.repository import patches

_NAMES = (
    "conftest.py", "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini",
    "tox.toml", "noxfile.py", "sitecustomize.py", "usercustomize.py", "*.pth", "*.egg-link",
    ".coveragerc", "pyvenv.cfg", ".python-version", ".env", ".envrc", "*.pyc",
    "Makefile", "makefile", "GNUmakefile", "*.mk", "justfile", "Justfile", "Taskfile.y*ml",
    ".pre-commit-config.yaml", ".gitlab-ci.yml", ".travis.yml", "azure-pipelines.yml",
    "appveyor.yml", "bitbucket-pipelines.yml", "Jenkinsfile",
    "jest.config.*", "vitest.config.*", "karma.conf.*", ".mocharc*", "playwright.config.*",
    "*.test.[jt]s", "*.test.[jt]sx", "*.spec.[jt]s", "*.spec.[jt]sx", "*_test.go",
)  # fmt: skip
_RUNNER_FILES = (
    "Makefile", "makefile", "GNUmakefile", "*.mk", "[jJ]ustfile", "Taskfile.y*ml", "tox.ini",
    "noxfile.py", "package.json",
)  # fmt: skip
_FOLDERS = {
    "tests", "test", "__tests__", "__snapshots__", "testdata", "__pycache__", ".pytest_cache",
    ".circleci", ".buildkite", ".ci", ".woodpecker", ".venv", "site-packages",
}  # fmt: skip
_PYTHON_FILES = ("test_*.py", "*_test.py")
_SOURCE_FOLDERS = {"", ".", "src", "lib"}
_CONFIGS = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg")
# Tables of pyproject.toml that say how tests run. All others may be changed by a fix.
_TEST_TABLES = (
    "pytest", "coverage", "tox", "nox", "hatch", "pdm", "poe", "rye", "pixi", "taskipy",
    "sweeptree", "invoke", "setuptools", "poetry",
)  # fmt: skip
_TEST_SECTIONS = ("tool:pytest", "coverage:", "testenv", "tox", "aliases", "options.entry_points")
_RUNNERS = {"pytest", "_pytest", "pluggy", "iniconfig", "packaging", "py", "exceptiongroup"}
_RUNNERS |= {"tomli", "xdist", "execnet", "coverage", "pygments", "attr", "hypothesis"}
_PLUGINS = re.compile(r"pytest_plugins\s*=\s*(.+?)(?:^\S|\Z)", re.DOTALL | re.MULTILINE)
_SCRIPT = re.compile(r"[\w./-]+\.(?:sh|bash|zsh|mk)\b")
_STRING = re.compile(r"[\"']([\w.]+)[\"']")
_OPTION_PLUGIN = re.compile(r"(?:^|\s)-p[\s=]*(?!no:)([\w.]+)")


@dataclass(frozen=True, slots=True)
class Protection:
    """What is protected in one repository, beside the usual names.

    `patterns`: names of test files; `folders`: where tests lie; `files`: single ones.
    """

    patterns: tuple[str, ...] = _PYTHON_FILES
    folders: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()

    def covers(self, path: str) -> bool:
        """Whether a fix may not change this file at all."""
        parts = PurePosixPath(path).parts
        is_git = any(part.lower().startswith(".git") for part in parts)
        # entry points of pytest plugins, found wherever Python looks for modules
        is_metadata = any(part.endswith((".egg-info", ".dist-info")) for part in parts)
        is_inside = not _FOLDERS.isdisjoint(parts[:-1]) or _is_below(path, self.folders)
        names = (*_NAMES, *self.patterns)
        is_named = any(fnmatchcase(parts[-1], name) for name in names)
        return is_git or is_metadata or is_inside or is_named or path in self.files


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)


def find_protection(top: Path, base: str, before: TestResults) -> Protection:
    """What is protected, by the configuration in the commit `base` and by where its tests lie."""
    options = _pytest_options(top, base)
    files = set(patches.list_files(top, base))
    words = " ".join((before.command, *_words(options.get("addopts"))))
    found = {
        *_test_files(before),
        *_command_files(before, files),
        *_scripts_of_runners(top, base, files),
        *_plugin_files(words, files),
        *_conftest_plugins(top, base, files),
    }
    folders = tuple(folder.strip("/") for folder in _words(options.get("testpaths")))
    return Protection(
        patterns=_words(options.get("python_files")) or _PYTHON_FILES,
        folders=tuple(folder for folder in folders if folder not in _SOURCE_FOLDERS),
        files=frozenset(found),
    )


def _pytest_options(top: Path, base: str) -> Mapping[str, Any]:
    for name in _CONFIGS:
        data = patches.read_file(top, base, name)
        options = {} if data is None else _options_in(name, data.decode(errors="replace"))
        if options:
            return options
    data = patches.read_file(top, base, "pyproject.toml") or b""
    table = _tables(data.decode(errors="replace")).get("tool", {}).get("pytest", {})
    return dict(table.get("ini_options") or table)


def _options_in(name: str, text: str) -> Mapping[str, Any]:
    if name.endswith(".toml"):
        return dict(_tables(text).get("pytest", {}))
    section = "tool:pytest" if name == "setup.cfg" else "pytest"
    return _sections(text).get(section, {})


def _tables(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _sections(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    return {name: dict(parser[name]) for name in parser.sections()}


def _words(value: object) -> tuple[str, ...]:
    """An option of pytest as words: a string in an ini file, a list in a TOML file."""
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def is_doctest(node_id: str) -> bool:
    """Whether the test stands in the documentation of the code that it tests: `a.py::a.f`."""
    return "." in node_id.partition("[")[0].partition("::")[2]


def _test_files(before: TestResults) -> Iterator[str]:
    for case in before.cases:
        if not is_doctest(case.node_id):
            yield case.node_id.partition("::")[0]


def _command_files(before: TestResults, files: set[str]) -> Iterator[str]:
    """Files that the command names. Where it is all that is known, a program is what is mended."""
    try:
        words = shlex.split(before.command)
    except ValueError:
        words = before.command.split()
    for word in words:
        path = word.partition("::")[0].removeprefix("./")
        is_script = path.endswith((".sh", ".bash", ".mk"))
        if path in files and (is_script or before.runner is not Runner.EXIT_CODE):
            yield path


def _scripts_of_runners(top: Path, base: str, files: set[str]) -> Iterator[str]:
    """Shell scripts that a Makefile or the like names: what a test command may start."""
    for path in files:
        if any(fnmatchcase(PurePosixPath(path).name, name) for name in _RUNNER_FILES):
            text = (patches.read_file(top, base, path) or b"").decode(errors="replace")
            found = (word.removeprefix("./") for word in _SCRIPT.findall(text))
            yield from files.intersection(found)


def _plugin_files(words: str, files: set[str]) -> Iterator[str]:
    for name in _OPTION_PLUGIN.findall(words):
        yield from _module_files(name, files)


def _conftest_plugins(top: Path, base: str, files: set[str]) -> Iterator[str]:
    for path in files:
        if PurePosixPath(path).name == "conftest.py":
            text = (patches.read_file(top, base, path) or b"").decode(errors="replace")
            for lines in _PLUGINS.findall(text):
                for name in _STRING.findall(lines):
                    yield from _module_files(name, files)


def _module_files(name: str, files: set[str]) -> Iterator[str]:
    path = name.replace(".", "/")
    for end in (f"{path}.py", f"{path}/__init__.py"):
        yield from (file for file in files if file == end or file.endswith(f"/{end}"))


def changes_test_configuration(path: str, old: bytes | None, new: bytes | None) -> bool:
    """Whether an edit of a file for many purposes touches how tests run."""
    texts = [(data or b"").decode(errors="replace") for data in (old, new)]
    if path.endswith("pyproject.toml"):
        return _toml_part(texts[0]) != _toml_part(texts[1])
    if path.endswith("setup.cfg"):
        return _cfg_part(texts[0]) != _cfg_part(texts[1])
    return False


def _toml_part(text: str) -> object:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return text
    tools = document.get("tool", {})
    project = document.get("project", {})
    tables = {name: tools.get(name) for name in _TEST_TABLES}
    return tables, document.get("build-system"), project.get("entry-points")


def _cfg_part(text: str) -> object:
    sections = _sections(text)
    if text.strip() and not sections:
        return text
    return {name: part for name, part in sections.items() if name.startswith(_TEST_SECTIONS)}


def shadows(path: str) -> str | None:
    """The module that a new file would stand before, in pytest and in Python's own library."""
    parts = PurePosixPath(path.removeprefix("src/")).parts
    if len(parts) > 2 or not path.endswith((".py", ".so", ".pyd")):
        return None
    name = parts[0].partition(".")[0]
    is_known = name in sys.stdlib_module_names or name in _RUNNERS or name.startswith("pytest_")
    return name if is_known and name != "test" else None
