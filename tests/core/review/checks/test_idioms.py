"""Slow idioms of numeric code, and code that only looks like them."""

from pathlib import Path

import pytest

from core.review_kit import make_change
from sweeptree.review.checks.idioms import check_idioms, idioms
from sweeptree.review.findings import new_findings

SLOW = {
    "loop-over-array": "for i in range(len(x)):\n    y[i] = x[i] * 2\n",
    "iterrows": "for _, row in df.iterrows():\n    use(row)\n",
    "growing-array": "for v in data:\n    out = np.append(out, v)\n",
    "copy-in-loop": "for v in data:\n    use(big.copy(), v)\n",
    "read-in-loop": "for v in data:\n    use(np.load('a.npy'), v)\n",
    "data-loader": "loader = DataLoader(data, batch_size=4)\n",
    "eval-with-gradients": "def score(model, x):\n    model.eval()\n    return model(x)\n",
}
FINE = {
    "a step of two": "for i in range(0, 10, 2):\n    use(i)\n",
    "an index for a list": "for i in range(len(names)):\n    use(names[i])\n",
    "joined once": "for v in data:\n    parts.append(v)\nout = np.concatenate(parts)\n",
    "a copy of what changes": "for v in data:\n    use(v.copy())\n",
    "a snapshot": "for v in data:\n    state[0] = v\n    keep(state.copy())\n",
    "files of a list": "for name in names:\n    use(np.load(name))\n",
    "workers": "loader = DataLoader(data, num_workers=4)\n",
    "options": "loader = DataLoader(data, **options)\n",
    "no gradients": "def f(m, x):\n    m.eval()\n    with torch.no_grad():\n        return m(x)\n",
    "only set": "def f(m):\n    m.eval()\n    return m\n",
}


def rules(text: str) -> list[str]:
    return [each.rule for each in idioms("a.py", f"import numpy as np\n{text}")]


@pytest.mark.parametrize(("rule", "text"), SLOW.items(), ids=SLOW.keys())
def test_slow(rule: str, text: str) -> None:
    assert rules(text) == [rule]


@pytest.mark.parametrize("text", FINE.values(), ids=FINE.keys())
def test_fine(text: str) -> None:
    assert rules(text) == []


def test_code_without_arrays_is_left_alone() -> None:
    assert idioms("a.py", SLOW["loop-over-array"]) == []


def test_pinned_memory_where_there_is_a_gpu() -> None:
    text = "import torch\nmodel.cuda()\nloader = DataLoader(data, num_workers=4)\n"
    (found,) = idioms("a.py", text)
    assert "pin_memory" in found.message


def test_a_line_that_was_taken_away_may_make_it_slow(tmp_path: Path) -> None:
    guarded = f"import torch\n@torch.no_grad()\n{SLOW['eval-with-gradients']}"
    new = guarded.replace("@torch.no_grad()\n", "")
    change = make_change(tmp_path, {"a.py": guarded}, {"a.py": new})
    (found,) = new_findings([check_idioms(change)], change)
    assert (found.rule, found.is_on_diff) == ("eval-with-gradients", False)


def test_slow_code_in_a_renamed_function_is_no_news(tmp_path: Path) -> None:
    text = "import torch\n" + SLOW["eval-with-gradients"]
    change = make_change(tmp_path, {"a.py": text}, {"a.py": text.replace("score", "rate")})
    assert new_findings([check_idioms(change)], change) == ()


def test_what_was_slow_before_is_no_news(tmp_path: Path) -> None:
    text = "import numpy as np\n" + SLOW["growing-array"]
    change = make_change(tmp_path, {"a.py": text}, {"a.py": "x = 1\n" + text})
    assert new_findings([check_idioms(change)], change) == ()
