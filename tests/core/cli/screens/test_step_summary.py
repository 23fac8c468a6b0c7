"""The summary that GitHub Actions shows."""

import io
import re
from pathlib import Path

from core.cli_records import finished_sweep
from sweeptree.analysis.aggregate import aggregate
from sweeptree.cli.screens.step_summary import annotate, step_summary, write_step_summary


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


def annotated(tmp_path: Path, environ: dict[str, str]) -> str:
    stream = io.StringIO()
    annotate(aggregate(finished_sweep(tmp_path, jobs=6, failed=(1,))), stream, environ)
    return stream.getvalue()


def test_each_cause_of_failure_is_one_line_for_the_runner(tmp_path: Path) -> None:
    (line,) = annotated(tmp_path, {"GITHUB_ACTIONS": "true"}).splitlines()
    assert line.startswith("::error title=unet%3A 1 job failed%3A ")
    assert line.endswith("%0Asweeptree resume unet --jobs 1")


def test_elsewhere_nothing_is_annotated(tmp_path: Path) -> None:
    assert annotated(tmp_path, {}) == ""


def test_what_a_job_says_begins_no_command_of_its_own(tmp_path: Path) -> None:
    document = aggregate(finished_sweep(tmp_path, jobs=2, failed=(0,)))
    hostile = "100 %\n::warning::x"
    job = document.jobs[0].model_copy(update={"reason": hostile, "log_tail": hostile})
    stream = io.StringIO()
    changed = document.model_copy(update={"jobs": (job,)})
    annotate(changed, stream, {"GITHUB_ACTIONS": "true"})
    assert all(line.startswith("::error title=") for line in stream.getvalue().splitlines())
