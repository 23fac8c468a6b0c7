"""The generated part of a pull request's body, kept apart from what people write round it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sweeptree.publish.forge import MAX_BODY, make_block
from sweeptree.publish.forge.block import with_block


@settings(max_examples=50)
@given(st.text(), st.text(), st.text(), st.text())
def test_block_is_replaced_in_place(before: str, after: str, old: str, new: str) -> None:
    before, after = before.replace("<!-- sweeptree", ""), after.replace("<!-- sweeptree", "")
    body = f"{before}\n\n{make_block(old)}\n\n{after}"
    changed = with_block(body, make_block(new))
    assert make_block(new) in changed
    assert with_block(changed, make_block(new)) == changed


def test_body_without_the_block_stays() -> None:
    assert with_block("all mine", make_block("new")) == "all mine"


def test_body_fits_into_a_pull_request() -> None:
    assert MAX_BODY < len(make_block("x" * 200_000)) < 65_536


def test_a_block_that_somebody_edited_stays() -> None:
    body = make_block("old").replace("old", "mine")
    assert with_block(body, make_block("new")) == body
