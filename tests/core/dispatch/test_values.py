"""A wanted file is a value."""

from sweeptree.dispatch.values import Keeping, Part, WantedFile


def test_a_file_is_no_program_unless_it_says_so() -> None:
    assert not WantedFile("a", "", Part.CHAT, Keeping.OURS).is_executable
