"""Small projects with a bug, and what a template makes of a statement."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType

from sweeptree.repair.search.harness.site import Change, Site
from sweeptree.repair.search.harness.source import SourceFile

Template = Callable[[Site], Iterator[Change]]


def site_of(code: str, line: int) -> Site:
    """The statement that begins at a line."""
    source = SourceFile("code.py", dedent(code).encode())
    statements = [node for node in ast.walk(source.tree) if isinstance(node, ast.stmt)]
    return Site(source, next(node for node in statements if node.lineno == line))


def variants(template: Template, code: str, line: int = 1) -> list[str]:
    """The whole text after each change of one statement."""
    site = site_of(code, line)
    return [site.source.edited(edits).decode() for edits in template(site)]


def in_function(template: Template, statement: str) -> list[str]:
    """What becomes of one line in a function of `a`, `b` and `items`."""
    head = "def f(a, b, items):\n    "
    made = variants(template, f"{head}{statement}\n", 2)
    return [text.removeprefix(head).removesuffix("\n") for text in made]


def project(folder: Path, module: str, tests: str) -> Path:
    """A folder with program.py and test_program.py."""
    folder.mkdir(exist_ok=True)
    (folder / "program.py").write_text(dedent(module))
    (folder / "test_program.py").write_text(dedent(tests))
    return folder


def load(path: Path, name: str) -> ModuleType:
    """Import a file under a name; it stays in sys.modules."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
