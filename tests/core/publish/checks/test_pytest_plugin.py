"""The plugin runs where we do not choose Python and pytest."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[4] / "sweeptree" / "publish" / "checks" / "pytest_plugin.py"


def test_it_is_python_3_8() -> None:
    ast.parse(SOURCE.read_text(), feature_version=(3, 8))


def test_it_needs_nothing_but_the_standard_library_and_pytest() -> None:
    tree = ast.parse(SOURCE.read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    modules = {node.module for node in imports if isinstance(node, ast.ImportFrom)}
    assert names == {"json", "os", "sys", "traceback", "pytest", "builtins"}
    assert modules == {"__future__", "pathlib", "collections.abc", "types", "typing"}
