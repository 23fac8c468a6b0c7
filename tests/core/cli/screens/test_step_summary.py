"""The summary that GitHub Actions shows."""

import re
from pathlib import Path

from core.cli_records import finished_sweep
from sweeptree.analysis.aggregate import aggregate
from sweeptree.cli.screens.step_summary import step_summary, write_step_summary


def test_the_summary_has_the_leaderboard_and_the_failures(tmp_path: Path) -> None:
    text = step_summary(aggregate(finished_sweep(tmp_path, jobs=6, failed=(1,))), 1)
    assert "5 ok, 1 FAILED; exit code 1" in text
    assert re.search(r"\| 1 \| lr=\de-4 \| 0\.\d+ ± ", text)
    assert "sweeptree resume unet --jobs 1" in text


def test_what_a_job_says_is_no_markup(tmp_path: Path) -> None:
    document = aggregate(finished_sweep(tmp_path, jobs=2))
    text = step_summary(document.model_copy(update={"warnings": ("<img> [x](y) | z",)}), 0)
    assert "- &lt;img> \\[x\\](y) \\| z" in text


def test_it_is_appended_where_the_runner_asks_for_it(tmp_path: Path) -> None:
    document = aggregate(finished_sweep(tmp_path, jobs=2))
    page = tmp_path / "summary.md"
    page.write_text("before\n")
    write_step_summary(document, 0, {"GITHUB_STEP_SUMMARY": str(page)})
    write_step_summary(document, 0, {"GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "such")})
    write_step_summary(document, 0, {})
    assert page.read_text().startswith("before\n## unet\n")
