"""A verdict says whether a person has to look."""

from sweeptree.publish.checks import RedFlag, Verdict


def test_an_accepted_patch_with_a_flag_needs_a_person() -> None:
    flag = RedFlag("a.py", 3, "swallows errors", "except Exception:")
    assert Verdict(True, flags=(flag,)).needs_person
    assert not Verdict(True).needs_person
    assert not Verdict(False, flags=(flag,)).needs_person
