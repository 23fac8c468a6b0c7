"""Our files are told from those that somebody changed; their parts of a file stay theirs."""

import json

import pytest

from sweeptree.dispatch.marks import is_as_written, marked, with_section, with_server

WANTED = '{"mcpServers": {"sweeptree": {"command": "sweeptree", "args": ["mcp"]}}}'


@pytest.mark.parametrize("path", ["a.md", "a.sh"])
def test_a_file_is_known_until_somebody_changes_it(path: str) -> None:
    text = marked(path, "first\nsecond\n")
    assert is_as_written(text)
    assert not is_as_written(text.replace("second", "mine"))
    assert not is_as_written(text + "more\n")
    assert not is_as_written("first\nsecond\n")


def test_a_section_is_added_once_and_then_replaced() -> None:
    once = with_section("# Mine\n\nText.", "ours")
    assert once.startswith("# Mine\n\nText.\n\n<!-- sweeptree")
    assert with_section(once, "ours") == once
    assert with_section(once + "after\n", "newer").endswith(
        "newer\n<!-- sweeptree: end -->\nafter\n"
    )


def test_a_server_joins_the_others() -> None:
    text = json.dumps({"mcpServers": {"other": {"command": "x"}}, "more": 1})
    merged = with_server(text, WANTED)
    assert merged is not None
    document = json.loads(merged)
    assert document["more"] == 1
    assert set(document["mcpServers"]) == {"other", "sweeptree"}
    assert with_server(merged, WANTED) == merged


@pytest.mark.parametrize("text", ["", "[]", "nonsense", '{"mcpServers": []}'])
def test_what_is_no_such_json_is_left_alone(text: str) -> None:
    assert with_server(text, WANTED) is None
