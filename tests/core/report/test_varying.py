"""What tells the configs of a sweep apart."""

from pathlib import Path

from core.report.sheet_kit import sheet_of
from sweeptree.analysis.document import Group
from sweeptree.report.varying import constant, short_names, varying


def group(name: str, **params: object) -> Group:
    return Group.model_validate(
        {"config_id": name, "params": params, "seeds": (), "n": 0, "n_failed": 0}
        | {"metrics": {}, "rank": None}
    )


def test_only_what_varies_is_in_a_name(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, grid={"lr": (0.1, 0.01), "depth": (3,), "opt": ("adam", "sgd")})
    assert sheet.varying == ("lr", "opt")
    assert sheet.configs[0].name == "lr=0.1 opt=adam"
    assert constant([config.params for config in sheet.configs]) == {"depth": "3"}


def test_a_parameter_that_only_some_have_varies() -> None:
    assert varying([{"a": 1}, {"a": 1, "b": 2}]) == ("b",)


def test_names_that_would_be_alike_stay_long() -> None:
    names = short_names([group("x"), group("y"), group("z", lr=0.1)])
    assert names == {"x": "x", "y": "y", "z": "lr=0.1"}
