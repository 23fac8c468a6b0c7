"""What a person is told of a repair."""

from sweeptree.repair.search import Repair

REPAIR = Repair(b"", "swap_name", "lib/f.py", 7, 12)


def test_the_note_says_how_it_was_found_and_what_it_passes() -> None:
    assert REPAIR.note(0) == (
        "found by search (swap name, lib/f.py:7), passes 12 tests; no alternative was found"
    )


def test_the_note_counts_the_alternatives() -> None:
    assert REPAIR.note(1).endswith("one alternative passes them too")
    assert REPAIR.note(3).endswith("3 alternatives pass them too")
