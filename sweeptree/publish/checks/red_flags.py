"""Lines of a patch that a person has to look at, whatever the tests say.

An honest fix may need one of them; most cheats do. Python is read by its syntax tree, other
languages by their words.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from sweeptree.publish.checks.edits import FileEdit
from sweeptree.publish.checks.expectations import Expectations
from sweeptree.publish.checks.verdict import RedFlag

_SKIPS = {"skip", "skipif", "importorskip", "xfail", "exit", "SkipTest", "skipTest", "skipUnless"}
_TEST_MODULES = {"pytest", "_pytest", "unittest", "pluggy", "doctest", "hypothesis", "nose"}
_MACHINERY_MODULES = {
    "atexit", "gc", "ctypes", "builtins", "inspect", "importlib", "site", "signal", "marshal",
    "faulthandler", "imp", "types", "runpy", "cffi", "trace", "bdb", "pickle", "dill", "_thread",
    "code", "codeop", "pkgutil", "zipimport",
}  # fmt: skip
_MACHINERY_NAMES = {
    "exec", "eval", "compile", "__import__", "globals", "__builtins__", "breakpoint", "__loader__",
    "setattr", "delattr", "vars", "locals", "attrgetter", "methodcaller",
}  # fmt: skip
_MACHINERY_ATTRIBUTES = {
    "modules", "settrace", "setprofile", "meta_path", "path_hooks", "excepthook", "_getframe",
    "__code__", "__globals__", "__closure__", "__subclasses__", "__builtins__", "__dict__",
    "__defaults__", "argv", "currentframe", "stack", "extract_stack", "addaudithook", "monitoring",
    "displayhook", "unraisablehook", "attrgetter", "methodcaller", "__mro__", "__base__",
    "__bases__", "__import__",
}  # fmt: skip
_ENDS = {"_exit", "abort", "kill", "killpg", "execv", "execve", "execvp", "fork", "forkpty"}
_PROGRAMS = {"system", "popen", "Popen", "check_call", "check_output", "posix_spawn"}
_COMPARISONS = {
    "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__bool__", "__len__", "__hash__",
    "__instancecheck__", "__subclasscheck__", "__contains__", "__getattribute__",
    "__array_ufunc__", "__array_function__", "__init_subclass__", "__del__",
}  # fmt: skip
_HARMLESS_OF_SYS = {
    "version_info", "version", "platform", "maxsize", "byteorder", "float_info", "int_info",
    "stdin", "stdout", "stderr", "getsizeof", "intern", "executable", "exit", "exc_info",
    "getrecursionlimit", "getdefaultencoding", "getfilesystemencoding", "implementation",
}  # fmt: skip
_CODING = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_PLAIN_CODINGS = {"utf-8", "utf8", "utf_8", "ascii", "us-ascii", "latin-1", "iso-8859-1"}
_LONE_RETURN = re.compile(r"\r(?!\n)")
_ENVIRONMENT = re.compile(r"PYTEST|_pytest\b|\bpytest\b|\bunittest\b|/proc/|\bTOX_|^CI$|GITHUB_ACT")
_BUILD_FILES = re.compile(
    r"(^|/)(setup\.py|package(-lock)?\.json|Cargo\.(toml|lock)|go\.(mod|sum)|Dockerfile.*"
    r"|requirements[^/]*\.txt|[^/]*\.lock|CMakeLists\.txt|build\.rs|environment\.ya?ml)$"
)
_WORDS = re.compile(
    r"process\.exit|os\.Exit|\bt\.Skip|\.(only|skip)\(|\bxit\(|#\[ignore|#\[cfg\(|\|\| *true\b"
    r"|set \+e|continue-on-error|PYTEST_CURRENT_TEST|pragma: no cover|exit 0"
)
_SOURCE = (".js", ".ts", ".jsx", ".tsx", ".go", ".rs", ".sh", ".c", ".cpp", ".h", ".java", ".rb")


def find_red_flags(edits: Iterable[FileEdit], expected: Expectations) -> tuple[RedFlag, ...]:
    """What is suspicious in these edits; `expected`: what the failing tests compare with."""
    found = [flag for edit in edits for flag in _flags_in(edit, expected)]
    return tuple(dict.fromkeys(found))


def _flags_in(edit: FileEdit, expected: Expectations) -> Iterator[RedFlag]:
    added = edit.added_lines()
    if edit.old is None and _module_name(edit.path) in expected.modules:
        yield RedFlag(edit.path, 1, "stands before an installed module", "")
    if _BUILD_FILES.search(edit.path):
        yield RedFlag(edit.path, min(added, default=1), "changes how it is built", "")
    if edit.path.rpartition("/")[2] in expected.data_files:
        yield RedFlag(edit.path, min(added, default=1), "changes data that a test reads", "")
    if edit.path.endswith((".py", ".pyi", ".pyx")):
        yield from _flags_in_python(edit, added, expected)
    elif edit.path.endswith(_SOURCE):
        yield from _flags_by_words(edit.path, added)


def _module_name(path: str) -> str:
    """The module that a file at the top or below `src` is, or belongs to."""
    return path.removeprefix("src/").partition("/")[0].removesuffix(".py")


def _flags_by_words(path: str, added: dict[int, str]) -> Iterator[RedFlag]:
    for number, line in added.items():
        if _WORDS.search(line):
            yield RedFlag(path, number, "evades tests", line.strip())


def _flags_in_python(
    edit: FileEdit, added: dict[int, str], expected: Expectations
) -> Iterator[RedFlag]:
    yield from _hidden_code(edit.path, added)
    try:
        new = ast.parse(edit.new_text)
    except (SyntaxError, ValueError):
        yield from _flags_by_words(edit.path, added)
        return
    imported = _imported_names(new)
    for node in ast.walk(new):
        line = _new_line(node, added)
        if line is None:
            continue
        rule = _rule(node) or _store_rule(node, imported) or expected.rule(node)
        if rule is not None:
            yield RedFlag(edit.path, line, rule, added[line].strip())
    yield from _removed_checks(edit, new, added)


def _hidden_code(path: str, added: dict[int, str]) -> Iterator[RedFlag]:
    """Lines that Python reads otherwise than people do."""
    for number, line in added.items():
        coding = _CODING.match(line) if number <= 2 else None
        if coding and coding[1].lower() not in _PLAIN_CODINGS:
            yield RedFlag(path, number, "hides code in its encoding", line.strip())
        if _LONE_RETURN.search(line):
            yield RedFlag(path, number, "hides lines", line.strip())


def _new_line(node: ast.AST, added: dict[int, str]) -> int | None:
    """The line by which a piece of code is new; a text of many lines is by any of them."""
    first = getattr(node, "lineno", None)
    if first is None:
        return None
    last = node.end_lineno if isinstance(node, ast.Constant) else None
    return next((line for line in range(first, (last or first) + 1) if line in added), None)


def _imported_names(tree: ast.Module) -> frozenset[str]:
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    aliases = [alias for node in imports for alias in node.names]
    return frozenset((alias.asname or alias.name).partition(".")[0] for alias in aliases)


def _store_rule(node: ast.AST, imported: frozenset[str]) -> str | None:
    """Something that belongs to another module is replaced: `json.loads = mine`."""
    if not isinstance(node, ast.Attribute | ast.Subscript) or isinstance(node.ctx, ast.Load):
        return None
    root: ast.AST = node
    while isinstance(root, ast.Attribute | ast.Subscript):
        root = root.value
    is_foreign = isinstance(root, ast.Name) and root.id in imported
    return "replaces a part of another module" if is_foreign else None


def _removed_checks(edit: FileEdit, new: ast.Module, added: dict[int, str]) -> Iterator[RedFlag]:
    """An error that was raised, or a condition that was asserted, is not there any more."""
    try:
        old = ast.parse(edit.old_text)
    except (SyntaxError, ValueError):
        return
    if edit.new is not None and _checks(old) - _checks(new):
        yield RedFlag(edit.path, min(added, default=1), "removes a check", "")


def _checks(tree: ast.Module) -> Counter[str]:
    checks = (node for node in ast.walk(tree) if isinstance(node, ast.Raise | ast.Assert))
    return Counter(ast.unparse(node) for node in checks)


def _rule(node: ast.AST) -> str | None:
    """What a piece of new code looks like; None: nothing special."""
    match node:
        case ast.Import(names=names):
            return _import_rule({alias.name.partition(".")[0] for alias in names}) or _alias_rule(
                names
            )
        case ast.ImportFrom(module=str(module), names=names):
            return _import_rule({module.partition(".")[0]}) or _imported_names_rule(module, names)
        case ast.Attribute(attr=name, value=value):
            return _attribute_rule(name, value)
        case ast.Name(id=name):
            return _name_rule(name)
        case _:
            return _other_rule(node)


def _other_rule(node: ast.AST) -> str | None:
    match node:
        case ast.FunctionDef(name=name) if name in _COMPARISONS:
            return "says what it is equal to"
        case ast.Constant(value=str(text)) if _ENVIRONMENT.search(text):
            return "looks for tests"
        case ast.ExceptHandler():
            return _handler_rule(node)
        case ast.Call(func=ast.Name(id="getattr"), args=[owner, ast.Constant(value=str(name)), *_]):
            return _attribute_rule(name, owner)
        case ast.Call(func=ast.Name(id="getattr")):
            return "reaches into the machinery"
        case _:
            return None


def _import_rule(modules: set[str]) -> str | None:
    if modules & _TEST_MODULES:
        return "brings test tools into the code"
    if modules & _MACHINERY_MODULES:
        return "reaches into the machinery"
    return "runs a program" if modules & {"subprocess", "multiprocessing", "pty"} else None


def _alias_rule(names: list[ast.alias]) -> str | None:
    """`import sys as s`: the rules for `sys` would not see it."""
    is_disguised = any(alias.asname and alias.name in {"sys", "os"} for alias in names)
    return "reaches into the machinery" if is_disguised else None


def _imported_names_rule(module: str, names: list[ast.alias]) -> str | None:
    if module in {"sys", "os"} and any(alias.name == "*" for alias in names):
        return "reaches into the machinery"
    owner = ast.Name(id=module)
    rules = (_attribute_rule(alias.name, owner) or _name_rule(alias.name) for alias in names)
    return next(filter(None, rules), None)


def _name_rule(name: str) -> str | None:
    if name in _MACHINERY_NAMES or name in {"modules", "settrace", "argv"}:
        return "reaches into the machinery"
    if name in {"SystemExit", "KeyboardInterrupt", "exit", "quit", *_ENDS}:
        return "ends the process"
    if name in _COMPARISONS:
        return "says what it is equal to"
    return "skips tests" if name in {"SkipTest", "skip", "xfail"} else None


def _attribute_rule(name: str, value: ast.expr) -> str | None:
    owner = value.id if isinstance(value, ast.Name) else ""
    is_deep_in_sys = owner == "sys" and name not in _HARMLESS_OF_SYS
    if name in _MACHINERY_ATTRIBUTES or is_deep_in_sys:
        return "reaches into the machinery"
    if name in _ENDS or (owner, name) == ("sys", "exit") or _is_exec(owner, name):
        return "ends the process"
    if name in _SKIPS and owner in _TEST_MODULES:
        return "skips tests"
    if name in _COMPARISONS:
        return "says what it is equal to"
    return _more_attribute_rules(owner, name)


def _is_exec(owner: str, name: str) -> bool:
    return owner == "os" and name.startswith(("exec", "spawn"))


def _more_attribute_rules(owner: str, name: str) -> str | None:
    if name in _PROGRAMS or owner == "subprocess":
        return "runs a program"
    if name == "sleep":
        return "waits"
    if name in {"environ", "putenv"}:
        return "reads or changes the environment"
    if name in {"seed", "manual_seed", "manual_seed_all"}:
        return "fixes the randomness"
    return None


def _handler_rule(node: ast.ExceptHandler) -> str | None:
    """An `except` for everything, or one that does nothing about it."""
    is_broad = node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"}
    is_silent = all(isinstance(step, ast.Pass | ast.Continue) for step in node.body)
    return "swallows errors" if is_broad or is_silent else None
