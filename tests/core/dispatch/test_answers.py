"""Answers as text: what a client without fields shows."""

from pathlib import Path

from sweeptree.dispatch.answers import Done, Log, Plan, PlannedJob, report_lines
from sweeptree.dispatch.calls import CallState


def test_a_plan_shows_jobs_problems_and_what_it_publishes() -> None:
    job = PlannedJob(id=0, cmd="python train.py")
    plan = Plan(
        message="Plan p",
        next=("agree",),
        plan_id="p",
        exp_name="a",
        would_start=False,
        problems=("dirty",),
        publishes="a branch",
        commit="c",
        parallel=1,
        results=Path("r"),
        n_jobs=3,
        jobs=(job,),
    )
    page = plan.page()
    for part in ("0  python train.py", "2 more jobs", "Problem: dirty", "a branch", "Next: agree"):
        assert part in page


def test_a_report_is_its_page_and_its_diff() -> None:
    assert report_lines({"markdown": "# a\nb", "diff": "+x"}) == ["# a", "b", "", "diff:", "+x"]


def test_a_report_without_a_page_is_its_fields_and_its_log() -> None:
    lines = report_lines({"exit_code": 7, "reason": "", "files": ["a", "b"], "log_tail": "end\n"})
    assert lines == ["- exit_code: 7", "- files: a", "- files: b", "", "log:", "end"]


def test_what_is_listed_has_a_line_each_without_what_is_empty() -> None:
    listed = [{"name": "a", "ahead": 1, "trouble": ""}, {"name": "b", "users": []}]
    assert report_lines({"worktrees": listed}) == [
        "- worktrees: name a, ahead 1",
        "- worktrees: name b",
    ]


def test_a_long_report_is_cut_and_says_so() -> None:
    assert report_lines({"markdown": "x\n" * 500})[-1] == "... and 300 more lines"


def test_what_is_still_at_work_has_no_report() -> None:
    done = Done(message="at work", next=("status",), id="c", state=CallState.RUNNING)
    assert done.page() == "at work\nNext: status"


def test_a_log_is_its_text() -> None:
    assert Log(message="m", text="a\nb").page() == "m\na\nb"
