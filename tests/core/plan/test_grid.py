"""How templates, grids and seeds fit together."""

import pytest

from core.plan.plan_kit import template
from sweeptree.errors import UsageError


def test_template_goes_through_configs_outside_and_seeds_inside() -> None:
    made = template(
        "python t.py --lr {lr} --seed {seed}", grid={"lr": ("1e-3", "3e-4")}, seeds=(1, 2)
    )
    assert [(job.config_id, job.seed) for job in made] == [
        ("lr=1e-3", 1), ("lr=1e-3", 2), ("lr=3e-4", 1), ("lr=3e-4", 2),
    ]  # fmt: skip
    assert made[2].command == "python t.py --lr 3e-4 --seed 1"
    assert dict(made[2].params) == {"lr": 3e-4}


@pytest.mark.parametrize(
    ("text", "more", "says"),
    [
        ("t {lr} {wd}", {"grid": {"lr": ("1",)}}, "asks for {wd}"),
        ("t {seed}", {}, "asks for {seed}"),
        ("t {lr}", {"grid": {"lr": ("1",)}, "seeds": (1,)}, "does not use {seed}"),
        ("t", {"grid": {"lr": ("1",)}}, "does not use {lr}"),
        ("t {lr.x!r}", {"grid": {"lr": ("1",)}}, "no parameter"),
        ("t {lr}", {"grid": {"lr": ("1e-3", "0.001")}}, "twice"),
        ("t {lr}", {"grid": {"lr": ()}}, "no value"),
        ("t {seed}", {"grid": {"seed": (1, 2)}}, "seed"),
        ("t {m.seed}", {"grid": {"m.seed": (1, 2)}}, "no config of its own"),
        ("t {seed}", {"seeds": (1, 1)}, "twice"),
        ("t '{lr}'", {"grid": {"lr": ("it's",)}}, "inside quotes"),
        ("t {a} {b}", {"grid": {"a": tuple(range(400)), "b": tuple(range(400))}}, "160,000 jobs"),
    ],
)
def test_templates_that_do_not_fit_are_refused(
    text: str, more: dict[str, object], says: str
) -> None:
    with pytest.raises(UsageError, match="(?s)" + says.replace("{", r"\{").replace("}", r"\}")):
        template(text, **more)
