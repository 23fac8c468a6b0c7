"""The program that looks at datasets, asked directly."""

import io
from pathlib import Path

import pytest

from sweeptree.analysis.datasets import Digests
from sweeptree.hosts.far import data


@pytest.mark.parametrize(
    ("text", "digest"),
    [('{"digest": "abc"}', "abc"), ("[]", None), ("{", None), ('{"digest": 3}', None)],
)
def test_a_manifest_is_read_as_it_is_here(tmp_path: Path, text: str, digest: str | None) -> None:
    (tmp_path / "manifest.json").write_text(text)
    folders = [str(tmp_path), str(tmp_path / "no")]
    found = data.main({"folders": folders}, io.BytesIO())
    assert found == {"folders": [[True, digest], [False, None]]}
    assert Digests().of_folder(tmp_path) == digest
