"""Training loops that make the GPU wait, and those that do not."""

import ast

import pytest

from sweeptree.review.checks.loops import loops
from sweeptree.review.checks.training import TRAINING_CHECKS, is_training

STEP = """\
def train(model, data, optimizer):
    total = 0
    for n, x in enumerate(data):
        optimizer.zero_grad()
        loss = model(x)
        loss.backward()
        optimizer.step()
        {}
"""
SLOW = {
    "gpu-transfer": "total += loss.item()",
    "kept-graph": "total += loss",
    "made-on-cpu": "mask = torch.zeros(4).to(device)",
    "gpu-sync": "torch.cuda.empty_cache()",
}
FINE = [
    "total += loss.detach()",
    "if n % 100 == 0: log(loss.item())",
    "mask = torch.zeros(4, device=device)",
    "x.to(device)",
]


def rules(text: str) -> list[str]:
    found = []
    for loop in loops(ast.parse(text)):
        if is_training(loop):
            found += [rule for check in TRAINING_CHECKS for _, rule, _ in check(loop)]
    return found


@pytest.mark.parametrize(("rule", "line"), SLOW.items(), ids=SLOW.keys())
def test_slow(rule: str, line: str) -> None:
    assert rules(STEP.format(line)) == [rule]


@pytest.mark.parametrize("line", FINE)
def test_fine(line: str) -> None:
    assert rules(STEP.format(line)) == []


def test_gradients_that_are_never_cleared() -> None:
    assert rules(STEP.format("pass").replace("optimizer.zero_grad()", "pass")) == ["no-zero-grad"]


def test_a_loop_round_the_training_loop_is_none() -> None:
    text = "for epoch in epochs:\n    for x in data:\n        f(x).backward()\n    loss.item()\n"
    assert rules(text) == []
