"""What the manager says."""

from pathlib import Path

from core.manager_kit import make
from sweeptree.repository import find_repository
from sweeptree.worktrees.manager import Fate, Removal, Restored, survey
from sweeptree.worktrees.manager.wording import (
    list_sentence,
    removal_sentence,
    restored_sentence,
    state_words,
)


def test_each_fate_has_its_sentence() -> None:
    kept = Removal("a", "/a", Fate.KEPT, why="it is locked")
    saved = Removal("a", "/a", Fate.SAVED, what="1 new file", salvage="a-2")
    assert removal_sentence(kept) == "a stays: it is locked"
    assert removal_sentence(saved) == "a was removed after its work was saved as a-2: 1 new file"
    assert removal_sentence(Removal("a", "/a", Fate.REMOVED), is_dry=True) == (
        "a would be removed: nothing in it would be lost"
    )


def test_what_is_not_as_it_was_is_said() -> None:
    back = Restored("a", "/a", None, "1 new file", ("the branch b is gone",))
    assert restored_sentence(back) == "/a is back with 1 new file; the branch b is gone"


def test_the_state_of_a_worktree_in_words(repo: Path) -> None:
    (make(repo) / "new.py").write_text("x")
    rows = survey(find_repository(repo))
    assert [state_words(row) for row in rows] == ["clean", "0 changed, 1 new"]
    assert list_sentence(rows) == "2 worktrees, 1 of them made by sweeptree"
