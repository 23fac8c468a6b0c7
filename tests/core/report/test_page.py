"""report.html: what it says, that nothing in it can become a tag, that it stays small, and when it
is written."""

import html
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from core.cli_records import call
from core.report_kit import make_sweep, page_of
from sweeptree.analysis.aggregate import aggregate
from sweeptree.analysis.document import read_document
from sweeptree.records import SweepPaths
from sweeptree.report import render, try_report

HOSTILE = (
    "<script>alert(1)</script>\"'><img src=http://evil.invalid/x onerror=alert(2)>\x1b[31m\ud800"
)
GRID = {"lr": (0.1, 0.01, 0.001), "depth": (2, 3), "opt": ("adam", "sgd")}


class Tags(HTMLParser):
    """The tags of a page with their attributes, and the headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_data(self, data: str) -> None:
        if self.inside == "h2" and data.strip():
            self.headings.append(data.strip())


def plain(page: str) -> str:
    """The page's words without its tags, style and script."""
    return html.unescape(
        re.sub(r"<[^>]+>", " ", re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL))
    )


def test_the_parts_stand_in_order(tmp_path: Path) -> None:
    page = page_of(
        make_sweep(
            tmp_path, grid={"lr": (0.1, 0.01), "depth": (2, 3)}, failing={5: "ValueError: no\n"}
        )
    )
    assert Tags(page).headings == [
        *("val_auc per config", "Learning curves", "val_auc by lr and depth", "Configs"),
        *("What failed, by cause", "Who ran when", "Jobs", "Where it comes from"),
    ]


def test_every_run_is_a_dot_and_every_chart_has_a_text_alternative(tmp_path: Path) -> None:
    tags = Tags(page_of(make_sweep(tmp_path))).tags
    assert sum(tag == "circle" for tag, _ in tags) == 6
    pictures = [
        attributes for tag, attributes in tags if tag == "svg" and attributes.get("role") == "img"
    ]
    assert len(pictures) == 2 + 1 + 1  # two configs, one panel of curves, one lane
    assert all(picture["aria-label"] for picture in pictures)


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ((1, 2, 3), "so few runs cannot settle it"),
        (range(1, 9), "the runs do not tell the two apart"),
    ],
)
def test_the_verdict_claims_no_more_than_the_runs_show(
    tmp_path: Path, seeds: range, said: str
) -> None:
    text = plain(page_of(make_sweep(tmp_path, seeds=seeds)))
    assert "lr=0.1 is first: val_auc" in text and said in text


def test_a_clear_lead_is_called_one(tmp_path: Path) -> None:
    text = plain(page_of(make_sweep(tmp_path, seeds=(1,) * 6)))
    assert "and the runs tell the two apart (p = 0.0022)" in text


def test_one_job_has_no_spread(tmp_path: Path) -> None:
    text = plain(page_of(make_sweep(tmp_path, grid={"lr": (0.1,)}, seeds=(1,))))
    assert (
        "from one run, which says nothing about its spread" in text and "The job succeeded" in text
    )


def test_without_a_metric_there_is_no_ranking_but_a_page(tmp_path: Path) -> None:
    paths = make_sweep(tmp_path, failing=dict.fromkeys(range(6), "ValueError: no\n"))
    page = page_of(paths)
    assert "No job succeeded." in plain(page) and "per config" not in " ".join(Tags(page).headings)


def test_test_metrics_are_held_back(tmp_path: Path) -> None:
    assert "0.777" not in page_of(make_sweep(tmp_path))


def test_failures_are_grouped_by_cause_with_the_command_that_tries_again(tmp_path: Path) -> None:
    lines = {0: "ValueError: no lead 3\n", 2: "ValueError: no lead 12\n", 4: "KeyError: 'x'\n"}
    text = plain(page_of(make_sweep(tmp_path, failing=lines)))
    assert "2 jobs: exit code 1" in text and "1 job: exit code 1" in text
    assert "sweeptree resume unet --jobs 0,2" in text


def test_nothing_hostile_becomes_a_tag(tmp_path: Path) -> None:
    paths = make_sweep(
        tmp_path,
        grid={"lr": (HOSTILE[:-1], "b", "c"), "n": (1, 2)},
        failing={1: HOSTILE[:-1] + "\n"},
    )
    document = read_document(paths)
    hostile = {"cmd": HOSTILE, "reproduce": HOSTILE, "pr_url": "javascript:alert(1)"}
    jobs = (document.jobs[0].model_copy(update=hostile), *document.jobs[1:])
    changed = {"jobs": jobs, "warnings": (*document.warnings, HOSTILE)}
    page = render(paths, document.model_copy(update=changed)).decode()
    tags = Tags(page).tags
    assert sum(tag == "script" for tag, _ in tags) == 1 and not [
        tag for tag, _ in tags if tag == "img"
    ]
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    assert page.startswith("<!doctype html>")
    assert "javascript:" not in " ".join(str(a.get("href")) for _, a in tags) and "\x1b" not in page


def test_nothing_is_fetched(tmp_path: Path) -> None:
    page = page_of(make_sweep(tmp_path))
    assert "http" not in page.replace("http-equiv", "")
    assert not [a for _, a in Tags(page).tags if {"src", "srcset", "data", "xlink:href"} & a.keys()]


def test_a_hundred_jobs_stay_below_300_kb(tmp_path: Path) -> None:
    grid = {"lr": (0.1, 0.01, 0.001, 1e-4, 1e-5), "depth": (1, 2, 3, 4, 5), "opt": ("adam", "sgd")}
    paths = make_sweep(tmp_path, grid=grid, seeds=(1, 2), steps=200)
    page = page_of(paths)
    assert len(page.encode()) <= 300_000 and "Parameters and val_auc" in page
    lines = [attributes["points"] for tag, attributes in Tags(page).tags if tag == "polyline"]
    assert max(len(str(points).split()) for points in lines) == 80


@pytest.mark.slow
def test_a_large_sweep_has_a_bounded_page_that_says_what_it_leaves_out(tmp_path: Path) -> None:
    paths = make_sweep(tmp_path, grid={"lr": tuple(range(1, 601))}, seeds=(1, 2), steps=0)
    page = page_of(paths)
    assert len(page.encode()) < 1_000_000 and "200 more are left out of this page" in plain(page)
    assert "560 more configs are in the table" in plain(page) and "drawn as one" in plain(page)


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    paths = make_sweep(tmp_path, grid=GRID)
    assert call("report", str(paths.root)).code == 0
    first = paths.report.read_bytes()
    assert call("aggregate", str(paths.root)).code == 0
    assert paths.report.read_bytes() == first


def test_records_of_other_tools_have_a_page(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    bare = {
        "id": 0,
        "cmd": "python t.py --lr 1",
        "exit_code": 0,
        "start_time": "2026-01-01T00:00:00",
    }
    (tmp_path / "old" / "job_0.meta.json").write_text(json.dumps(bare))
    paths = SweepPaths(tmp_path / "old")
    assert try_report(paths, aggregate(paths)) is None and paths.report.exists()


def test_a_page_that_cannot_be_written_is_one_line_and_no_error(tmp_path: Path) -> None:
    paths = make_sweep(tmp_path)
    paths.report.mkdir()
    trouble = try_report(paths, read_document(paths))
    assert trouble is not None and "sweeptree report unet" in trouble
    ran = call("aggregate", str(paths.root))
    assert (
        ran.code == 0 and "report.html was not written" in ran.err and "report.html" not in ran.out
    )


def test_report_makes_old_aggregates_anew_and_writes_where_asked(tmp_path: Path) -> None:
    paths = make_sweep(tmp_path)
    paths.aggregated_json.unlink()
    ran = call(
        "report", "unet", "--out", str(tmp_path / "page.html"), "--results_dir", str(tmp_path)
    )
    assert (ran.code, ran.out) == (0, f"wrote {tmp_path / 'page.html'}\n")
    assert paths.aggregated_json.exists() and not paths.report.exists()


def test_out_has_to_be_a_file(tmp_path: Path) -> None:
    make_sweep(tmp_path)
    assert call("report", "unet", "--results_dir", str(tmp_path), "--out", str(tmp_path)).code == 2


@pytest.mark.slow
def test_open_gives_the_page_to_the_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, browser = make_sweep(tmp_path), tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    code = "import sys; from sweeptree.cli.app import run_command_line as run; "
    code += "sys.exit(run(sys.argv[1:]))"
    monkeypatch.setenv("BROWSER", f"{browser} %s")  # without a trailing &, so it is waited for
    subprocess.run(
        [sys.executable, "-c", code, "report", str(paths.root), "--open"],
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "opened").read_text().strip() == paths.report.as_uri()


@pytest.mark.slow
@pytest.mark.parametrize("words", [["--help"], ["show", "unet"], ["status", "unet"]])
def test_quick_commands_load_no_template_engine(tmp_path: Path, words: list[str]) -> None:
    make_sweep(tmp_path / "results")
    heavy = ("jinja2", "sweeptree.report", "webbrowser")
    code = (
        "import sys; from sweeptree.cli.app import run_command_line as run\n"
        f"assert run({words!r}) == 0\n"
        f"sys.exit(' '.join(n for n in {heavy!r} if n in sys.modules) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
