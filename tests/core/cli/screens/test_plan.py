"""The screen and the document of a dry run."""

import json
from pathlib import Path

from sweeptree.cli.screens.plan import PlanView, plan_document, plan_screen, plan_view
from sweeptree.model import Base, Job, SweepSpec
from sweeptree.settings import Settings
from sweeptree.sweep.preflight import prepare

BASE = Base(commit="4f2c9a1" + "0" * 33, name="HEAD", subject="Add cosine schedule", branch="main")


def jobs(number: int) -> list[Job]:
    """Jobs with their configs and seeds."""
    return [Job(n, f"python train.py --lr {n}", {"lr": n}, 1, f"lr={n}") for n in range(number)]


def test_the_plan_names_the_commit_and_the_jobs() -> None:
    text = plan_screen(PlanView("unet", jobs(6), 2, BASE, [("GPUs", "2 slots")], "1 GPU"), 80)
    assert text.startswith(
        "Plan  unet   6 jobs, 2 at a time   nothing has been changed (dry run)\n"
    )
    assert 'main @ 4f2c9a1 "Add cosine schedule"' in text and "GPUs      2 slots" in text
    assert text.count("python train.py") == 6 and "leave --dry_run out" in text


def test_a_long_plan_is_cut_and_says_so() -> None:
    plan = PlanView("unet", jobs(500), 2, BASE)
    text = plan_screen(plan, 80)
    assert text.count("python train.py") < 15 and "more jobs (--all)" in text and "--lr 499" in text
    assert plan_screen(plan, 80, everything=True).count("python train.py") == 500


def test_a_plan_that_would_be_refused_says_so() -> None:
    text = plan_screen(
        PlanView("unet", jobs(1), 1, BASE, problems=["dirty tree\ngit add ."], notes=["few seeds"]),
        80,
    )
    assert "! dirty tree\n  git add .\n" in text and "- few seeds" in text and "exit code 3" in text


def test_what_was_prepared_becomes_a_plan(repo: Path) -> None:
    spec = SweepSpec(
        exp_name="unet", commands=("python train.py --lr 1", "python train.py --lr 2"), repo=repo
    )
    prepared = prepare(spec, Settings())
    text, document = plan_screen(plan_view(prepared)), plan_document(prepared)
    assert '"first"' in text and str(repo / "results" / "unet") in text
    assert [job["id"] for job in document["jobs"]] == [0, 1] and document["would_start"]
    assert json.dumps(document)
