import os
from pathlib import Path

import pytest

from core.publish.notify.far_side import far_side
from sweeptree.engine.run_notices import RunEnd, telling, telling_if_deployed
from sweeptree.model.report import ReportState

END = RunEnd("nightly-1", ReportState.FAILED, "1 failed")


def test_whom_the_file_names_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sweeptree.toml").write_text('[notify]\nurls = ["${NIGHT_HOOK}"]\n')
    with far_side() as side:
        monkeypatch.setenv("NIGHT_HOOK", side.url)
        found = telling(tmp_path)
        assert "NIGHT_HOOK" not in os.environ
        found.tell(END)
    assert [got["title"] for got in side.got] == ["nightly-1 failed"]


def test_a_run_that_no_deployment_started_is_told_by_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHT_HOOK", "json://host/")
    (tmp_path / "sweeptree.toml").write_text('[notify]\nurls = ["${NIGHT_HOOK}"]\n')
    assert not telling_if_deployed(tmp_path).recipients
    assert "NIGHT_HOOK" in os.environ


def test_without_a_file_nobody_is_told(tmp_path: Path) -> None:
    telling(tmp_path).tell(END)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[notify", "cannot be read"),
        ("[notify]\nurls = 1\n", "is a list of texts"),
        ('[notify]\nurls = ["${NOT_SET}"]\n', "names $NOT_SET"),
    ],
)
def test_trouble_is_a_line_for_the_log(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "sweeptree.toml").write_text(text)
    (line,) = telling(tmp_path).troubles
    assert says in line
