"""The report's pages."""

import numpy as np

from core.ecg.evaluation_kit import judge, save


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
