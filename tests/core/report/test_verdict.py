"""The sentences at the head of the page."""

from pathlib import Path

from core.report.sheet_kit import sheet_of
from sweeptree.report.verdict import verdict


def test_the_first_is_named_with_its_lead(tmp_path: Path) -> None:
    text = verdict(sheet_of(tmp_path))
    assert text.startswith("lr=0.1 is first: val_auc ")
    assert text.endswith("All 6 jobs succeeded.")


def test_a_single_config_is_compared_with_nothing(tmp_path: Path) -> None:
    text = verdict(sheet_of(tmp_path, grid={"lr": (0.1,)}))
    assert "there is no other config to compare it with" in text


def test_failures_are_counted(tmp_path: Path) -> None:
    text = verdict(sheet_of(tmp_path, failing={0: "no\n"}))
    assert text.endswith("1 of 6 jobs did not succeed.")


def test_where_nothing_succeeded_nothing_is_claimed(tmp_path: Path) -> None:
    text = verdict(sheet_of(tmp_path, failing=dict.fromkeys(range(6), "no\n")))
    assert text == "No job succeeded."
