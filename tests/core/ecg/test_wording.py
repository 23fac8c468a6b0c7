"""Counts in words."""

import pytest

from sweeptree.ecg.wording import are, counted


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 files are"), (1, "1 file is"), (1200, "1,200 files are")]
)
def test_a_count_agrees_with_its_noun_and_its_verb(number, words):
    assert f"{counted(number, 'file')} {are(number)}" == words
