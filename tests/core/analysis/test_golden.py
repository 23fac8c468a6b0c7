"""The files on disk are the same bytes as before, field by field: a contract with other tools."""

from pathlib import Path

import pytest

from core.analysis.golden_kit import golden_sweep
from sweeptree import __version__
from sweeptree.analysis.aggregate import aggregate

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["aggregated.json", "aggregated.csv", "groups.csv"])
def test_the_file_is_what_it_was(tmp_path: Path, name: str) -> None:
    paths = golden_sweep(tmp_path)
    aggregate(paths)
    version = f'"tool_version":"{__version__}"'
    text = (paths.root / name).read_text().replace(version, '"tool_version":"VERSION"')
    assert text == (GOLDEN / name).read_text()
