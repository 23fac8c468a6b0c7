"""What one piece of new code looks like, whatever stands around it: the words of cheats."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from sweeptree.publish.checks.literals import texts

MACHINERY = "reaches into the machinery"
PLACE = "asks where or when it runs"
EQUALITY = "says what it is equal to"
HAND_MADE = "makes a class by hand"
_ENDING, _PROGRAM = "ends the process", "runs a program"
_TESTS, _SWALLOWING = "looks for tests", "swallows errors"

_SKIPS = {"skip", "skipif", "importorskip", "xfail", "exit", "SkipTest", "skipTest", "skipUnless"}
_TEST_MODULES = {"pytest", "_pytest", "unittest", "pluggy", "doctest", "hypothesis", "nose"}
_MACHINERY_MODULES = {
    "atexit", "gc", "ctypes", "builtins", "inspect", "importlib", "site", "signal", "marshal",
    "faulthandler", "imp", "types", "runpy", "cffi", "trace", "bdb", "pickle", "dill", "_thread",
    "code", "codeop", "pkgutil", "zipimport", "pydoc", "timeit", "profile", "cProfile", "pdb",
    "shelve", "copyreg", "posix", "nt", "linecache", "dis", "symtable", "xmlrpc", "cloudpickle",
}  # fmt: skip
_PROGRAM_MODULES = {"subprocess", "multiprocessing", "pty", "webbrowser", "pexpect"}
_NETWORK_MODULES = {
    "socket", "socketserver", "requests", "httpx", "aiohttp", "ftplib", "telnetlib", "http",
}  # fmt: skip
_MACHINERY_NAMES = {
    "exec", "eval", "compile", "__import__", "globals", "__builtins__", "breakpoint", "__loader__",
    "setattr", "delattr", "vars", "locals", "attrgetter", "methodcaller", "ForwardRef",
    "get_type_hints", "dictConfig", "fileConfig", "__doc__",
}  # fmt: skip
_MACHINERY_ATTRIBUTES = _MACHINERY_NAMES - {"eval", "compile"} | {
    "modules", "settrace", "setprofile", "meta_path", "path_hooks", "excepthook", "_getframe",
    "__code__", "__globals__", "__closure__", "__subclasses__", "__dict__", "__setattr__",
    "__delattr__", "__defaults__", "__kwdefaults__", "argv", "currentframe", "stack",
    "extract_stack", "addaudithook", "monitoring", "displayhook", "unraisablehook", "__mro__",
    "__base__", "__bases__", "__traceback__", "tb_frame", "f_back", "f_locals", "f_globals",
    "f_code", "gi_frame", "cr_frame", "ag_frame", "co_name", "format_stack", "print_stack",
    "walk_stack", "findCaller", "finalize", "register_at_fork", "handlers", "__wrapped__", "sys",
}  # fmt: skip
_ENDS = {"_exit", "abort", "kill", "killpg", "execv", "execve", "execvp", "fork", "forkpty"}
_PROGRAMS = {
    "system", "popen", "Popen", "check_call", "check_output", "posix_spawn", "ProcessPoolExecutor",
    "create_subprocess_exec", "create_subprocess_shell", "startfile",
}  # fmt: skip
_COMPARISONS = {
    "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__bool__", "__len__", "__hash__",
    "__instancecheck__", "__subclasscheck__", "__contains__", "__getattribute__",
    "__array_ufunc__", "__array_function__", "__array_wrap__", "__array_finalize__",
    "__init_subclass__", "__del__",
}  # fmt: skip
_HARMLESS_OF_SYS = {
    "version_info", "version", "platform", "maxsize", "byteorder", "float_info", "int_info",
    "stdin", "stdout", "stderr", "getsizeof", "intern", "executable", "exit", "exc_info",
    "getrecursionlimit", "getdefaultencoding", "getfilesystemencoding", "implementation",
}  # fmt: skip
_PLACES = {
    "getcwd", "cwd", "gethostname", "uname", "getuser", "getlogin", "getppid", "getpid", "node",
}  # fmt: skip
_SILENCERS = {"simplefilter", "filterwarnings", "catch_warnings", "resetwarnings", "seterr"}
_GENERATORS = {"Random", "RandomState", "default_rng", "SeedSequence", "PRNGKey"}
_ENVIRONMENT = re.compile(
    r"PYTEST|_pytest\b|\bpytest\b|\bunittest\b|/proc/|\bTOX_|^CI$|GITHUB_ACT|sweeptree"
    r"|(^|/)\.git$|^tests$|(^|/)tests/|\btest_[\w*]*\.py|_test\.py|\*\.py\b|\bconftest\b"
)


def node_rule(node: ast.AST) -> str | None:
    """What a piece of new code looks like; None: nothing special."""
    match node:
        case ast.Import(names=names):
            return _import_rule({alias.name for alias in names}) or _alias_rule(names)
        case ast.ImportFrom(module=str(module), names=names):
            return _import_rule({module}) or _imported_names_rule(module, names)
        case ast.Attribute(attr=name, value=value):
            return _attribute_rule(name, value)
        case ast.Name(id=name):
            return _name_rule(name)
        case ast.MatchClass(kwd_attrs=names):
            rules = (_attribute_rule(name, ast.Name(id="")) for name in names)
            return next(filter(None, rules), None)
        case ast.Call():
            return _call_rule(node)
        case _:
            return _definition_rule(node) or _text_rule(node)


def _definition_rule(node: ast.AST) -> str | None:
    match node:
        case ast.FunctionDef(name=name) if name in _COMPARISONS:
            return EQUALITY
        case ast.FunctionDef(name=name) if name.startswith("pytest_"):
            return "is a hook of pytest"
        case ast.FunctionDef(name="__exit__", body=body) if _returns_true(body):
            return _SWALLOWING
        case ast.ClassDef() if _is_metaclass(node):
            return HAND_MADE
        case ast.ExceptHandler():
            return _handler_rule(node)
        case ast.Try(finalbody=steps) if any(_leaves(step) for step in steps):
            return _SWALLOWING
        case _:
            return None


def _text_rule(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Constant | ast.BinOp):
        return None
    found = list(texts(node))
    if any(text in _COMPARISONS for text in found):
        return EQUALITY
    return _TESTS if any(_ENVIRONMENT.search(text) for text in found) else None


def _import_rule(modules: set[str]) -> str | None:
    first = {module.partition(".")[0] for module in modules}
    if first & _TEST_MODULES:
        return "brings test tools into the code"
    if first & _MACHINERY_MODULES or "logging.config" in modules:
        return MACHINERY
    if first & _NETWORK_MODULES or "urllib.request" in modules:
        return "talks to the network"
    return _PROGRAM if first & _PROGRAM_MODULES else None


def _alias_rule(names: list[ast.alias]) -> str | None:
    """`import sys as s`: the rules for `sys` would not see it."""
    is_disguised = any(alias.asname and alias.name in {"sys", "os"} for alias in names)
    return MACHINERY if is_disguised else None


def _imported_names_rule(module: str, names: list[ast.alias]) -> str | None:
    if module in {"sys", "os"} and any(alias.name == "*" for alias in names):
        return MACHINERY
    owner = ast.Name(id=module)
    rules = (_attribute_rule(alias.name, owner) or _name_rule(alias.name) for alias in names)
    return next(filter(None, rules), None)


def _name_rule(name: str) -> str | None:
    if name in _MACHINERY_NAMES or name in {"modules", "settrace", "argv"}:
        return MACHINERY
    if name in {"SystemExit", "KeyboardInterrupt", "exit", "quit", *_ENDS}:
        return _ENDING
    if name in _COMPARISONS:
        return EQUALITY
    if name == "suppress":
        return _SWALLOWING
    return "skips tests" if name in {"SkipTest", "skip", "xfail"} else None


def _attribute_rule(name: str, value: ast.expr) -> str | None:
    owner = value.id if isinstance(value, ast.Name) else ""
    is_deep_in_sys = owner == "sys" and name not in _HARMLESS_OF_SYS
    is_class_of_other = name == "__class__" and owner not in {"self", "cls"}
    if name in _MACHINERY_ATTRIBUTES or is_deep_in_sys or is_class_of_other:
        return MACHINERY
    if name in _ENDS or (owner, name) == ("sys", "exit") or _is_exec(owner, name):
        return _ENDING
    if name in _SKIPS and owner in _TEST_MODULES:
        return "skips tests"
    if name in _COMPARISONS:
        return EQUALITY
    return _more_attribute_rules(owner, name)


def _is_exec(owner: str, name: str) -> bool:
    return owner == "os" and name.startswith(("exec", "spawn"))


_BY_ATTRIBUTE: tuple[tuple[Iterable[str], str], ...] = (
    (_PROGRAMS, _PROGRAM),
    ({"suppress"}, _SWALLOWING),
    ({"sleep"}, "waits"),
    ({"environ", "environb", "getenv", "putenv", "expandvars"}, "reads or changes the environment"),
    ({"seed", "manual_seed", "manual_seed_all"}, "fixes the randomness"),
    (_PLACES, PLACE),
    (_SILENCERS, "silences warnings"),
)


def _more_attribute_rules(owner: str, name: str) -> str | None:
    if owner == "subprocess":
        return _PROGRAM
    return next((rule for names, rule in _BY_ATTRIBUTE if name in names), None)


def _call_rule(node: ast.Call) -> str | None:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    first = node.args[0] if node.args else None
    if called == "getattr":
        return _getattr_rule(node.args)
    if called == "type" and len(node.args) == 3:
        return HAND_MADE
    if called in _GENERATORS and isinstance(first, ast.Constant):
        return "fixes the randomness"
    is_stream = isinstance(first, ast.Attribute) and ast.unparse(first).startswith("sys.std")
    if is_stream and isinstance(node.func, ast.Name) and called != "print":
        return _TESTS
    return _text_rule_of_call(node)


def _text_rule_of_call(node: ast.Call) -> str | None:
    """A text that is put together: `"".join(["py", "test"])`."""
    is_joined = isinstance(node.func, ast.Attribute) and node.func.attr == "join"
    found = list(texts(node)) if is_joined else []
    return _TESTS if any(_ENVIRONMENT.search(text) for text in found) else None


def _getattr_rule(arguments: list[ast.expr]) -> str | None:
    match arguments:
        case [owner, ast.Constant(value=str(name)), *_]:
            return _attribute_rule(name, owner)
        case _:
            return MACHINERY


def _is_metaclass(node: ast.ClassDef) -> bool:
    is_type = any(ast.unparse(base) == "type" for base in node.bases)
    return is_type or any(keyword.arg == "metaclass" for keyword in node.keywords)


def _handler_rule(node: ast.ExceptHandler) -> str | None:
    """An `except` for everything, or one that does nothing about it."""
    is_broad = node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"}
    return _SWALLOWING if is_broad or is_silent_handler(node) else None


def is_silent_handler(node: ast.AST) -> bool:
    """Whether it is an `except` that does nothing about the error."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    return all(isinstance(step, ast.Pass | ast.Continue) for step in node.body)


def _leaves(step: ast.stmt) -> bool:
    return isinstance(step, ast.Return | ast.Break | ast.Continue)


def _returns_true(body: list[ast.stmt]) -> bool:
    returns = (step for step in body if isinstance(step, ast.Return))
    return any(isinstance(step.value, ast.Constant) and step.value.value for step in returns)
