"""Prefect's own command line and profiles, as far as they need no server."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sweeptree.engine.deployments import _PLACEHOLDER, check_braces, default_profiles
from sweeptree.errors import Refused


def test_prefect_brings_profiles_that_are_not_the_users() -> None:
    assert {"ephemeral", "local"} <= set(default_profiles())


@pytest.mark.parametrize("command", ["python x.py --lr {{lr}}", "echo '{{ name }}'"])
def test_braces_that_prefect_would_eat_are_refused(tmp_path: Path, command: str) -> None:
    file = tmp_path / "prefect.yaml"
    spec = {"spec": {"commands": ["true", command]}}
    file.write_text(yaml.safe_dump({"deployments": [{"name": "nightly", "parameters": spec}]}))
    with pytest.raises(Refused, match="by nothing"):
        check_braces(file)


@pytest.mark.parametrize(
    "command", ["x --lr {lr}", "{{ $HOME }}/x", "x '{{\"a\": 1}}'", "a }} b {{"]
)
def test_braces_that_prefect_leaves_or_fills_in_pass(tmp_path: Path, command: str) -> None:
    file = tmp_path / "prefect.yaml"
    file.write_text(yaml.safe_dump({"deployments": [{"parameters": {"template": command}}]}))
    check_braces(file)


def test_what_we_take_for_a_placeholder_is_what_prefect_does() -> None:
    from prefect.utilities.templating import find_placeholders

    for text in ("{{lr}}", "{{ a.b }}", "{{ $X }}", "{lr}", '{{"a": 1}}', "{{ a b }}"):
        assert bool(_PLACEHOLDER.search(text)) == bool(find_placeholders(text)), text
