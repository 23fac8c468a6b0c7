"""uv told of the indexes that pip would use."""

import pytest

from sweeptree.hosts.setting_up.uv_settings import settings_of_pip, variables


def test_the_later_section_wins_and_lists_are_uvs() -> None:
    lines = [
        "global.index-url='https://a/simple'",
        "install.index-url='https://b/simple'",
        "global.find-links='/x /y'",
        "other.proxy='p'",
    ]
    found = variables(settings_of_pip(lines))
    assert found["UV_DEFAULT_INDEX"] == "https://b/simple"
    assert found["UV_FIND_LINKS"] == "/x,/y"
    assert "HTTP_PROXY" not in found


def test_what_uv_has_no_word_for() -> None:
    with pytest.raises(ValueError, match="no-binary"):
        variables({"no-binary": ":all:"})
