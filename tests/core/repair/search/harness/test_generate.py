"""The order of candidates, and which files may be changed."""

import itertools

import pytest

from sweeptree.repair.search.harness.generate import candidates, is_candidate_file
from sweeptree.repair.search.harness.source import SourceFile

CODE = b"LIMIT = 2\ndef f(a, step=1):\n    b = a - step\n    return b < LIMIT\n"


def made(lines: dict[int, float]) -> list[str]:
    source = SourceFile("/r/f.py", CODE)
    found = list(candidates({"/r/f.py": source}, {"/r/f.py": lines}))
    assert [each.score for each in found] == sorted((e.score for e in found), reverse=True)
    return [source.edited(each.edits).decode() for each in found]


def test_the_most_suspicious_line_with_the_likeliest_template_comes_first() -> None:
    assert "b <= LIMIT" in made({3: 0.5, 4: 1.0})[0]
    assert "a + step" in made({3: 1.0, 4: 0.5})[0]


def test_values_of_the_module_and_defaults_are_tried_too() -> None:
    texts = made({4: 1.0})
    assert any("LIMIT = 3" in text for text in texts)
    assert any("step=2" in text for text in texts)


def test_no_candidate_comes_twice() -> None:
    texts = made({3: 1.0, 4: 1.0})
    assert len(texts) == len(set(texts))


def test_candidates_are_made_when_they_are_asked_for() -> None:
    source = SourceFile("f.py", CODE * 200)
    lines = dict.fromkeys(range(800), 1.0)
    assert len(list(itertools.islice(candidates({"f.py": source}, {"f.py": lines}), 3))) == 3


@pytest.mark.parametrize(
    "path", ["/r/test_a.py", "/r/conftest.py", "/r/tests/kit.py", "/r/.venv/a.py", "/else/a.py"]
)
def test_tests_and_foreign_files_are_not_changed(path: str) -> None:
    assert is_candidate_file("/r/package/a.py", "/r/")
    assert not is_candidate_file(path, "/r/")
