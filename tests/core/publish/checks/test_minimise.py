"""The least part of a patch that passes."""

from sweeptree.publish.checks.edits import FileEdit
from sweeptree.publish.checks.minimise import is_sound, minimise, undefined_names

OLD = b"one = 1\ntwo = 2\nthree = 3\nfour = 4\nfive = 5\n"
NEW = b"one = 1\ntwo = 22\nthree = 3\nfour = 44\nsix = 6\nfive = 5\n"


def needs(*words: bytes) -> "object":
    def passes(candidate: tuple[FileEdit, ...]) -> bool:
        text = b"".join(edit.new or b"" for edit in candidate)
        return all(word in text for word in words)

    return passes


def test_only_the_lines_that_are_needed_stay() -> None:
    edit = FileEdit("a.py", OLD, NEW)
    (least,) = minimise((edit,), needs(b"six"))  # type: ignore[arg-type]
    assert b"two = 2\n" in (least.new or b"") and b"six" in (least.new or b"")


def test_files_that_are_not_needed_are_left_out() -> None:
    edits = (FileEdit("a.py", OLD, NEW), FileEdit("b.py", None, b"new = 1\n"))
    assert [edit.path for edit in minimise(edits, needs(b"new"))] == ["b.py"]  # type: ignore[arg-type]


def test_a_patch_of_which_nothing_passes_stays_whole() -> None:
    edits = (FileEdit("a.py", OLD, NEW),)
    assert minimise(edits, lambda _: False)[0].new == NEW


def test_a_part_that_lacks_a_definition_is_not_tried() -> None:
    whole = (FileEdit("a.py", b"", b"import math\n\ndef f():\n    return math.pi\n"),)
    part = (FileEdit("a.py", b"", b"def f():\n    return math.pi\n"),)
    assert is_sound(whole, whole) and not is_sound(part, whole)
    assert not is_sound((FileEdit("a.py", b"", b"def f(:\n"),), whole)


def test_names_without_a_definition() -> None:
    source = (
        "import a.b as c\ntry:\n    c(x, len)\nexcept E as e:\n    e\nmatch e:\n    case [*r]: r\n"
    )
    assert undefined_names(source) == {"x", "E"}
