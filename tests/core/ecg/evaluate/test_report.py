"""The report's pages."""

import numpy as np
import pytest

from core.ecg.evaluation_kit import judge, save
from sweeptree.ecg.evaluate.report import Report, Section, clean, files_of, to_csv


@pytest.mark.slow
def test_the_page_needs_no_other_file_and_runs_no_name(tmp_path):
    judge(
        save(tmp_path / "run", classes=np.array(["<script>x</script>", "B", "C"])),
        figures=True,
        out=tmp_path / "out",
    )
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert 'src="data:image/svg+xml;base64,' in page
    assert "http" not in page.replace("http-equiv", "")


def pages(text, figures=None):
    report = Report(text, [text], [Section("Runs", ("run", "x"), [[text, "1"]], [text])])
    return {name: page.decode() for name, page in files_of(report, figures or {}).items()}


def test_text_of_a_run_can_make_no_table_tag_or_link_in_markdown():
    text = pages("a|b <i>x</i> [l](http://x) *b*\nnext")["report.md"]
    assert "| a\\|b &lt;i&gt;x&lt;/i&gt; [l]\\(http://x) \\*b\\* next | 1 |" in text


def test_text_of_a_run_is_escaped_in_the_page():
    page = pages("<script>x</script>")["report.html"]
    assert "<script" not in page
    assert "<td>&lt;script&gt;x&lt;/script&gt;</td>" in page


def test_figures_are_linked_in_markdown_and_held_in_the_page():
    found = pages("x", {"roc.svg": b"<svg/>", "roc.png": b"png"})
    assert "![roc](roc.png)" in found["report.md"]
    assert '<img alt="roc" src="data:image/svg+xml;base64,PHN2Zy8+">' in found["report.html"]


def test_json_has_null_where_there_is_no_number():
    assert clean({"a": [np.float32("nan"), np.inf], 1: np.arange(2)}) == {
        "a": [None, None],
        "1": [0, 1],
    }


def test_a_cell_that_a_spreadsheet_would_run_is_quoted():
    rows = [
        {"run": "=cmd|x", "auc": float("nan"), "n": 0.1 + 0.2},
        {"run": "@x", "auc": 1.0, "n": 2},
    ]
    assert to_csv(rows).decode() == "run,auc,n\n'=cmd|x,n/a,0.3\n'@x,1,2\n"
