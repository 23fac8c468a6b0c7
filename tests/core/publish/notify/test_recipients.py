import pytest

from sweeptree.errors import UsageError
from sweeptree.publish.notify import Occasion, Recipients, from_section, take_from_environment

HOOK = "json://host/s3cr3t"


def test_a_variable_is_filled_in_and_leaves_the_environment() -> None:
    environ = {"HOOK": "host/s3cr3t", "PATH": "/bin"}
    found = from_section({"urls": ["json://${HOOK}"]}, "t.toml", environ)
    assert found.urls == (HOOK,)
    assert environ == {"PATH": "/bin"}


def test_a_variable_that_is_not_set_is_named_and_its_address_left_out() -> None:
    found = from_section({"urls": ["${GONE}", HOOK]}, "t.toml", {})
    assert (found.urls, found.missing) == ((HOOK,), ("GONE",))


def test_every_occasion_is_told_by_default() -> None:
    assert from_section({"urls": [HOOK]}, "t.toml", {}).on == frozenset(Occasion)


def test_the_section_chooses_the_occasions() -> None:
    assert from_section({"on": ["failed"]}, "t.toml", {}).on == {Occasion.FAILED}


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"url": [HOOK]}, "did you mean urls?"),
        ({"urls": HOOK}, "is a list of texts"),
        ({"urls": [HOOK], "on": ["done"]}, "there are finished, failed, needs_you"),
    ],
)
def test_a_mistake_is_named_without_the_address(section: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_section(section, "sweeptree.toml", {})
    text = " ".join([caught.value.message, *caught.value.hint])
    assert says in text
    assert "s3cr3t" not in text


def test_the_variable_of_the_environment_is_taken() -> None:
    environ = {"SWEEPTREE_NOTIFY": f"{HOOK} mailto://a"}
    assert take_from_environment(environ) == (HOOK, "mailto://a")
    assert environ == {}


def test_a_child_gets_the_same_addresses_by_its_environment() -> None:
    urls = ("json://a/with blank", HOOK)
    assert take_from_environment(dict(Recipients(urls).as_environment())) == urls


def test_addresses_are_not_shown() -> None:
    assert "s3cr3t" not in repr(Recipients((HOOK,)))
