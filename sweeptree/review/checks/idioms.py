"""Code that is slow for no reason, on added lines: what no linter says of numeric code.

Loops over arrays, copies and growing arrays in loops, transfers from the GPU in training loops,
loaders that leave the GPU waiting. Each is a pattern of the syntax tree; nothing is run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from sweeptree.review.change import Change
from sweeptree.review.checks.loops import (
    Loop,
    called,
    dotted,
    is_invariant,
    loops,
    names_in,
)
from sweeptree.review.checks.training import TRAINING_CHECKS, is_training
from sweeptree.review.scopes import parsed
from sweeptree.review.values import CheckResult, Finding, Severity

NAME = "performance"
_ARRAYS = {"numpy", "torch", "pandas", "jax", "scipy", "tensorflow"}
_GROWERS = {
    "np.append", "np.concatenate", "np.vstack", "np.hstack", "np.stack", "numpy.append",
    "numpy.concatenate", "numpy.vstack", "numpy.hstack", "torch.cat", "torch.stack",
    "torch.concat", "pd.concat", "pandas.concat", "jnp.append", "jnp.concatenate",
}  # fmt: skip
_COPIERS = {"copy", "clone", "deepcopy"}
_READERS = {
    "np.load", "np.loadtxt", "np.genfromtxt", "pd.read_csv", "pd.read_parquet", "pd.read_pickle",
    "torch.load", "json.load", "pickle.load", "numpy.load", "pandas.read_csv",
}  # fmt: skip


def check_idioms(change: Change) -> CheckResult:
    """The patterns, at head and base."""
    head: list[Finding] = []
    base: list[Finding] = []
    for file in change.files:
        if file.is_python and not file.is_test:
            head += idioms(file.path, file.new or "")
            base += idioms(file.path, file.old or "")
    return CheckResult(NAME, tuple(head), tuple(base), note="own patterns for numeric code")


def idioms(path: str, text: str) -> list[Finding]:
    """All patterns in one file."""
    tree = parsed(text)
    if tree is None or not (_imports(tree) & _ARRAYS):
        return []
    found: list[tuple[int, str, str]] = list(_loaders(tree, text))
    for loop in loops(tree):
        found += _in_loop(loop)
        if is_training(loop):
            for check in TRAINING_CHECKS:
                found += check(loop)
    found += _evaluations(tree)
    unique = dict.fromkeys(found)
    return [_finding(path, *each) for each in unique]


def _finding(path: str, line: int, rule: str, text: str) -> Finding:
    """Apart: what makes code slow may be a line that the change took away."""
    return Finding(path, line, rule, "sweeptree", Severity.WARNING, text, is_apart=True)


def _imports(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def _in_loop(loop: Loop) -> Iterator[tuple[int, str, str]]:
    yield from _elementwise(loop)
    for node in loop.nodes:
        if isinstance(node, ast.Assign):
            yield from _growing(node)
        elif isinstance(node, ast.Call):
            yield from _repeated_work(loop, node)


def _elementwise(loop: Loop) -> Iterator[tuple[int, str, str]]:
    """`for i in range(len(x))` that computes with `x[i]`; `iterrows`."""
    node = loop.node
    if not isinstance(node, ast.For):
        return
    if isinstance(node.iter, ast.Call) and called(node.iter) in ("iterrows", "itertuples"):
        if called(node.iter) == "iterrows":
            yield node.lineno, "iterrows", "iterrows makes a Series per row: use whole columns"
        return
    index = node.target.id if isinstance(node.target, ast.Name) else None
    if index and _counts_elements(node.iter) and _computes_with(loop, index):
        text = (
            "a Python loop over the elements of an array: one vectorised expression does the same"
        )
        yield node.lineno, "loop-over-array", text


def _counts_elements(node: ast.expr) -> bool:
    """`range(len(x))`, `range(x.shape[0])`, `range(x.size)`."""
    if not (isinstance(node, ast.Call) and called(node) == "range" and node.args):
        return False
    last = node.args[1] if len(node.args) > 1 else node.args[0]
    is_length = isinstance(last, ast.Call) and called(last) == "len"
    attributes = {each.attr for each in ast.walk(last) if isinstance(each, ast.Attribute)}
    return is_length or bool(attributes & {"shape", "size"})


def _computes_with(loop: Loop, index: str) -> bool:
    """Whether elements at the index take part in arithmetic."""
    for node in loop.nodes:
        if isinstance(node, ast.BinOp | ast.AugAssign) and any(
            _is_element(each, index) for each in ast.walk(node)
        ):
            return True
    return False


def _is_element(node: ast.AST, index: str) -> bool:
    return isinstance(node, ast.Subscript) and index in names_in(node.slice)


def _growing(node: ast.Assign) -> Iterator[tuple[int, str, str]]:
    """`x = np.append(x, ...)`: every turn copies all that is there."""
    value, target = node.value, node.targets[0]
    if not (isinstance(value, ast.Call) and isinstance(target, ast.Name)):
        return
    if dotted(value.func) in _GROWERS and target.id in names_in(value):
        text = "the array is copied on every turn: collect in a list, join once after the loop"
        yield node.lineno, "growing-array", text


def _repeated_work(loop: Loop, node: ast.Call) -> Iterator[tuple[int, str, str]]:
    """Copies of, and reads by, what does not change in the loop."""
    name = called(node)
    if name in _COPIERS and is_invariant(_copied(node), loop):
        text = "the same object is copied on every turn: copy once before the loop"
        yield node.lineno, "copy-in-loop", text
    is_read = dotted(node.func) in _READERS
    if is_read and node.args and all(is_invariant(each, loop) for each in node.args):
        yield node.lineno, "read-in-loop", "the same file is read on every turn: read it once"


def _copied(node: ast.Call) -> ast.expr | None:
    if node.args:
        return node.args[0]
    return node.func.value if isinstance(node.func, ast.Attribute) else None


def _loaders(tree: ast.Module, text: str) -> Iterator[tuple[int, str, str]]:
    """`DataLoader` without workers, and without pinned memory where there is a GPU."""
    uses_gpu = ".cuda(" in text or '"cuda' in text or "'cuda" in text
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and called(node) == "DataLoader"):
            continue
        given = {each.arg: each.value for each in node.keywords}
        if None in given:
            continue  # **options
        lacking = list(_lacking(given, uses_gpu=uses_gpu))
        if lacking:
            text = f"DataLoader without {' and '.join(lacking)}: the GPU waits for the data"
            yield node.lineno, "data-loader", text


def _lacking(given: dict[str | None, ast.expr], *, uses_gpu: bool) -> Iterator[str]:
    workers = given.get("num_workers")
    if workers is None or (isinstance(workers, ast.Constant) and not workers.value):
        yield "num_workers"
    if uses_gpu and "pin_memory" not in given:
        yield "pin_memory"


def _evaluations(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """A function that calls `.eval()` and then runs the model while gradients are kept."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
        evals = [each for each in calls if called(each) == "eval" and not each.args]
        attributes = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
        names = names_in(node) | attributes
        is_guarded = names & {"no_grad", "inference_mode", "backward", "set_grad_enabled"}
        if evals and not is_guarded and _runs_model(evals[0], calls):
            text = "the model runs in eval() with gradients kept: use torch.inference_mode()"
            yield evals[0].lineno, "eval-with-gradients", text


def _runs_model(evaluated: ast.Call, calls: list[ast.Call]) -> bool:
    assert isinstance(evaluated.func, ast.Attribute)
    model = dotted(evaluated.func.value)
    return any(dotted(each.func) == model and each.args for each in calls)
