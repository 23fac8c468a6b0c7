import pytest

from sweeptree.publish.notify import without_addresses


@pytest.mark.parametrize("words", [["--notify", "json://a/b"], ["--notify=json://a/b"]])
def test_no_address_of_a_command_line_is_left(words: list[str]) -> None:
    shown = without_addresses(["sweeptree", "run", *words, "-n", "a"])
    assert "json" not in " ".join(shown)
    assert (shown[:2], shown[-2:]) == (["sweeptree", "run"], ["-n", "a"])


def test_a_command_line_without_one_stays_as_it_is() -> None:
    words = ["sweeptree", "run", "--commands", '["echo --notify"]']
    assert without_addresses(words) == words
