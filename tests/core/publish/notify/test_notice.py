from pathlib import Path

import pytest

from core.cli_records import finished_sweep
from sweeptree.analysis.aggregate import aggregate
from sweeptree.model.report import ReportState
from sweeptree.publish.notify import Occasion, notice_of

TOKEN = "ghp_" + "a" * 36


@pytest.mark.parametrize("state", ReportState)
def test_every_end_has_its_words(state: ReportState) -> None:
    notice = notice_of("lr", state, "why", environ={})
    assert notice.title.startswith("lr ")
    assert notice.text == "why"


@pytest.mark.parametrize(
    ("state", "occasion"),
    [
        (ReportState.DONE, Occasion.FINISHED),
        (ReportState.FAILED, Occasion.FAILED),
        (ReportState.DELIVERY_FAILED, Occasion.NEEDS_YOU),
        (ReportState.CANCELLED, Occasion.NEEDS_YOU),
    ],
)
def test_which_occasion_an_end_is(state: ReportState, occasion: Occasion) -> None:
    assert notice_of("lr", state, "", environ={}).occasion is occasion


def test_results_are_told_without_aggregates_too(tmp_path: Path) -> None:
    notice = notice_of("lr", ReportState.FAILED, "", results=tmp_path, environ={})
    assert notice.text.splitlines() == [f"results: {tmp_path}", "next: sweeptree status lr"]


def test_the_best_config_is_told(tmp_path: Path) -> None:
    paths = finished_sweep(tmp_path, "lr", failed=(3,))
    aggregate(paths)
    notice = notice_of("lr", ReportState.DONE, "", results=paths.root, environ={})
    assert "jobs: 1 failed, 3 succeeded" in notice.text
    assert "best of 2: lr=3e-4   val_auc" in notice.text


def test_no_secret_is_in_the_text() -> None:
    environ = {"MY_TOKEN": "swordfish-swordfish"}
    reason = f"push with {TOKEN} failed; swordfish-swordfish"
    notice = notice_of(TOKEN, ReportState.FAILED, reason, environ=environ)
    assert "swordfish" not in notice.text
    assert TOKEN not in notice.text + notice.title


def test_a_reason_is_one_line() -> None:
    assert notice_of("lr", ReportState.FAILED, "a\nb\x1b[31m", environ={}).text == "a b?[31m"
