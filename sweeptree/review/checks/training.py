"""What makes a training loop slow or wrong: transfers from the GPU, kept graphs. Pure."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from sweeptree.review.checks.loops import Loop, called, dotted, names_in

Remark = tuple[int, str, str]
_TRANSFERS = {"item", "cpu", "numpy", "tolist"}
_MAKERS = {"zeros", "ones", "tensor", "randn", "rand", "arange", "full", "eye", "empty"}
_SYNC = {"torch.cuda.empty_cache", "torch.cuda.synchronize"}


def is_training(loop: Loop) -> bool:
    """Whether gradients are computed on every turn of this very loop, not of one inside it."""
    inner = [node for node in loop.nodes if isinstance(node, ast.For | ast.While)]
    within = {id(each) for node in inner for each in ast.walk(node)}
    return any(_is_call(node, "backward") and id(node) not in within for node in loop.nodes)


def transfers(loop: Loop) -> Iterator[Remark]:
    """`.item()`, `.cpu()`, `.numpy()` on every step: each waits for the GPU."""
    for node in loop.nodes:
        if not isinstance(node, ast.Call) or id(node) in loop.rare or node.args:
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in _TRANSFERS:
            text = (
                f".{node.func.attr}() on every step waits for the GPU: sum on the device, read once"
            )
            yield node.lineno, "gpu-transfer", text


def kept_graphs(loop: Loop) -> Iterator[Remark]:
    """`total += loss`: keeps the graph of every step in memory."""
    losses = {
        dotted(node.func.value)
        for node in loop.nodes
        if _is_call(node, "backward")
        and isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
    }
    for node in loop.nodes:
        value = _kept_value(node)
        if value is not None and dotted(value) in losses - {""}:
            text = "the loss is kept with its graph: memory grows on every step; add .detach()"
            yield value.lineno, "kept-graph", text


def _kept_value(node: ast.AST) -> ast.expr | None:
    """What is added to a sum or appended to a list."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        return node.value
    if isinstance(node, ast.Call) and called(node) == "append" and node.args:
        return node.args[0]
    return None


def made_on_the_cpu(loop: Loop) -> Iterator[Remark]:
    """`torch.zeros(...).to(device)`: made on the CPU, then copied, on every step."""
    for node in loop.nodes:
        if not (isinstance(node, ast.Call) and called(node) in ("to", "cuda")):
            continue
        made = node.func.value if isinstance(node.func, ast.Attribute) else None
        if not (isinstance(made, ast.Call) and dotted(made.func).startswith("torch.")):
            continue
        if called(made) in _MAKERS:
            text = "the tensor is made on the CPU and copied on every step: give it device="
            yield node.lineno, "made-on-cpu", text


def cleared_caches(loop: Loop) -> Iterator[Remark]:
    """`torch.cuda.empty_cache()` on every step."""
    for node in loop.nodes:
        if isinstance(node, ast.Call) and dotted(node.func) in _SYNC and id(node) not in loop.rare:
            text = f"{dotted(node.func)}() on every step makes the GPU wait"
            yield node.lineno, "gpu-sync", text


def stale_gradients(loop: Loop) -> Iterator[Remark]:
    """`backward` and `step` in a function that never clears the gradients."""
    calls = [node for node in loop.nodes if isinstance(node, ast.Call)]
    steps = [node for node in calls if called(node) == "step" and _is_optimizer(node)]
    everywhere = [node for node in ast.walk(loop.function) if isinstance(node, ast.Call)]
    is_cleared = any(called(node) == "zero_grad" for node in everywhere)
    if steps and not is_cleared:
        text = "gradients are never cleared here: zero_grad() is missing before the next step"
        yield steps[0].lineno, "no-zero-grad", text


def _is_optimizer(node: ast.Call) -> bool:
    names = names_in(node.func)
    return any(name.startswith("opt") for name in names) or "optimizer" in dotted(node.func)


def _is_call(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and called(node) == name


TRAINING_CHECKS: tuple[Callable[[Loop], Iterator[Remark]], ...] = (
    transfers,
    kept_graphs,
    made_on_the_cpu,
    cleared_caches,
    stale_gradients,
)
