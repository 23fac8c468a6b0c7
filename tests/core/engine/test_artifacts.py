"""Keys of artifacts, in the letters that Prefect takes."""

from __future__ import annotations

import pytest

from sweeptree.engine.artifacts import artifact_key


@pytest.mark.parametrize(
    ("name", "key"), [("LR_sweep.2", "summary-lr-sweep-2"), ("a--b_", "summary-a-b")]
)
def test_a_key_has_lower_case_letters_digits_and_single_dashes(name: str, key: str) -> None:
    assert artifact_key("summary", name) == key
